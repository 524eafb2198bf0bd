/** Sending windows: the days and hours at which mail may leave. */

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

const NAMES: Record<string, string> = {
  mon: "Mon",
  tue: "Tue",
  wed: "Wed",
  thu: "Thu",
  fri: "Fri",
  sat: "Sat",
  sun: "Sun",
};

export interface Window {
  readonly days: readonly string[];
  readonly start: string; // "09:00"
  readonly end: string; // "17:00", "24:00"; not after the start: on the next day
}

export function dayName(day: string): string {
  return NAMES[day] ?? day;
}

/** "Mon–Fri, 09:00–17:00"; days in a row are joined, "Every day" where none is missing. */
export function describeWindow({ days, start, end }: Window): string {
  return `${describeDays(days)}, ${start}–${end}${endsNextDay({ start, end }) ? " the next day" : ""}`;
}

/** Midnight as an end is the day's own. */
export function endsNextDay({ start, end }: Pick<Window, "start" | "end">): boolean {
  return end <= start && end !== "00:00";
}

function describeDays(days: readonly string[]): string {
  if (days.length === DAYS.length) return "Every day";
  const runs: string[][] = [];
  DAYS.forEach((day, at) => {
    if (!days.includes(day)) return;
    const before = at > 0 && days.includes(DAYS[at - 1] ?? "");
    if (before) runs.at(-1)?.push(day);
    else runs.push([day]);
  });
  return runs.map(describeRun).join(", ");
}

function describeRun(run: readonly string[]): string {
  const names = run.map(dayName);
  return names.length > 2 ? `${names[0]}–${names.at(-1)}` : names.join(", ");
}
