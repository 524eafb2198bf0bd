import type { Sender, SenderInput } from "@/api/types";
import { readNumber } from "@/lib/numbers";
import type { Limit } from "@/ui/limit-field";
import { OFFICE_HOURS, type WindowDraft, windowDraftOf, windowOf, windowProblem } from "@/ui/window-fields";

/** What the form shows: text as typed. `inputOf` turns it into what the API takes. */
export interface SenderFields {
  name: string;
  from_name: string;
  from_email: string;
  reply_to: string;
  host: string;
  port: string;
  security: Sender["security"];
  username: string;
  password: string;
  hourly: Limit;
  daily: Limit;
  gap: string; // seconds
  concurrency: string;
  window: WindowDraft;
  zone: string; // of the window
}

export const SECURITIES: readonly { value: Sender["security"]; label: string }[] = [
  { value: "starttls", label: "STARTTLS" },
  { value: "tls", label: "TLS from the start" },
  { value: "none", label: "None (plain)" },
];

type Preset = Pick<SenderFields, "host" | "port" | "security">;

export const PRESETS: readonly (Preset & { label: string })[] = [
  { label: "Gmail", host: "smtp.gmail.com", port: "465", security: "tls" },
  { label: "Microsoft 365", host: "smtp.office365.com", port: "587", security: "starttls" },
  { label: "Amazon SES", host: "email-smtp.us-east-1.amazonaws.com", port: "587", security: "starttls" },
  { label: "Ethereal", host: "smtp.ethereal.email", port: "587", security: "starttls" },
];

export function emptyForm(zone: string): SenderFields {
  return {
    name: "",
    from_name: "",
    from_email: "",
    reply_to: "",
    host: "",
    port: "587",
    security: "starttls",
    username: "",
    password: "",
    hourly: { text: "", none: false },
    daily: { text: "", none: true },
    gap: "",
    concurrency: "",
    window: OFFICE_HOURS,
    zone,
  };
}

export function formOf(sender: Sender, zone: string): SenderFields {
  return {
    name: sender.name,
    from_name: sender.from_name ?? "",
    from_email: sender.from_email,
    reply_to: sender.reply_to ?? "",
    host: sender.host,
    port: String(sender.port),
    security: sender.security,
    username: sender.username ?? "",
    password: "",
    hourly: { text: String(sender.hourly_limit ?? ""), none: sender.hourly_limit === null },
    daily: { text: String(sender.daily_limit ?? ""), none: sender.daily_limit === null },
    gap: String(sender.min_delay_ms / 1000),
    concurrency: String(sender.concurrency),
    window: windowDraftOf(sender.window),
    zone: sender.window?.timezone ?? zone,
  };
}

interface Result {
  input: SenderInput | null; // null: there are problems
  problems: Record<string, string>; // by the API's field name
}

export function inputOf(fields: SenderFields, saved: boolean): Result {
  const problems: Record<string, string> = {};
  const email = fields.from_email.trim();
  if (!email) problems.from_email = "Who the mail is from.";
  if (!fields.host.trim()) problems.host = "The server's name.";
  const whole = (path: string, text: string): number | undefined => {
    const value = readNumber(text);
    if (value === null) return undefined;
    if (!Number.isInteger(value) || value < 1) problems[path] = "A whole number of at least 1.";
    return value;
  };
  const limit = (path: string, field: Limit) => (field.none ? null : whole(path, field.text));
  const gap = readNumber(fields.gap);
  if (gap !== null && Number.isNaN(gap)) problems.min_delay_ms = "A number of seconds.";
  const port = whole("port", fields.port);
  if (port === undefined) problems.port = "1 to 65535.";
  const window = windowOf(fields.window);
  const wrong = windowProblem(fields.window);
  if (wrong) problems.window = wrong;
  const input: SenderInput = {
    name: fields.name.trim() || email,
    from_name: fields.from_name.trim() || null,
    from_email: email,
    reply_to: fields.reply_to.trim() || null,
    host: fields.host.trim(),
    port: port ?? 0,
    security: fields.security,
    username: fields.username.trim() || null,
    hourly_limit: limit("hourly_limit", fields.hourly),
    daily_limit: limit("daily_limit", fields.daily),
    min_delay_ms: gap === null ? undefined : Math.round(gap * 1000),
    concurrency: whole("concurrency", fields.concurrency),
    window: window && { ...window, timezone: fields.zone },
  };
  if (fields.password || !saved) input.password = fields.password || null;
  return { input: Object.keys(problems).length > 0 ? null : input, problems };
}
