import { UserRound } from "lucide-react";
import type { StoryEntry } from "@/api/types";
import { classes } from "@/lib/classes";
import { browserZone, formatExact, formatTime } from "@/lib/time";
import { type Tone, toneFill } from "@/ui/badge";
import { EMAIL_STATUS, EMAIL_STATUSES } from "@/ui/email-status";
import { Card, CardHeader } from "@/ui/page";
import { ErrorState, Skeleton } from "@/ui/states";
import { useStoryEntrys } from "./queries";

export function MessageTimeline({ id }: { id: string }) {
  const events = useStoryEntrys(id);
  return (
    <Card>
      <CardHeader title="Timeline" />
      {events.isPending && (
        <div className="space-y-3 p-4">
          <Skeleton className="h-4 w-2/3" />
          <Skeleton className="h-4 w-1/2" />
        </div>
      )}
      {events.isError && (
        <ErrorState
          title="The timeline could not be read"
          error={events.error}
          onRetry={() => events.refetch()}
        />
      )}
      {events.data && (
        <ol className="px-4 py-3">
          {events.data.data.map((event, index, all) => (
            <Entry
              key={`${event.at} ${event.type} ${event.message}`}
              event={event}
              last={index === all.length - 1}
            />
          ))}
        </ol>
      )}
    </Card>
  );
}

function Entry({ event, last }: { event: StoryEntry; last: boolean }) {
  const zone = browserZone();
  const { label, tone } = eventLook(event);
  const ordered = event.data.by !== undefined;
  return (
    <li className="relative flex gap-3 pb-4 last:pb-0">
      {!last && <span aria-hidden className="absolute top-4 bottom-0 left-[3.5px] w-px bg-line" />}
      <span aria-hidden className={classes("mt-1.5 size-2 shrink-0 rounded-full", toneFill(tone))} />
      <div className="min-w-0 flex-1 text-[0.8125rem]">
        <div className="flex items-baseline justify-between gap-3">
          <span className="flex min-w-0 items-center gap-1.5 font-medium">
            {label}
            {ordered && <UserRound className="size-3.5 text-faint" aria-label="By a person" />}
          </span>
          <time
            dateTime={event.at}
            title={formatExact(event.at, zone)}
            className="tabular shrink-0 text-faint text-xs"
          >
            {formatTime(event.at, zone, new Date(), true)}
          </time>
        </div>
        {event.message && (
          <p className="mt-0.5 break-words text-faint text-xs">{localised(event.message, zone)}</p>
        )}
      </div>
    </li>
  );
}

/** Instants inside a sentence, in the reader's zone. */
function localised(message: string, zone: string): string {
  return message.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (instant) =>
    formatTime(instant, zone, new Date(), true),
  );
}

/** What the story tells beside the statuses: steps on the way, and what somebody ordered. */
const STEPS: Readonly<Record<string, { label: string; tone: Tone }>> = {
  dispatched: { label: "Handed over", tone: "info" },
  accepted: { label: "Accepted", tone: "ok" },
  rejected: { label: "Refused", tone: "bad" },
  void: { label: "Connection lost", tone: "warn" },
  rescheduled: { label: "Moved", tone: "neutral" },
  edited: { label: "Edited", tone: "neutral" },
  retry: { label: "Tried again", tone: "neutral" },
  arrived: { label: "Said to have arrived", tone: "ok" },
  send_again: { label: "Ordered again", tone: "doubt" },
  send: { label: "Released", tone: "neutral" },
  drop: { label: "Dropped", tone: "bad" },
};

function eventLook({ type, data }: StoryEntry): { label: string; tone: Tone } {
  const step = typeof data.action === "string" ? data.action : type;
  const status = EMAIL_STATUSES.find((known) => known === step);
  if (status) return EMAIL_STATUS[status];
  const words = step.replaceAll("_", " ");
  return STEPS[step] ?? { label: words.charAt(0).toUpperCase() + words.slice(1), tone: "neutral" };
}
