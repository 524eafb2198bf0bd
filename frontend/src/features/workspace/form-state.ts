import type { WorkspaceChange, WorkspaceSettings } from "@/api/types";
import { readNumber } from "@/lib/numbers";
import type { Limit } from "@/ui/limit-field";

export interface WorkspaceFields {
  name: string;
  zone: string;
  hourly: Limit;
  late: string; // minutes
}

export function fieldsOf(workspace: WorkspaceSettings): WorkspaceFields {
  return {
    name: workspace.name,
    zone: workspace.timezone,
    hourly: { text: String(workspace.hourly_limit ?? ""), none: workspace.hourly_limit === null },
    late: String(Number((workspace.late_after_seconds / 60).toFixed(3))),
  };
}

/** What is wrong, by the API's field names. */
export function problemsOf(fields: WorkspaceFields): Record<string, string> {
  const problems: Record<string, string> = {};
  if (!fields.name.trim()) problems.name = "Give it a name.";
  const limit = readNumber(fields.hourly.text);
  if (!fields.hourly.none && (limit === null || !Number.isInteger(limit) || limit < 1))
    problems.hourly_limit = "A whole number of at least 1.";
  const late = readNumber(fields.late);
  if (late === null || Number.isNaN(late)) problems.late_after_seconds = "A number of minutes, such as 5.";
  return problems;
}

/** Only what differs from before. */
export function changeOf(before: WorkspaceSettings, fields: WorkspaceFields): WorkspaceChange {
  const change: WorkspaceChange = {};
  const name = fields.name.trim();
  const limit = fields.hourly.none ? null : readNumber(fields.hourly.text);
  const late = Math.round((readNumber(fields.late) ?? 0) * 60);
  if (name !== before.name) change.name = name;
  if (fields.zone !== before.timezone) change.timezone = fields.zone;
  if (limit !== before.hourly_limit) change.hourly_limit = limit;
  if (late !== before.late_after_seconds) change.late_after_seconds = late;
  return change;
}
