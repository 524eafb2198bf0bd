/** Bars of a chart over time, from the buckets of a forecast. Times are milliseconds since the epoch. */

export interface Bar {
  readonly start: number;
  readonly end: number;
  readonly count: number;
}

interface Bucket {
  readonly start: string;
  readonly count: number;
}

/**
 * One bar for each bucket from the first to the last, the empty ones between them too; where these are more than `most`,
 * several buckets make one bar.
 */
export function barsOf(buckets: readonly Bucket[], bucketSeconds: number, most: number): Bar[] {
  const first = buckets[0];
  const last = buckets.at(-1);
  if (!first || !last) return [];
  const begin = Date.parse(first.start);
  const width = bucketSeconds * 1000;
  const whole = Math.round((Date.parse(last.start) - begin) / width) + 1;
  const merged = Math.ceil(whole / most);
  const bars = Array.from({ length: Math.ceil(whole / merged) }, (_, i) => ({
    start: begin + i * merged * width,
    end: begin + (i + 1) * merged * width,
    count: 0,
  }));
  for (const bucket of buckets) {
    const bar = bars[Math.floor(Math.round((Date.parse(bucket.start) - begin) / width) / merged)];
    if (bar) bar.count += bucket.count;
  }
  return bars;
}

const FAR = 20; // times the highest bar

/** Whether a chart has room for a limit: one far above would leave nothing of the bars. */
export function hasRoomFor(limit: number | null, bars: readonly Bar[]): limit is number {
  return limit !== null && limit <= FAR * Math.max(1, ...bars.map(({ count }) => count));
}

/** The next round number above: 1, 2 or 5 times a power of ten. */
export function roundUp(value: number): number {
  if (value <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 5, 10].find((each) => each * power >= value) ?? 10;
  return factor * power;
}
