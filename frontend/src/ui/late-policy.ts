import type { LatePolicy } from "@/api/types";

/** The one table of what becomes of mail that a downtime makes late. */
export const LATE_POLICY: Record<LatePolicy, { label: string; meaning: string }> = {
  send: { label: "Send it late", meaning: "It goes as soon as it can, oldest first." },
  skip: { label: "Skip it", meaning: "It is marked as missed and not sent." },
  ask: { label: "Ask a person", meaning: "It is held until somebody decides." },
};

export const LATE_POLICIES = Object.keys(LATE_POLICY) as LatePolicy[];
