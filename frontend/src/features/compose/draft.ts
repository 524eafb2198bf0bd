import type { CampaignWords, LatePolicy, NewCampaign, NewEstimate } from "@/api/types";
import { readNumber } from "@/lib/numbers";
import { wallToInstant } from "@/lib/time";
import { OFFICE_HOURS, type WindowDraft, windowOf, windowProblem } from "@/ui/window-fields";

/** What the form shows: text as typed. `campaignOf` turns it into what the API takes. */
export interface Draft {
  name: string; // only of a campaign that there is: a new one is called by its subject
  recipients: string;
  subject: string;
  format: "text" | "html";
  text: string;
  html: string;
  senderIds: string[];
  when: "now" | "at";
  wall: string; // "2026-11-21T09:00" in `zone`
  zone: string;
  delay: string; // seconds
  hourlyLimit: string;
  window: WindowDraft; // in `zone`
  jitter: string; // percent of the delay
  late: LatePolicy;
}

const KEY = "paceline.draft";

export function newDraft(zone: string): Draft {
  return {
    name: "",
    recipients: "",
    subject: "",
    format: "text",
    text: "",
    html: "",
    senderIds: [],
    when: "now",
    wall: "",
    zone,
    delay: "2",
    hourlyLimit: "",
    window: OFFICE_HOURS,
    jitter: "",
    late: "send",
  };
}

/** The draft of this tab, so that a look at another page loses nothing. */
export function loadDraft(zone: string): Draft {
  const fresh = newDraft(zone);
  try {
    return { ...fresh, ...(JSON.parse(sessionStorage.getItem(KEY) ?? "{}") as Partial<Draft>) };
  } catch {
    return fresh;
  }
}

export function storeDraft(draft: Draft): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(draft));
  } catch {
    // A list too long for the browser's store stays in the page alone.
  }
}

export function forgetDraft(): void {
  sessionStorage.removeItem(KEY);
}

export type Problems = Readonly<Partial<Record<keyof Draft, string>>>;

/** What is missing or wrong, by field; empty when the draft can be scheduled. */
export function problemsOf(draft: Draft, addresses: number): Problems {
  const problems: Partial<Record<keyof Draft, string>> = {};
  if (addresses === 0) problems.recipients = "Add at least one address.";
  if (!draft.subject.trim()) problems.subject = "Give it a subject.";
  if (!draft[draft.format].trim()) problems[draft.format] = "Write a message.";
  if (draft.senderIds.length === 0) problems.senderIds = "Choose a sender.";
  if (draft.when === "at" && !wallToInstant(draft.wall, draft.zone))
    problems.wall = "Choose a day and a time.";
  if (Number.isNaN(readNumber(draft.delay))) problems.delay = "A number of seconds, such as 0.5.";
  const limit = readNumber(draft.hourlyLimit);
  if (limit !== null && !(Number.isInteger(limit) && limit > 0))
    problems.hourlyLimit = "A whole number of at least 1.";
  const window = windowProblem(draft.window);
  if (window) problems.window = window;
  const jitter = readNumber(draft.jitter);
  if (jitter !== null && !(Number.isInteger(jitter) && jitter <= 100))
    problems.jitter = "A whole number from 0 to 100.";
  return problems;
}

/** What a forecast needs of the draft; null while there is nobody to send to or the timing cannot be read. */
export function estimateOf(draft: Draft, count: number): NewEstimate | null {
  const problems = problemsOf(draft, count);
  if (TIMING.some((field) => problems[field])) return null;
  return { count, sender_ids: draft.senderIds, ...timingOf(draft) };
}

const TIMING: readonly (keyof Draft)[] = [
  "recipients",
  "senderIds",
  "wall",
  "delay",
  "hourlyLimit",
  "window",
  "jitter",
];

function timingOf(draft: Draft) {
  const start = draft.when === "at" ? wallToInstant(draft.wall, draft.zone) : null;
  return {
    start_at: start?.toISOString() ?? null,
    timezone: draft.zone,
    delay_seconds: readNumber(draft.delay) ?? 0,
    hourly_limit: readNumber(draft.hourlyLimit),
    window: windowOf(draft.window),
    jitter_percent: readNumber(draft.jitter),
  };
}

/** The words alone, for a look at them; null while there are none or nobody to send them. */
export function wordsOf(draft: Draft, importId: string): CampaignWords | null {
  const body = draft[draft.format];
  if (!draft.subject.trim() || !body.trim() || draft.senderIds.length === 0) return null;
  return {
    subject: draft.subject.trim(),
    [draft.format]: body,
    sender_ids: draft.senderIds,
    import_id: importId,
  };
}

/** Only the chosen format is sent; without a start it begins as soon as it is scheduled. */
export function campaignOf(draft: Draft, importId: string): NewCampaign {
  return {
    subject: draft.subject.trim(),
    [draft.format]: draft[draft.format],
    sender_ids: draft.senderIds,
    import_id: importId,
    ...timingOf(draft),
    late_policy: draft.late,
  };
}
