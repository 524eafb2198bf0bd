/** What a schedule implies by arithmetic alone. It is a bound, not a forecast: other mail on the mailbox comes on top. */

export interface Pace {
  readonly count: number;
  readonly start: Date;
  readonly delaySeconds: number; // message i is due at start + i x delay
  readonly hourlyLimits: readonly number[]; // each holds for the whole, all in emails per window
  readonly windowSeconds: number; // what "an hour" is
}

/** The earliest moment at which the last message can leave; null when there is none to send. */
export function earliestLast({ count, start, delaySeconds, hourlyLimits, windowSeconds }: Pace): Date | null {
  if (count < 1) return null;
  const steps = count - 1;
  const byLimits = hourlyLimits.map((limit) => Math.floor(steps / limit) * windowSeconds);
  return new Date(start.getTime() + Math.max(steps * delaySeconds, ...byLimits) * 1000);
}
