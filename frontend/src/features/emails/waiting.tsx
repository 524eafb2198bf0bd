import { Hourglass } from "lucide-react";
import type { EmailDetail, WaitingFor } from "@/api/types";
import { useNow } from "@/lib/now";
import { Card } from "@/ui/page";
import { RelativeTime, Time } from "@/ui/time";

interface Reason {
  readonly label: string;
  readonly explained: string; // a sentence for the message's own page
}

/** The one table of reasons; the type makes it complete. */
const REASONS: Record<WaitingFor["reason"], Reason> = {
  time: {
    label: "Waits for its time",
    explained: "It goes at its moment, within the limits of its sender.",
  },
  retry: {
    label: "Retry after a temporary refusal",
    explained: "The mail server said not now; it is tried again by itself.",
  },
  mailbox_hour: {
    label: "Mailbox's hourly limit",
    explained: "The mailbox has sent as many in the last hour as it may.",
  },
  mailbox_day: {
    label: "Mailbox's daily limit",
    explained: "The mailbox has sent as many in the last day as it may.",
  },
  campaign_hour: {
    label: "Campaign's hourly limit",
    explained: "The campaign has sent as many in the last hour as it may.",
  },
  workspace_hour: {
    label: "Workspace's hourly limit",
    explained: "All senders together have sent as many in the last hour as they may.",
  },
  gap: { label: "Delay between two sends", explained: "The mailbox leaves time between two messages." },
  connection: {
    label: "Mail server not reachable",
    explained: "The sender's mail server does not answer; it is tried again by itself.",
  },
  window: {
    label: "Outside the sending window",
    explained: "Its sender or campaign sends at certain hours only.",
  },
  fault: {
    label: "Trouble on our side, tried again in seconds",
    explained: "Something of ours did not work; it is tried again by itself.",
  },
  late: {
    label: "Late after downtime, a person decides",
    explained: "It was due while nothing ran, and its late policy asks a person.",
  },
  sender_paused: { label: "Sender is paused", explained: "It goes on when the sender is resumed." },
  campaign_paused: { label: "Campaign is paused", explained: "It goes on when the campaign is resumed." },
  campaign_cancelled: {
    label: "Campaign is cancelled",
    explained: "It will not be sent; it is marked as cancelled in a moment.",
  },
  queue: { label: "Due now, in the queue", explained: "What was due before it goes first." },
};

export function waitingReason(waiting: WaitingFor): string {
  return REASONS[waiting.reason].label;
}

/** Why a message has not left yet, on its own page: the rule that binds and the next moment that may do. */
export function WhyNotYet({ email }: { email: EmailDetail }) {
  const now = useNow();
  const waiting = email.waiting_for;
  if (!waiting || waiting.reason === "late") return null;
  const { label, explained } = REASONS[waiting.reason];
  const next = waiting.next_at;
  return (
    <Card className="flex items-start gap-3 px-4 py-3">
      <Hourglass className="mt-0.5 size-4.5 shrink-0 text-accent" aria-hidden />
      <div className="min-w-0 flex-1">
        <p className="font-medium">Why not yet: {label.charAt(0).toLowerCase() + label.slice(1)}</p>
        <p className="mt-0.5 text-faint">{explained}</p>
        {email.last_reply && (
          <p className="mt-1 break-words font-mono text-faint text-xs">{email.last_reply}</p>
        )}
      </div>
      {next && (
        <p className="shrink-0 text-right">
          <span className="block font-medium">
            <RelativeTime at={next} coming />
          </span>
          <span className="block text-faint text-xs">
            {new Date(next) > now ? <Time at={next} seconds /> : "any moment"}
          </span>
        </p>
      )}
    </Card>
  );
}

/** Why a message has not left yet and, where it is known, when it may. Its own time needs no words. */
export function WaitingLine({ waiting }: { waiting: WaitingFor }) {
  const reason = waitingReason(waiting);
  const now = useNow();
  const onTime = waiting.reason === "time" && waiting.next_at !== null;
  // A limit that should have ended by now is about to be looked at again: its reason still holds, its time does not.
  const next = waiting.next_at && (onTime || new Date(waiting.next_at) > now) ? waiting.next_at : null;
  return (
    <span className="min-w-0 truncate text-faint text-xs" title={reason}>
      {next && <RelativeTime at={next} coming />}
      {!onTime && (next ? ` · ${reason}` : reason)}
    </span>
  );
}
