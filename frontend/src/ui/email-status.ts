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

/** What a person may order; `resolve` is a choice of its own for each of its two statuses. */
export type EmailAction = "edit" | "reschedule" | "cancel" | "retry" | "resolve";

interface StatusRow extends Look {
  readonly meaning: string;
  readonly may: readonly EmailAction[];
  /** Why the buttons of a waiting message rest for the moment; absent where they are gone for good. */
  readonly rests?: string;
}

const WHILE_WAITING = ["edit", "reschedule", "cancel"] as const satisfies EmailAction[];

/** The one table of an email's statuses and of what may be done in each; the type makes it complete. */
export const EMAIL_STATUS: Record<EmailStatus, StatusRow> = {
  scheduled: {
    label: "Scheduled",
    tone: "neutral",
    icon: Clock,
    meaning: "Waits for its time, a limit or a window.",
    may: WHILE_WAITING,
  },
  deferred: {
    label: "Deferred",
    tone: "warn",
    icon: RotateCcw,
    meaning: "The receiving server said not now; it will be tried again.",
    may: WHILE_WAITING,
  },
  sending: {
    label: "Sending",
    tone: "info",
    icon: Send,
    meaning: "On the wire right now.",
    may: [],
    rests: "It is on the wire: wait for the server's answer.",
  },
  sent: {
    label: "Sent",
    tone: "ok",
    icon: CircleCheck,
    meaning: "The receiving server accepted it.",
    may: [],
  },
  uncertain: {
    label: "Uncertain",
    tone: "doubt",
    icon: CircleHelp,
    meaning: "It was handed over, but the server's answer was lost. It is not sent again by itself.",
    may: ["resolve"],
  },
  held: {
    label: "Held",
    tone: "warn",
    icon: CirclePause,
    meaning: "Overdue after downtime; waits for a person.",
    may: [...WHILE_WAITING, "resolve"],
  },
  missed: {
    label: "Missed",
    tone: "warn",
    icon: SkipForward,
    meaning: "Overdue after downtime; skipped by its late policy.",
    may: ["retry"],
  },
  failed: {
    label: "Failed",
    tone: "bad",
    icon: CircleX,
    meaning: "The receiving server refused it for good, or its lifetime ended.",
    may: ["retry"],
  },
  bounced: {
    label: "Bounced",
    tone: "bad",
    icon: MailX,
    meaning: "It was accepted, then returned.",
    may: [],
  },
  cancelled: {
    label: "Cancelled",
    tone: "neutral",
    icon: Ban,
    meaning: "A person cancelled it before it left.",
    may: [],
  },
  suppressed: {
    label: "Suppressed",
    tone: "neutral",
    icon: CircleAlert,
    meaning: "The address is on the suppression list.",
    may: [],
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
export const ATTENTION_STATUSES = [
  "failed",
  "uncertain",
  "bounced",
  "held",
  "missed",
] as const satisfies EmailStatus[];

/** What else the Sent page can show: what will never be sent. */
export const ENDED_STATUSES = [
  ...OUTCOME_STATUSES,
  "cancelled",
  "suppressed",
  "missed",
] as const satisfies EmailStatus[];

export function may(action: EmailAction, status: EmailStatus): boolean {
  return EMAIL_STATUS[status].may.includes(action);
}

/** Why an action that a waiting message has is refused for the moment; null when it is allowed or out of the question. */
export function restsBecause(action: EmailAction, status: EmailStatus): string | null {
  const waits = WHILE_WAITING.some((each) => each === action);
  return waits && !may(action, status) ? (EMAIL_STATUS[status].rests ?? null) : null;
}
