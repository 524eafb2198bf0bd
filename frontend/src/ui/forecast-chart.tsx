import type { Estimate } from "@/api/types";
import { barsOf } from "@/lib/bars";
import { useNow } from "@/lib/now";
import { formatDuration, formatTime } from "@/lib/time";
import { BarChart } from "./bar-chart";

const MOST_BARS = 60;
const DAY_SECONDS = 86_400;

interface ForecastChartProps {
  estimate: Estimate;
  zone: string; // in which hours and days are named
  stale?: boolean;
}

/** How many emails leave each hour, or in each of the longer spans that fit beside one another. */
export function ForecastChart({ estimate, zone, stale = false }: ForecastChartProps) {
  const now = useNow();
  const bars = barsOf(estimate.buckets, estimate.bucket_seconds, MOST_BARS);
  const first = bars[0];
  if (!first) return null;
  const seconds = (first.end - first.start) / 1000;
  const named = (start: number) => {
    const text = formatTime(new Date(start), zone, now, seconds < 60);
    return seconds >= DAY_SECONDS ? text.replace(/,? \d\d:\d\d$/, "") : text;
  };
  return (
    <BarChart
      bars={bars}
      label={`Emails in each ${spanName(seconds)}`}
      unit="emails"
      nameOf={(bar) => named(bar.start)}
      stale={stale}
    />
  );
}

function spanName(seconds: number): string {
  if (seconds === 3_600) return "hour";
  if (seconds === DAY_SECONDS) return "day";
  return `span of ${formatDuration(seconds)}`;
}
