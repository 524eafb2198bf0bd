import type { Sender } from "@/api/types";
import { formatCount } from "@/lib/numbers";
import { formatDuration } from "@/lib/time";
import { Meter } from "@/ui/meter";
import { Skeleton } from "@/ui/states";
import { RelativeTime } from "@/ui/time";
import { useSenderUsage } from "./queries";

/** How much of the mailbox's hour is used. Senders on one mailbox share it. */
export function SenderUsage({ sender }: { sender: Sender }) {
  const usage = useSenderUsage(sender.id);
  if (usage.isPending) return <Skeleton className="h-8 w-full" />;
  if (usage.isError) return <p className="text-[0.8125rem] text-faint">Its use could not be read.</p>;
  const { hour, waiting, window_seconds } = usage.data;
  const span = window_seconds === 3600 ? "in the last hour" : `in the last ${formatDuration(window_seconds)}`;
  return (
    <div>
      <p className="tabular mb-1.5 flex justify-between gap-2 text-[0.8125rem]">
        <span>
          <span className="font-medium">{formatCount(hour.used)}</span>
          <span className="text-soft">
            {hour.limit === null ? ` sent ${span}` : ` of ${formatCount(hour.limit)} ${span}`}
          </span>
        </span>
        {waiting > 0 && <span className="text-faint">{formatCount(waiting)} waiting</span>}
      </p>
      {hour.limit !== null && (
        <Meter
          label={`Use of ${sender.name}`}
          total={hour.limit}
          parts={[{ label: "Used", value: hour.used, tone: hour.used >= hour.limit ? "warn" : "accent" }]}
        />
      )}
      {hour.limit !== null && hour.used >= hour.limit && hour.next_at && (
        <p className="mt-1 text-warn text-xs">
          Limit reached; the next may go <RelativeTime at={hour.next_at} />
        </p>
      )}
    </div>
  );
}
