import { Link, type LinkProps } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { EmailStatus, Stats } from "@/api/types";
import { classes } from "@/lib/classes";
import { formatCount, plural } from "@/lib/numbers";
import { formatDuration } from "@/lib/time";
import { lastWindow } from "@/ui/allowance";
import { ATTENTION_STATUSES, EMAIL_STATUS } from "@/ui/email-status";
import { Card } from "@/ui/page";
import { ErrorState, Skeleton } from "@/ui/states";
import { RelativeTime } from "@/ui/time";
import { useStats } from "./queries";

/** The four figures that say whether all is well. */
export function Figures() {
  const stats = useStats();
  if (stats.isError && !stats.data) {
    return (
      <Card>
        <ErrorState
          title="The figures could not be read"
          error={stats.error}
          onRetry={() => stats.refetch()}
        />
      </Card>
    );
  }
  const now = stats.data;
  const limit = now?.workspace_hour?.limit ?? null;
  const troubles = now ? troublesOf(now.counts) : [];
  const stopped = now?.senders.filter(({ state }) => state !== "active").length ?? 0;
  const attention = troubles.reduce((sum, { count }) => sum + count, stopped);
  return (
    <Card className="grid grid-cols-2 overflow-hidden lg:grid-cols-4">
      <Figure label="Waiting" value={now?.waiting} to="/scheduled">
        {now?.next_due_at ? (
          <>
            Next <RelativeTime at={now.next_due_at} coming />
          </>
        ) : (
          "Nothing is due"
        )}
      </Figure>
      <Figure
        label={`Sent ${lastWindow(now?.window_seconds ?? 3600)}`}
        value={now?.sent_last_hour}
        to="/sent"
      >
        {now && now.sending > 0
          ? `${formatCount(now.sending)} on the wire`
          : limit === null
            ? now && `${formatCount(now.sent)} in all`
            : `of ${formatCount(limit)} at most`}
      </Figure>
      <Figure label="Typical delay" value={now && delay(now.on_time.p50_seconds)} to="/sent">
        {now && (
          <span title="From the moment an email was due until it left, of those of the last day that were first in line. Full limits and pauses count.">
            {now.on_time.p99_seconds === null
              ? "Nothing left in the last day"
              : `99 % within ${delay(now.on_time.p99_seconds)}`}
          </span>
        )}
      </Figure>
      <Figure
        label="Needs a look"
        value={now && attention}
        {...(troubles.length === 0 && stopped > 0 ? { to: "/senders" } : lookAt(troubles))}
        alarming={attention > 0}
      >
        {[
          ...troubles.map(({ label, count }) => `${formatCount(count)} ${label}`),
          ...(stopped > 0 ? [`${plural(stopped, "sender")} stopped`] : []),
        ].join(", ") || "Nothing failed"}
      </Figure>
    </Card>
  );
}

/** A time that was measured, to two digits: "4 ms", "1.2 s", "3 min". */
function delay(seconds: number | null): string {
  if (seconds === null) return "–";
  if (seconds < 0.9995) return `${Math.max(1, Number((seconds * 1000).toPrecision(2)))} ms`;
  return formatDuration(Number(seconds.toPrecision(2)));
}

interface Trouble {
  status: EmailStatus;
  label: string;
  count: number;
}

function troublesOf(counts: Stats["counts"]): Trouble[] {
  return ATTENTION_STATUSES.map((status) => ({
    status,
    label: EMAIL_STATUS[status].label.toLowerCase(),
    count: counts[status],
  })).filter(({ count }) => count > 0);
}

/** One trouble alone is shown by its own status. */
function lookAt([first, ...others]: readonly Trouble[]): Pick<FigureProps, "to" | "search"> {
  if (!first) return { to: "/sent" };
  return {
    to: "/sent",
    search: { status: others.length === 0 && first.status !== "held" ? first.status : "attention" },
  };
}

interface FigureProps {
  label: string;
  value: number | string | undefined;
  to: LinkProps["to"];
  search?: LinkProps["search"];
  alarming?: boolean;
  children: ReactNode;
}

function Figure({ label, value, to, search, alarming = false, children }: FigureProps) {
  return (
    <Link
      to={to}
      search={search}
      className="-mt-px -ml-px min-w-0 border-line border-t border-l p-4 hover:bg-raised/60 focus-visible:-outline-offset-2"
    >
      <p className="truncate text-[0.8125rem] text-faint">{label}</p>
      {value === undefined ? (
        <Skeleton className="mt-2 h-7 w-20" />
      ) : (
        <p className={classes("tabular mt-1 font-semibold text-2xl tracking-tight", alarming && "text-bad")}>
          {typeof value === "number" ? formatCount(value) : value}
        </p>
      )}
      <p className="mt-1 h-4 truncate text-faint text-xs">{value !== undefined && children}</p>
    </Link>
  );
}
