import { Ban, MailX, ShieldAlert, UserX } from "lucide-react";
import type { SuppressionReason } from "@/api/types";
import type { Look } from "@/ui/badge";

/** The one table of why an address gets no mail. */
export const REASON: Record<SuppressionReason, Look> = {
  unsubscribed: { label: "Unsubscribed", tone: "info", icon: UserX },
  hard_bounce: { label: "Does not exist", tone: "bad", icon: MailX },
  complaint: { label: "Complained", tone: "warn", icon: ShieldAlert },
  manual: { label: "Added by hand", tone: "neutral", icon: Ban },
};

export const REASONS: readonly SuppressionReason[] = ["unsubscribed", "hard_bounce", "complaint", "manual"];
