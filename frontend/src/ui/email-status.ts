import {
  Ban,
  CircleAlert,
  CircleCheck,
  CircleHelp,
  CirclePause,
  CircleX,
  Clock,
  MailX,
  RotateCcw,
  Send,
  SkipForward,
} from "lucide-react";
import type { EmailStatus } from "@/api/types";
import type { Look } from "./badge";

/** The one table of an email's statuses; the type makes it complete. */
export const EMAIL_STATUS: Record<EmailStatus, Look & { meaning: string }> = {
  scheduled: {
    label: "Scheduled",
    tone: "neutral",
    icon: Clock,
    meaning: "Waits for its time, a limit or a window.",
  },
  deferred: {
    label: "Deferred",
    tone: "warn",
    icon: RotateCcw,
    meaning: "The receiving server said not now; it will be tried again.",
  },
  sending: { label: "Sending", tone: "info", icon: Send, meaning: "On the wire right now." },
  sent: { label: "Sent", tone: "ok", icon: CircleCheck, meaning: "The receiving server accepted it." },
  uncertain: {
    label: "Uncertain",
    tone: "doubt",
    icon: CircleHelp,
    meaning: "It was handed over, but the server's answer was lost. It is not sent again by itself.",
  },
  held: {
    label: "Held",
    tone: "warn",
    icon: CirclePause,
    meaning: "Overdue after downtime; waits for a person.",
  },
  missed: {
    label: "Missed",
    tone: "warn",
    icon: SkipForward,
    meaning: "Overdue after downtime; skipped by its late policy.",
  },
  failed: {
    label: "Failed",
    tone: "bad",
    icon: CircleX,
    meaning: "The receiving server refused it for good, or its lifetime ended.",
  },
  bounced: { label: "Bounced", tone: "bad", icon: MailX, meaning: "It was accepted, then returned." },
  cancelled: {
    label: "Cancelled",
    tone: "neutral",
    icon: Ban,
    meaning: "A person cancelled it before it left.",
  },
  suppressed: {
    label: "Suppressed",
    tone: "neutral",
    icon: CircleAlert,
    meaning: "The address is on the suppression list.",
  },
};

export const EMAIL_STATUSES = Object.keys(EMAIL_STATUS) as EmailStatus[];

/** What waits for its moment: the Scheduled page lists it, the next one first. */
export const WAITING_STATUSES = ["scheduled", "deferred"] as const satisfies EmailStatus[];

/** What else the Scheduled page can show: on the wire, or waiting for a person. */
export const PENDING_STATUSES = [...WAITING_STATUSES, "sending", "held"] as const satisfies EmailStatus[];

/** What was handed over: the Sent page lists it. */
export const OUTCOME_STATUSES = ["sent", "failed", "uncertain", "bounced"] as const satisfies EmailStatus[];

/** What a person should look at. */
export const ATTENTION_STATUSES = ["failed", "uncertain", "bounced", "held"] as const satisfies EmailStatus[];

/** What else the Sent page can show: what will never be sent. */
export const ENDED_STATUSES = [
  ...OUTCOME_STATUSES,
  "cancelled",
  "suppressed",
  "missed",
] as const satisfies EmailStatus[];

export function mayCancel(status: EmailStatus): boolean {
  return status === "scheduled" || status === "deferred" || status === "held";
}
