import type { WaitingFor } from "@/api/types";
import { RelativeTime } from "@/ui/time";

/** The one table of reasons; the type makes it complete. */
const REASONS: Record<WaitingFor["reason"], string> = {
  time: "Waits for its time",
  retry: "Tried again after a temporary refusal",
  mailbox_hour: "Mailbox's hourly limit is reached",
  mailbox_day: "Mailbox's daily limit is reached",
  campaign_hour: "Campaign's hourly limit is reached",
  workspace_hour: "Workspace's hourly limit is reached",
  gap: "Delay between two sends",
  connection: "Mail server cannot be reached now",
  sender_paused: "Sender is paused",
  campaign_paused: "Campaign is paused",
  queue: "Due now, in the queue",
};

export function waitingReason(waiting: WaitingFor): string {
  return REASONS[waiting.reason];
}

/** Why a message has not left yet and, where it is known, when it may. */
export function WaitingLine({ waiting }: { waiting: WaitingFor }) {
  return (
    <span className="text-faint text-xs">
      {waitingReason(waiting)}
      {waiting.next_at && (
        <>
          {" · "}
          <RelativeTime at={waiting.next_at} />
        </>
      )}
    </span>
  );
}
