import { Ban, CheckCheck, CirclePause, Clock, FilePen, Play } from "lucide-react";
import type { CampaignItem, CampaignState, EmailStatus } from "@/api/types";
import type { Look } from "@/ui/badge";

/** The one table of a campaign's states. */
export const CAMPAIGN_STATE: Record<CampaignState, Look> = {
  draft: { label: "Draft", tone: "neutral", icon: FilePen },
  scheduled: { label: "Scheduled", tone: "neutral", icon: Clock },
  running: { label: "Running", tone: "info", icon: Play },
  paused: { label: "Paused", tone: "warn", icon: CirclePause },
  completed: { label: "Completed", tone: "ok", icon: CheckCheck },
  cancelled: { label: "Cancelled", tone: "neutral", icon: Ban },
};

export function mayCancelCampaign(status: CampaignState): boolean {
  return status !== "completed" && status !== "cancelled";
}

export function countOf(campaign: CampaignItem, ...statuses: EmailStatus[]): number {
  return statuses.reduce((sum, status) => sum + campaign.counts[status], 0);
}
