import type { Decision } from "@/api/types";

export interface Choice {
  readonly action: Decision;
  readonly label: string;
  readonly meaning: string;
  readonly variant: "primary" | "secondary" | "danger";
  /** What to ask before it is done: it cannot be taken back. Absent where it can. */
  readonly warning?: string;
  /** What was done to a number of messages, told in a toast: "12 will be sent again". */
  readonly done: (count: number) => string;
}

const verb = (count: number, one: string, many: string) => (count === 1 ? one : many);

/** What a person can decide, by the status that asks; in the order of the buttons. */
export const DECISIONS: Record<"uncertain" | "held", readonly Choice[]> = {
  uncertain: [
    {
      action: "arrived",
      label: "It arrived",
      meaning: "Marked as sent.",
      variant: "primary",
      done: (count) => `${count} marked as sent`,
    },
    {
      action: "send_again",
      label: "Send again",
      meaning: "May arrive twice.",
      variant: "secondary",
      warning: "If the first copy did arrive, the recipient gets it twice.",
      done: (count) => `${count} will be sent again`,
    },
    {
      action: "drop",
      label: "Drop",
      meaning: "Marked as failed.",
      variant: "danger",
      done: (count) => `${count} dropped`,
    },
  ],
  held: [
    {
      action: "send",
      label: "Send now",
      meaning: "It goes within its limits.",
      variant: "primary",
      done: (count) => `${count} ${verb(count, "goes", "go")} now`,
    },
    {
      action: "drop",
      label: "Drop",
      meaning: "Cancelled for good.",
      variant: "danger",
      warning: "It will not be sent. This cannot be undone.",
      done: (count) => `${count} dropped`,
    },
  ],
};
