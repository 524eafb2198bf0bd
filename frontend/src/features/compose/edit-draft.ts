import type { Campaign, CampaignChange } from "@/api/types";
import { instantToWall } from "@/lib/time";
import { windowDraftOf } from "@/ui/window-fields";
import { campaignOf, type Draft, newDraft } from "./draft";

/** A campaign that is still a draft, as the form shows it. */
export function draftOf(campaign: Campaign, now: Date): Draft {
  const start = new Date(campaign.start_at);
  return {
    ...newDraft(campaign.timezone),
    name: campaign.name,
    subject: campaign.subject,
    format: campaign.html === null ? "text" : "html",
    text: campaign.text ?? "",
    html: campaign.html ?? "",
    senderIds: [...campaign.sender_ids],
    when: start > now ? "at" : "now",
    wall: start > now ? instantToWall(start, campaign.timezone) : "",
    delay: String(campaign.delay_seconds),
    hourlyLimit: campaign.hourly_limit === null ? "" : String(campaign.hourly_limit),
    window: windowDraftOf(campaign.window),
    jitter: campaign.jitter_percent === 0 ? "" : String(campaign.jitter_percent),
    late: campaign.late_policy,
  };
}

/** What differs between two states of the form, as the API takes it; null where nothing does. */
export function changesOf(before: Draft, after: Draft): CampaignChange | null {
  const [old, now] = [wholeOf(before), wholeOf(after)];
  const changed = (Object.keys(now) as (keyof CampaignChange)[]).filter(
    (field) => JSON.stringify(now[field]) !== JSON.stringify(old[field]),
  );
  if (changed.length === 0) return null;
  return Object.fromEntries(changed.map((field) => [field, now[field]]));
}

function wholeOf(draft: Draft): CampaignChange {
  const { import_id, recipients, start_at, ...wanted } = campaignOf(draft, "");
  return {
    html: null,
    text: null,
    ...wanted,
    timezone: draft.zone,
    name: draft.name.trim(),
    start_at: start_at ?? AS_SCHEDULED,
  };
}

/** A start that is past by then is the moment of scheduling. */
const AS_SCHEDULED = "in 0 seconds";
