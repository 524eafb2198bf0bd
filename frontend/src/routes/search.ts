import type { DeliveryFilter, SuppressionFilter } from "@/api/types";
import type { CampaignSearch } from "@/features/campaigns/campaign-filters";
import { CAMPAIGN_STATES } from "@/features/campaigns/status";
import type { EmailSearch } from "@/features/emails/email-filters";
import type { MessagePart } from "@/features/emails/message-body";
import type { SendersSearch } from "@/features/senders/senders-page";
import { REASONS } from "@/features/suppressions/reasons";
import { DELIVERY_STATUSES, WEBHOOK_EVENTS } from "@/features/webhooks/looks";
import { EMAIL_STATUSES } from "@/ui/email-status";
import type { Cursor } from "@/ui/pager";

/** What the URL may say. Anything that does not fit is dropped: a URL is typed by people. */

type Raw = Record<string, unknown>;

function text(raw: Raw, key: string): string | undefined {
  const value = raw[key];
  if (typeof value === "string" && value !== "") return value;
  return typeof value === "number" ? String(value) : undefined;
}

function oneOf<T extends string>(raw: Raw, key: string, known: readonly T[]): T | undefined {
  return known.find((value) => value === raw[key]);
}

export function cursorSearch(raw: Raw): Cursor {
  return { after: text(raw, "after"), before: text(raw, "before") };
}

export function emailSearch(raw: Raw): EmailSearch {
  return {
    q: text(raw, "q"),
    status: oneOf(raw, "status", ["attention", ...EMAIL_STATUSES]),
    campaign: text(raw, "campaign"),
    sender: text(raw, "sender"),
    tag: text(raw, "tag"),
    sort: oneOf(raw, "sort", ["created_at", "scheduled_at", "sent_at"]),
    ...cursorSearch(raw),
  };
}

export function campaignSearch(raw: Raw): CampaignSearch {
  return { q: text(raw, "q"), state: oneOf(raw, "state", CAMPAIGN_STATES), ...cursorSearch(raw) };
}

export function deliverySearch(raw: Raw): DeliveryFilter {
  return {
    status: oneOf(raw, "status", DELIVERY_STATUSES),
    type: oneOf(raw, "type", WEBHOOK_EVENTS),
    ...cursorSearch(raw),
  };
}

export function suppressionSearch(raw: Raw): SuppressionFilter {
  return { q: text(raw, "q"), reason: oneOf(raw, "reason", REASONS), ...cursorSearch(raw) };
}

export function messageSearch(raw: Raw): { part?: MessagePart | undefined } {
  return { part: oneOf(raw, "part", ["html", "text", "source"]) };
}

export function sendersSearch(raw: Raw): SendersSearch {
  return { add: raw.add === true || undefined, edit: text(raw, "edit"), test: text(raw, "test") };
}

export function signInSearch(raw: Raw): { next?: string | undefined; error?: string | undefined } {
  const next = text(raw, "next");
  // Only a path of ours: never another host, not even by "//host" or "/\host".
  return { next: next && /^\/(?![/\\])/.test(next) ? next : undefined, error: text(raw, "error") };
}
