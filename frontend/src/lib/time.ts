/** Times of the dashboard. Instants are ISO 8601 strings or Dates; zones are IANA names. */

const DAY_MS = 86_400_000;

export function browserZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

/** "Today 14:05", "Tomorrow 09:00", "Mon 3 Mar, 09:00", "3 Mar 2027, 09:00": short, and never ambiguous. */
export function formatTime(instant: string | Date, zone: string, now: Date, seconds = false): string {
  const date = new Date(instant);
  const clock = format(date, zone, {
    hour: "2-digit",
    minute: "2-digit",
    second: seconds ? "2-digit" : undefined,
    hourCycle: "h23",
  });
  const days = dayNumber(date, zone) - dayNumber(now, zone);
  if (days === 0) return `Today ${clock}`;
  if (days === 1) return `Tomorrow ${clock}`;
  if (days === -1) return `Yesterday ${clock}`;
  const sameYear = format(date, zone, { year: "numeric" }) === format(now, zone, { year: "numeric" });
  const day = format(date, zone, {
    day: "numeric",
    month: "short",
    ...(sameYear ? { weekday: "short" } : { year: "numeric" }),
  });
  return `${day}, ${clock}`;
}

/** The full moment with seconds, and milliseconds where there are some. */
export function formatMoment(instant: string | Date, zone: string): string {
  const date = new Date(instant);
  return format(date, zone, {
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: date.getUTCMilliseconds() === 0 ? undefined : 3,
    hourCycle: "h23",
  });
}

/** The full moment and the zone's offset: for titles. */
export function formatExact(instant: string | Date, zone: string): string {
  return `${formatMoment(instant, zone)} ${zoneOffset(zone, new Date(instant))}`;
}

/** "in 4 min", "2 h ago", "now" (within a second). */
export function formatRelative(instant: string | Date, now: Date): string {
  const ms = new Date(instant).getTime() - now.getTime();
  if (Math.abs(ms) < 1_000) return "now";
  const text = formatDuration(Math.round(Math.abs(ms) / 1000));
  return ms > 0 ? `in ${text}` : `${text} ago`;
}

/** A length of time in one or two units, the second only where it matters: "0.05 s", "1 min 30 s", "12 min", "2 h 5 min", "3 d 4 h". */
export function formatDuration(seconds: number): string {
  if (seconds < 10) return `${Number(seconds.toFixed(3))} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return pair(Math.floor(whole / 60), "min", whole % 60, "s");
  const minutes = Math.round(whole / 60);
  if (minutes < 1_440) return pair(Math.floor(minutes / 60), "h", minutes % 60, "min");
  const hours = Math.round(minutes / 60);
  return pair(Math.floor(hours / 24), "d", hours % 24, "h");
}

/** "UTC+02:00" of a zone at an instant; "UTC" where there is no offset. */
export function zoneOffset(zone: string, at: Date): string {
  const minutes = Math.round(offsetMs(zone, at.getTime()) / 60_000);
  if (minutes === 0) return "UTC";
  const sign = minutes < 0 ? "-" : "+";
  const abs = Math.abs(minutes);
  return `UTC${sign}${String(Math.floor(abs / 60)).padStart(2, "0")}:${String(abs % 60).padStart(2, "0")}`;
}

/**
 * The instant of a wall time such as "2026-03-29T02:30" in a zone; null when the text is no time.
 * A time that a clock change skips means the moment after the gap; one that occurs twice means the first.
 */
export function wallToInstant(wall: string, zone: string): Date | null {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?$/.test(wall)) return null;
  const asUtc = Date.parse(`${wall}Z`);
  if (Number.isNaN(asUtc)) return null;
  const before = asUtc - offsetMs(zone, asUtc - DAY_MS);
  const after = asUtc - offsetMs(zone, asUtc + DAY_MS);
  const fits = [before, after].filter((instant) => instant + offsetMs(zone, instant) === asUtc);
  return new Date(fits.length > 0 ? Math.min(...fits) : Math.max(before, after));
}

/** The wall time "YYYY-MM-DDTHH:MM" of an instant in a zone, as `<input type="datetime-local">` wants it. */
export function instantToWall(instant: Date, zone: string): string {
  return new Date(instant.getTime() + offsetMs(zone, instant.getTime())).toISOString().slice(0, 16);
}

export function isZone(zone: string): boolean {
  try {
    formatter(zone, {});
    return true;
  } catch {
    return false;
  }
}

function pair(big: number, bigUnit: string, small: number, smallUnit: string): string {
  return small === 0 || big >= 10 ? `${big} ${bigUnit}` : `${big} ${bigUnit} ${small} ${smallUnit}`;
}

function dayNumber(date: Date, zone: string): number {
  return Math.floor((date.getTime() + offsetMs(zone, date.getTime())) / DAY_MS);
}

function offsetMs(zone: string, instant: number): number {
  const whole = Math.floor(instant / 1000) * 1000;
  const parts: Record<string, string> = {};
  const fields = formatter(zone, {
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
    hourCycle: "h23",
  }).formatToParts(whole);
  for (const { type, value } of fields) parts[type] = value;
  const { year, month, day, hour, minute, second } = parts;
  const wall = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
  return wall - whole;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

/** Building an Intl formatter costs more than using it a thousand times, and a table formats a hundred times a paint. */
function formatter(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${zone}|${JSON.stringify(options)}`;
  let found = formatters.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone });
    formatters.set(key, found);
  }
  return found;
}

function format(date: Date, zone: string, options: Intl.DateTimeFormatOptions): string {
  return formatter(zone, options).format(date);
}
