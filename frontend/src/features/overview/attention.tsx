import { Link, type LinkProps } from "@tanstack/react-router";
import { ChevronRight, CircleCheck } from "lucide-react";
import type { ReactNode } from "react";
import type { EmailStatus, SenderLoad, Stats } from "@/api/types";
import { classes } from "@/lib/classes";
import { plural } from "@/lib/numbers";
import { type Look, toneClasses } from "@/ui/badge";
import { ATTENTION_STATUSES, EMAIL_STATUS } from "@/ui/email-status";
import { Card, CardHeader } from "@/ui/page";
import { SENDER_STATE } from "@/ui/sender-state";
import { Skeleton } from "@/ui/states";
import { useStats } from "./queries";

/** What a person is needed for, each with the way to it. Errors are told once, by the figures above. */
export function Attention({ more }: { more: ReactNode }) {
  const stats = useStats();
  const found = stats.data && [...sendersOf(stats.data.senders), ...troublesOf(stats.data)];
  return (
    <Card>
      <CardHeader title="Needs a look">{more}</CardHeader>
      {!found ? (
        stats.isPending && (
          <div className="space-y-4 p-4">
            <Skeleton className="h-4 w-3/4" />
            <Skeleton className="h-4 w-1/2" />
          </div>
        )
      ) : found.length === 0 ? (
        <p className="flex items-center gap-2 px-4 py-6 text-faint">
          <CircleCheck className="size-4 shrink-0 text-ok" aria-hidden />
          Nothing failed, and nothing is in doubt.
        </p>
      ) : (
        <ul className="divide-y divide-line">
          {found.map((item) => (
            <li key={item.key}>
              <Link
                to={item.to}
                search={item.search}
                data-row
                className="grid grid-cols-[auto_minmax(0,1fr)_auto] items-center gap-x-3 px-4 py-2.5 hover:bg-raised/60 focus-visible:bg-accent-wash/60 focus-visible:-outline-offset-2"
              >
                <Spot look={item.look} />
                <span className="min-w-0">
                  <span className="block truncate font-medium">{item.title}</span>
                  <span className="block text-[0.8125rem] text-faint">{item.meaning}</span>
                </span>
                <ChevronRight className="size-4 text-faint" aria-hidden />
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function Spot({ look: { icon: Icon, tone } }: { look: Look }) {
  return (
    <span aria-hidden className={classes("grid size-7 place-items-center rounded-full", toneClasses(tone))}>
      <Icon className="size-4" />
    </span>
  );
}

interface Item {
  key: string;
  title: string;
  meaning: string;
  look: Look;
  to: LinkProps["to"];
  search: LinkProps["search"];
}

/** What to do about each; the place of its list is that of the Scheduled or the Sent page. */
const ASKS: Record<(typeof ATTENTION_STATUSES)[number], { asks: string; to: LinkProps["to"] }> = {
  failed: { asks: "See what the server said, and try again what can be.", to: "/sent" },
  uncertain: { asks: "Say whether it arrived, or send it again.", to: "/sent" },
  bounced: { asks: "The address gave it back.", to: "/sent" },
  held: { asks: "Overdue after a downtime: let it go or drop it.", to: "/scheduled" },
  missed: { asks: "Skipped after a downtime by its late policy.", to: "/sent" },
};

function troublesOf({ counts }: Stats): Item[] {
  return ATTENTION_STATUSES.filter((status) => counts[status] > 0).map((status) => ({
    key: status,
    title: `${plural(counts[status], "email")} ${EMAIL_STATUS[status].label.toLowerCase()}`,
    meaning: ASKS[status].asks,
    look: lookOf(status),
    to: ASKS[status].to,
    search: { status },
  }));
}

function lookOf(status: EmailStatus): Look {
  const { label, tone, icon } = EMAIL_STATUS[status];
  return { label, tone, icon };
}

function sendersOf(senders: readonly SenderLoad[]): Item[] {
  return senders
    .filter(({ state }) => state !== "active")
    .map(({ id, name, state, state_reason, waiting }) => ({
      key: id,
      title: `${name} is ${SENDER_STATE[state].label.toLowerCase()}`,
      meaning: [state_reason, waiting > 0 && `${plural(waiting, "email")} waiting`]
        .filter(Boolean)
        .join(" · "),
      look: SENDER_STATE[state],
      to: "/senders",
      search: {},
    }));
}
