import type { WaitingFor } from "@/api/types";
import { useNow } from "@/lib/now";
import { RelativeTime } from "@/ui/time";

/** The one table of reasons; the type makes it complete. */
const REASONS: Record<WaitingFor["reason"], string> = {
  time: "Waits for its time",
  retry: "Retry after a temporary refusal",
  mailbox_hour: "Mailbox's hourly limit",
  mailbox_day: "Mailbox's daily limit",
  campaign_hour: "Campaign's hourly limit",
  workspace_hour: "Workspace's hourly limit",
  gap: "Delay between two sends",
  connection: "Mail server not reachable",
  window: "Outside the sending window",
  fault: "Trouble on our side, tried again in seconds",
  late: "Late after downtime, a person decides",
  sender_paused: "Sender is paused",
  campaign_paused: "Campaign is paused",
  queue: "Due now, in the queue",
};

export function waitingReason(waiting: WaitingFor): string {
  return REASONS[waiting.reason];
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
