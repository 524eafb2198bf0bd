import { Ban, CheckCheck, CirclePause, Clock, FilePen, Play } from "lucide-react";
import type { CampaignItem, CampaignState, EmailStatus } from "@/api/types";
import type { Look } from "@/ui/badge";

/** What a person may order, beside the next step that each state has. */
type CampaignOrder = "cancel" | "retry";

interface StateRow extends Look {
  readonly may: readonly CampaignOrder[];
}

/** The one table of a campaign's states and of what may be done in each. */
export const CAMPAIGN_STATE: Record<CampaignState, StateRow> = {
  draft: { label: "Draft", tone: "neutral", icon: FilePen, may: ["cancel"] },
  scheduled: { label: "Scheduled", tone: "neutral", icon: Clock, may: ["cancel", "retry"] },
  running: { label: "Running", tone: "info", icon: Play, may: ["cancel", "retry"] },
  paused: { label: "Paused", tone: "warn", icon: CirclePause, may: ["cancel", "retry"] },
  completed: { label: "Completed", tone: "ok", icon: CheckCheck, may: ["retry"] },
  cancelled: { label: "Cancelled", tone: "neutral", icon: Ban, may: [] },
};

export const CAMPAIGN_STATES = Object.keys(CAMPAIGN_STATE) as CampaignState[];

export function mayDo(order: CampaignOrder, state: CampaignState): boolean {
  return CAMPAIGN_STATE[state].may.includes(order);
}

export function countOf(campaign: CampaignItem, ...statuses: EmailStatus[]): number {
  return statuses.reduce((sum, status) => sum + campaign.counts[status], 0);
}

/** Whether something of it is still to leave. */
export function isUnderWay(state: CampaignState): boolean {
  return state !== "completed" && state !== "cancelled";
}
