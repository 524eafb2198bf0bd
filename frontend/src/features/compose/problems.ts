import { ApiError } from "@/api/client";
import type { Draft, Problems } from "./draft";

/** The API's field of each of the form's, for the errors that the server finds. */
const FIELD_OF: Readonly<Record<string, keyof Draft>> = {
  name: "name",
  subject: "subject",
  html: "html",
  text: "text",
  sender_ids: "senderIds",
  start_at: "wall",
  delay_seconds: "delay",
  hourly_limit: "hourlyLimit",
  window: "window",
  timezone: "window",
  jitter_percent: "jitter",
  late_policy: "late",
  import_id: "recipients",
  recipients: "recipients",
};

export function serverProblems(error: Error | null): Problems {
  if (!(error instanceof ApiError)) return {};
  const found: Partial<Record<keyof Draft, string>> = {};
  for (const { path, message } of error.errors) {
    const field = FIELD_OF[path.split(/[.[]/)[0] ?? ""];
    if (field) found[field] ??= message;
  }
  return found;
}

/** Leads to the first field that lacks something, once it is marked. */
export function focusFirstProblem(): void {
  window.requestAnimationFrame(() => document.querySelector<HTMLElement>("[aria-invalid=true]")?.focus());
}
