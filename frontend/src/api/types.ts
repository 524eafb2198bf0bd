import type { components } from "./schema";

/** The API's own types under the names that the dashboard uses. They are generated: `npm run types`. */

type Schemas = components["schemas"];

export type Me = Schemas["Me"];
export type User = Schemas["User"];

export type Email = Schemas["Email"];
export type EmailDetail = Schemas["EmailDetail"];
export type EmailStatus = Schemas["Status"];
export type StoryEntry = Schemas["StoryEntry"];
export type WaitingFor = Schemas["WaitingFor"];
export type LatePolicy = Schemas["LatePolicy"];
export type EmailChange = Schemas["UpdateEmail"];
/** What a person decides about a message in doubt or held. */
export type Decision = Schemas["Action"];
export type BulkAnswer = Schemas["BulkAnswer"];
export type Import = Schemas["Import"];
export type CampaignWords = Schemas["CampaignWords"];
export type CampaignPreview = Schemas["CampaignPreview"];
export type MissingVariables = Schemas["MissingVariables"];

export type Sender = Schemas["Sender"];
export type SenderState = Sender["state"];
/** What suits both a new sender and the change of one. */
export type SenderInput = Schemas["NewSender"] & Schemas["SenderChange"];
export type SenderWindow = Schemas["SenderWindow"];
export type Phase = Schemas["Phase"];
export type SenderDkim = Schemas["SenderDkim"];
export type DkimKey = Schemas["DkimKey"];
export type NewDkim = Schemas["NewDkim"];
export type DnsCheck = Schemas["DnsCheck"];
export type DnsRecord = Schemas["DnsRecord"];

export type ApiKey = Schemas["ApiKey"];
export type NewApiKey = Schemas["NewApiKey"];

/** `GET /auth/config` is no part of the API document: it belongs to the sign-in page alone. */
export interface AuthConfig {
  provider: "google" | "oidc" | null;
  provider_label: string | null;
  hint: string | null;
}

/** What a mailed sign-in link is for (`POST /auth/email/look`). */
export interface LinkSeen {
  email: string;
  workspace: string;
}

/** What an invitation's link is for (`POST /auth/invitation`). */
export interface InvitationSeen {
  email: string;
  role: Role;
  workspace: string;
  invited_by: string | null;
  expires_at: string;
}

export type Role = Me["role"];
export type Member = Schemas["Member"];
export type Invitation = Schemas["Invitation"];
export type NewInvitation = Schemas["NewInvitation"];
export type WorkspaceItem = Schemas["WorkspaceItem"];
export type SessionItem = Schemas["SessionItem"];

export type CampaignItem = Schemas["CampaignItem"];
export type Campaign = Schemas["Campaign"];
export type CampaignState = CampaignItem["state"];
export type CampaignWindow = Schemas["CampaignWindow"];
export type CampaignChange = Schemas["CampaignChange"];
export type NewCampaign = Schemas["NewCampaign"];

export type NewEstimate = Schemas["NewEstimate"];
export type Estimate = Schemas["Estimate"];

export type Allowance = Schemas["Allowance"];
export type SenderLoad = Schemas["SenderLoad"];
export type Stats = Schemas["Stats"];
export type SentHour = Schemas["SentHour"];
export type OnTime = Schemas["OnTime"];

export type WorkspaceSettings = Schemas["WorkspaceSettings"];
export type WorkspaceChange = Schemas["WorkspaceChange"];

export type Suppression = Schemas["Suppression"];
export type SuppressionReason = Suppression["reason"];
export type SuppressionImport = Schemas["ImportedSuppressions"];

/** What a page of the suppressions holds. */
export interface SuppressionFilter {
  q?: string | undefined;
  reason?: SuppressionReason | undefined;
  after?: string | undefined;
  before?: string | undefined;
}

export type Webhook = Schemas["Webhook"];
export type NewWebhook = Schemas["NewWebhook"];
export type WebhookChange = Schemas["WebhookChange"];
export type WebhookEvent = Schemas["EventType"];
export type WebhookDelivery = Schemas["WebhookDelivery"];
export type WebhookDeliveryDetail = Schemas["WebhookDeliveryDetail"];
export type WebhookAttempt = Schemas["WebhookAttempt"];
export type DeliveryStatus = WebhookDelivery["status"];

/** What a page of the log of a webhook holds. */
export interface DeliveryFilter {
  status?: DeliveryStatus | undefined;
  type?: WebhookEvent | undefined;
  after?: string | undefined;
  before?: string | undefined;
  limit?: number | undefined;
}

export type TemplateItem = Schemas["TemplateItem"];
export type Template = Schemas["Template"];
export type TemplateVariable = Schemas["TemplateVariable"];
export type TemplateVersionItem = Schemas["TemplateVersionItem"];
export type TemplatePreview = Schemas["TemplatePreview"];
