import { SendHorizontal } from "lucide-react";
import type { Sender } from "@/api/types";
import { useNow } from "@/lib/now";
import { formatCount, plural, readNumber } from "@/lib/numbers";
import { earliestLast } from "@/lib/pace";
import { browserZone, formatDuration, formatTime } from "@/lib/time";
import { describeWindow } from "@/lib/windows";
import { Button } from "@/ui/button";
import { Fact, Facts } from "@/ui/facts";
import { Kbd } from "@/ui/kbd";
import { Card, CardHeader } from "@/ui/page";
import { type Draft, startOf } from "./draft";
import type { ScheduleStep } from "./queries";

interface SummaryProps {
  draft: Draft;
  count: number;
  senders: readonly Sender[];
  windowSeconds: number;
  step: ScheduleStep | "reading";
  disabled: boolean;
}

const STEPS: Record<ScheduleStep | "reading", (count: number) => string> = {
  idle: (count) => (count > 0 ? `Schedule ${plural(count, "email")}` : "Schedule"),
  reading: () => "Reading recipients…",
  saving: (count) => `Saving ${plural(count, "email")}…`,
  scheduling: () => "Scheduling…",
};

export function Summary({ draft, count, senders, windowSeconds, step, disabled }: SummaryProps) {
  const now = useNow();
  const zone = browserZone();
  const start = startOf(draft, now);
  const delay = readNumber(draft.delay) || 0;
  const last = earliestLast({
    count,
    start,
    delaySeconds: delay,
    hourlyLimits: limitsOf(draft, senders),
    windowSeconds,
  });
  return (
    <Card>
      <CardHeader title="Before it goes" />
      <Facts>
        <Fact label="Emails">
          <span className="tabular font-medium">{formatCount(count)}</span>
        </Fact>
        <Fact label="From">{senders.map((sender) => sender.from_email).join(", ") || "Not chosen"}</Fact>
        <Fact label="First due">{draft.when === "now" ? "Now" : formatTime(start, zone, now)}</Fact>
        {draft.window.on && (
          <Fact label="Only">
            {describeWindow(draft.window)}
            <span className="block text-faint text-xs">{draft.zone.replaceAll("_", " ")}</span>
          </Fact>
        )}
        {last && count > 1 && (
          <Fact label="Last">
            not before <span className="tabular">{formatTime(last, zone, now)}</span>
            <span className="block text-faint text-xs">
              {formatDuration((last.getTime() - start.getTime()) / 1000)} after the first. Other mail on the
              same mailbox comes on top.
            </span>
          </Fact>
        )}
      </Facts>
      <div className="border-line border-t p-4">
        <Button
          type="submit"
          variant="primary"
          className="h-9.5! w-full"
          busy={step !== "idle"}
          disabled={disabled}
          icon={<SendHorizontal className="size-4" aria-hidden />}
        >
          <span aria-live="polite">{STEPS[step](count)}</span>
        </Button>
        <p className="mt-2 hidden text-center text-faint text-xs sm:block">
          or press <Kbd>Ctrl</Kbd> <Kbd>Enter</Kbd>
        </p>
      </div>
    </Card>
  );
}

/** The limits that hold for the whole: the campaign's own, and the senders' together where each has one. */
function limitsOf(draft: Draft, senders: readonly Sender[]): number[] {
  const limits: number[] = [];
  const own = readNumber(draft.hourlyLimit);
  if (own !== null && own >= 1) limits.push(own);
  const each = senders.map((sender) => sender.hourly_limit);
  if (each.length > 0 && each.every((limit) => limit !== null)) {
    limits.push(each.reduce((sum: number, limit) => sum + (limit ?? 0), 0));
  }
  return limits;
}
