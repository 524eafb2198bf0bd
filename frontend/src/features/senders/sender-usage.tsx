import type { Sender } from "@/api/types";
import { AllowanceMeter } from "@/ui/allowance";
import { Skeleton } from "@/ui/states";
import { useSenderUsage } from "./queries";

/** How much of the mailbox's hour is used. Senders on one mailbox share it. */
export function SenderUsage({ sender }: { sender: Sender }) {
  const usage = useSenderUsage(sender.id);
  if (usage.isPending) return <Skeleton className="h-8 w-full" />;
  if (usage.isError) return <p className="text-[0.8125rem] text-faint">Its use could not be read.</p>;
  const { hour, day, waiting, window_seconds } = usage.data;
  return (
    <div className="space-y-3">
      <AllowanceMeter
        label={`Use of ${sender.name}`}
        allowance={hour}
        windowSeconds={window_seconds}
        waiting={waiting}
      />
      {day && (
        <AllowanceMeter
          label={`Use of ${sender.name} in a day`}
          allowance={day}
          windowSeconds={window_seconds * 24}
          waiting={0}
        />
      )}
    </div>
  );
}
