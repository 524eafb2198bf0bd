export type EmailStatus =
  | "scheduled"
  | "deferred"
  | "sending"
  | "sent"
  | "uncertain"
  | "held"
  | "missed"
  | "failed"
  | "bounced"
  | "cancelled"
  | "suppressed";

export interface List<T> {
  object: "list";
  has_more: boolean;
  data: T[];
}

export type WaitingReason =
  | "time"
  | "retry"
  | "mailbox_hour"
  | "mailbox_day"
  | "campaign_hour"
  | "workspace_hour"
  | "gap"
  | "connection"
  | "sender_paused"
  | "campaign_paused"
  | "queue";
export interface WaitingFor {
  reason: WaitingReason;
  next_at: string | null;
}

export interface Email {
  id: string;
  status: EmailStatus;
  from: string;
  to: string[];
  cc: string[];
  bcc: string[];
  subject: string;
  scheduled_at: string;
  estimated_send_at: string | null;
  sent_at: string | null;
  ended_at: string | null;
  created_at: string;
  campaign_id: string | null;
  sender_id: string;
  waiting_for: WaitingFor | null;
  last_reply: string | null;
  preview_url: string | null;
  attempts: number;
}

export interface Recipient {
  kind: "to" | "cc" | "bcc";
  email: string;
  name: string | null;
  status: EmailStatus;
  reply: string | null;
}

export interface EmailDetail extends Email {
  html: string | null;
  text: string | null;
  headers: Record<string, string>;
  recipients: Recipient[];
  message_id: string;
}

export interface EmailEvent {
  type: string;
  at: string;
  message: string;
}

export interface ParsedRecipients {
  import_id: string;
  state: string;
  detected: number;
  valid: number;
  duplicates: number;
  suppressed: number;
  invalid: { row: number; value: string; reason: string }[];
  columns: string[];
  invalid_count: number;
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

export interface Sender {
  id: string;
  name: string;
  from_name: string;
  from_email: string;
  reply_to: string | null;
  host: string;
  port: number;
  security: "starttls" | "tls" | "none";
  username: string | null;
  hourly_limit: number | null;
  daily_limit: number | null;
  min_delay_ms: number;
  concurrency: number;
  state: SenderState;
  state_reason: string | null;
  is_default: boolean;
}

export interface Me {
  user: { id: string; email: string; name: string; avatar_url: string | null } | null;
  workspace: { id: string; name: string; timezone: string };
  role: "owner" | "member" | "viewer";
  csrf_token: string | null;
  rate_window_seconds: number;
  inbox_url: string | null;
}
export interface AuthConfig {
  provider: "google" | "oidc" | null;
  provider_label: string | null;
  hint: string | null;
}
export interface SenderInput {
  name: string;
  from_name: string | null;
  from_email: string;
  reply_to: string | null;
  host: string;
  port: number;
  security: "starttls" | "tls" | "none";
  username: string | null;
  password?: string | null;
  hourly_limit?: number | null;
  daily_limit?: number | null;
  min_delay_ms?: number;
  concurrency?: number;
}
export interface SenderVerification {
  ok: boolean;
  phases: { phase: string; ok: boolean; message: string }[];
}
export interface ApiKey {
  id: string;
  name: string;
  prefix: string;
  scope: "full" | "send";
  created_at: string;
  last_used_at: string | null;
}
export interface NewApiKey extends ApiKey {
  token: string;
}
export type SenderState = "active" | "paused" | "disabled";
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
export type User = NonNullable<Me["user"]>;

export interface Stats {
  counts: Record<string, number>;
  sent_last_hour: number;
  sent_last_day: number;
  hourly_limit: number | null;
}
export interface Allowance {
  used: number;
  limit: number | null;
  next_at: string | null;
}
export interface SenderUsage {
  sender_id: string;
  window_seconds: number;
  hour: Allowance;
  day: Allowance | null;
  waiting: number;
}
