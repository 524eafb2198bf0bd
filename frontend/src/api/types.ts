import type { components } from "./schema";

/** The API's own types under the names that the dashboard uses. They are generated: `npm run types`. */

type Schemas = components["schemas"];

export interface List<T> {
  object: "list";
  has_more: boolean;
  data: T[];
}

export type Me = Schemas["Me"];
export type User = Schemas["User"];

export type Email = Schemas["Email"];
export type EmailDetail = Schemas["EmailDetail"];
export type EmailState = Schemas["EmailState"];
export type EmailStatus = Schemas["Status"];
export type StoryEntry = Schemas["StoryEntry"];
export type WaitingFor = Schemas["WaitingFor"];
export type ParsedRecipients = Schemas["ParsedRecipients"];

export type Sender = Schemas["Sender"];
export type SenderState = Sender["state"];
export type NewSender = Schemas["NewSender"];
export type SenderUsage = Schemas["Usage"];
export type Verification = Schemas["Verification"];
export type Phase = Schemas["Phase"];

export type ApiKey = Schemas["ApiKey"];
export type NewApiKey = Schemas["NewApiKey"];
export type NewApiKeyShown = Schemas["NewApiKeyShown"];

/** `GET /auth/config` is no part of the API document: it belongs to the sign-in page alone. */
export interface AuthConfig {
  provider: "google" | "oidc" | null;
  provider_label: string | null;
  hint: string | null;
}

export type CampaignStatus = "draft" | "scheduled" | "running" | "paused" | "completed" | "cancelled";

export interface Campaign {
  id: string;
  name: string;
  status: CampaignStatus;
  subject: string;
  sender_ids: string[];
  start_at: string | null;
  timezone: string;
  delay_seconds: number;
  hourly_limit: number | null;
  created_at: string;
  counts: Record<string, number>;
}
export interface CampaignInput {
  name: string;
  sender_ids: string[];
  subject: string;
  html?: string | null;
  text?: string | null;
  import_id: string;
  start_at: string | null;
  timezone: string;
  delay_seconds?: number;
  hourly_limit?: number | null;
}
export interface Stats {
  counts: Record<string, number>;
  sent_last_hour: number;
  sent_last_day: number;
  hourly_limit: number | null;
}
