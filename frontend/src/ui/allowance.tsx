import type { Allowance } from "@/api/types";
import { useNow } from "@/lib/now";
import { formatCount } from "@/lib/numbers";
import { formatDuration } from "@/lib/time";
import { Meter } from "./meter";
import { RelativeTime } from "./time";

interface AllowanceMeterProps {
  label: string;
  allowance: Allowance;
  windowSeconds: number;
  waiting: number;
}

/** How much of a limit is used in the window that ends now; without a limit, how much was sent in it. */
export function AllowanceMeter({ label, allowance, windowSeconds, waiting }: AllowanceMeterProps) {
  const { used, limit, next_at } = allowance;
  const now = useNow();
  const full = limit !== null && used >= limit;
  return (
    <div>
      <p className="tabular mb-1.5 flex justify-between gap-2 text-[0.8125rem]">
        <span>
          <span className="font-medium">{formatCount(used)}</span>
          <span className="text-soft">
            {limit === null
              ? ` sent ${lastWindow(windowSeconds)}`
              : ` of ${formatCount(limit)} ${lastWindow(windowSeconds)}`}
          </span>
        </span>
        {waiting > 0 && <span className="shrink-0 text-faint">{formatCount(waiting)} waiting</span>}
      </p>
      {limit !== null && (
        <Meter
          label={label}
          total={limit}
          parts={[{ label: "Used", value: used, tone: full ? "warn" : "accent" }]}
        />
      )}
      {full && next_at && new Date(next_at) > now && (
        <p className="mt-1 text-warn text-xs">
          Limit reached; the next may go <RelativeTime at={next_at} coming />
        </p>
      )}
    </div>
  );
}

/** "in the last hour"; installations may shorten what an hour is. */
export function lastWindow(seconds: number): string {
  if (seconds === 3600) return "in the last hour";
  return seconds === 86_400 ? "in the last day" : `in the last ${formatDuration(seconds)}`;
}
