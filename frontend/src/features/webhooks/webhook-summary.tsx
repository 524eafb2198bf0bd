import { TriangleAlert } from "lucide-react";
import type { Webhook } from "@/api/types";
import { formatCount } from "@/lib/numbers";
import { Fact, Facts } from "@/ui/facts";
import { Card } from "@/ui/page";
import { Time } from "@/ui/time";

const COUNTED = 1000; // the API counts no further

export function WebhookSummary({ webhook }: { webhook: Webhook }) {
  return (
    <Card className="mb-4">
      <Trouble webhook={webhook} />
      <Facts>
        <Fact label="Endpoint">
          <span className="break-all font-mono text-xs">{webhook.endpoint}</span>
        </Fact>
        <Fact label="Events">
          <ul className="flex flex-wrap gap-1.5">
            {webhook.events.map((type) => (
              <li key={type} className="rounded bg-raised px-1.5 py-0.5 font-mono text-soft text-xs">
                {type}
              </li>
            ))}
          </ul>
        </Fact>
        <Fact label="Last delivered">
          {webhook.last_success_at ? <Time at={webhook.last_success_at} seconds /> : "Never"}
        </Fact>
        <Fact label="Waiting">
          {webhook.pending === 0
            ? "Nothing"
            : `${formatCount(webhook.pending)}${webhook.pending === COUNTED ? " or more" : ""}`}
        </Fact>
        {webhook.previous_secret_until && (
          <Fact label="Old secret">
            Works until <Time at={webhook.previous_secret_until} />
          </Fact>
        )}
      </Facts>
    </Card>
  );
}

function Trouble({ webhook }: { webhook: Webhook }) {
  if (webhook.status === "enabled" && webhook.failing_since === null) return null;
  return (
    <div className="flex items-start gap-2.5 rounded-t-lg border-line border-b bg-warn-wash px-4 py-3 text-[0.8125rem]">
      <TriangleAlert className="mt-0.5 size-4 shrink-0 text-warn" aria-hidden />
      {webhook.status === "disabled" ? (
        <p>
          {webhook.status_reason} What happens now is not kept for it; what waited goes on once it is enabled.
        </p>
      ) : (
        webhook.failing_since && (
          <p>
            Nothing was delivered since <Time at={webhook.failing_since} />. It is tried again for 3 days,
            then the webhook is disabled.
          </p>
        )
      )}
    </div>
  );
}
