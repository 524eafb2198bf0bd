import { Ban, CheckCheck, CirclePause, Clock, FilePen, Play } from "lucide-react";
import type { Campaign, CampaignStatus, EmailStatus } from "@/api/types";
import type { Look } from "@/ui/badge";
import { EMAIL_STATUSES } from "@/ui/email-status";

/** The one table of a campaign's statuses. */
export const CAMPAIGN_STATUS: Record<CampaignStatus, Look> = {
  draft: { label: "Draft", tone: "neutral", icon: FilePen },
  scheduled: { label: "Scheduled", tone: "neutral", icon: Clock },
  running: { label: "Running", tone: "info", icon: Play },
  paused: { label: "Paused", tone: "warn", icon: CirclePause },
  completed: { label: "Completed", tone: "ok", icon: CheckCheck },
  cancelled: { label: "Cancelled", tone: "neutral", icon: Ban },
};

export function mayCancelCampaign(status: CampaignStatus): boolean {
  return status !== "completed" && status !== "cancelled";
}

export function countOf(campaign: Campaign, ...statuses: EmailStatus[]): number {
  return statuses.reduce((sum, status) => sum + (campaign.counts[status] ?? 0), 0);
}

export function totalOf(campaign: Campaign): number {
  return countOf(campaign, ...EMAIL_STATUSES);
}
