const whole = new Intl.NumberFormat("en-GB");

export function formatCount(value: number): string {
  return whole.format(value);
}

/** "0 bytes", "1.4 KB", "25 MB": in steps of 1,024, as the API's limits are. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return plural(bytes, "byte");
  const step = bytes < 1024 ** 2 ? { unit: "KB", size: 1024 } : { unit: "MB", size: 1024 ** 2 };
  return `${(bytes / step.size).toLocaleString("en-GB", { maximumFractionDigits: 1 })} ${step.unit}`;
}

/** "1 email", "2 emails": English plurals of the words we use. */
export function plural(count: number, one: string, many: string = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** The share of a whole in percent, 0 to 100; 0 of 0 is 0. */
export function percent(part: number, total: number): number {
  if (total <= 0) return 0;
  return Math.min(100, Math.max(0, (part / total) * 100));
}

/** Reads a number that a person typed; null when the field is empty, NaN when it is no number. */
export function readNumber(text: string): number | null {
  const trimmed = text.trim().replace(",", ".");
  if (trimmed === "") return null;
  return /^\d+(\.\d*)?$|^\.\d+$/.test(trimmed) ? Number(trimmed) : Number.NaN;
}
