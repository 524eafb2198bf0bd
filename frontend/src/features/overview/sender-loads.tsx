import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { SenderLoad } from "@/api/types";
import { AllowanceMeter } from "@/ui/allowance";
import { Badge } from "@/ui/badge";
import { Card, CardHeader } from "@/ui/page";
import { SENDER_STATE } from "@/ui/sender-state";
import { Skeleton } from "@/ui/states";
import { useStats } from "./queries";

/** What each sender has used of its limit. Errors are told once, by the figures above. */
export function SenderLoads({ more }: { more: ReactNode }) {
  const stats = useStats();
  return (
    <Card>
      <CardHeader title="Senders">{more}</CardHeader>
      {stats.isPending && (
        <div className="p-4">
          <Skeleton className="h-10 w-full" />
        </div>
      )}
      {stats.data?.senders.length === 0 && <p className="px-4 py-6 text-faint">No sender yet.</p>}
      <ul className="max-h-[28rem] divide-y divide-line overflow-y-auto">
        {stats.data?.senders.map((sender) => (
          <Load key={sender.id} sender={sender} windowSeconds={stats.data.window_seconds} />
        ))}
      </ul>
    </Card>
  );
}

function Load({ sender, windowSeconds }: { sender: SenderLoad; windowSeconds: number }) {
  return (
    <li className="px-4 py-3">
      <div className="mb-1.5 flex items-center justify-between gap-2">
        <Link
          to="/senders"
          search={{ edit: sender.id }}
          className="truncate rounded font-medium hover:underline"
          title={sender.from_email}
        >
          {sender.name}
        </Link>
        {sender.state !== "active" && (
          <Badge {...SENDER_STATE[sender.state]} title={sender.state_reason ?? ""} />
        )}
      </div>
      <AllowanceMeter
        label={`Use of ${sender.name}`}
        allowance={sender.hour}
        windowSeconds={windowSeconds}
        waiting={sender.waiting}
      />
    </li>
  );
}
