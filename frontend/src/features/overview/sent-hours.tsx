import type { Stats } from "@/api/types";
import { type Bar, hasRoomFor } from "@/lib/bars";
import { useNow } from "@/lib/now";
import { formatCount } from "@/lib/numbers";
import { browserZone, formatTime, zoneOffset } from "@/lib/time";
import { BarChart } from "@/ui/bar-chart";
import { Card, CardHeader } from "@/ui/page";
import { Skeleton } from "@/ui/states";
import { useStats } from "./queries";

const HOUR_MS = 3_600_000;

/** What left in each of the last 24 hours against what may leave. Errors are told once, by the figures above. */
export function SentHours() {
  const stats = useStats();
  if (stats.isError && !stats.data) return null;
  return (
    <Card>
      <CardHeader title="Sent in the last 24 hours">{stats.data && <Legend stats={stats.data} />}</CardHeader>
      <div className="p-4">
        {stats.data ? <Chart stats={stats.data} /> : <Skeleton className="h-32 w-full" />}
      </div>
    </Card>
  );
}

function Legend({ stats }: { stats: Stats }) {
  if (stats.hour_limit === null) return <p className="text-faint text-xs">No overall limit</p>;
  return (
    <p className="tabular flex items-center gap-2 text-faint text-xs">
      {hasRoomFor(stats.hour_limit, barsOfHours(stats)) && (
        <span aria-hidden className="w-4 border-warn border-t border-dashed" />
      )}
      At most {formatCount(stats.hour_limit)} an hour
    </p>
  );
}

function barsOfHours({ hours }: Stats): Bar[] {
  return hours.map(({ start, count }) => {
    const at = Date.parse(start);
    return { start: at, end: at + HOUR_MS, count };
  });
}

function Chart({ stats }: { stats: Stats }) {
  const now = useNow();
  const bars = barsOfHours(stats);
  const all = bars.reduce((sum, { count }) => sum + count, 0);
  if (all === 0) return <p className="text-faint">Nothing left in the last 24 hours.</p>;
  const local = browserZone();
  const elsewhere = zoneOffset(stats.timezone, now) !== zoneOffset(local, now);
  return (
    <BarChart
      bars={bars}
      label={`Emails in each hour, ${formatCount(all)} in all${elsewhere ? `, in ${stats.timezone.replaceAll("_", " ")}` : ""}`}
      unit="emails"
      nameOf={({ start, end }) =>
        `${formatTime(new Date(start), stats.timezone, now)}–${formatTime(new Date(end), stats.timezone, now).slice(-5)}`
      }
      limit={stats.hour_limit}
    />
  );
}
