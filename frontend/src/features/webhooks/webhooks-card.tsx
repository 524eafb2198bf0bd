import { Link } from "@tanstack/react-router";
import { ChevronRight, Plus, Webhook as WebhookIcon } from "lucide-react";
import { useState } from "react";
import type { Webhook } from "@/api/types";
import { plural } from "@/lib/numbers";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card, CardHeader } from "@/ui/page";
import { Empty, ErrorState, Skeleton } from "@/ui/states";
import { Time } from "@/ui/time";
import { HEALTH } from "./looks";
import { useWebhooks } from "./queries";
import { AddWebhook } from "./webhook-form";

export function WebhooksCard({ mayChange }: { mayChange: boolean }) {
  const webhooks = useWebhooks();
  const [adding, setAdding] = useState(false);
  return (
    <Card>
      <CardHeader title="Webhooks">
        <Button
          size="sm"
          icon={<Plus className="size-4" aria-hidden />}
          rests={mayChange ? null : "Only an owner may add one."}
          onClick={() => setAdding(true)}
        >
          Add webhook
        </Button>
      </CardHeader>
      {webhooks.isPending && (
        <div className="space-y-4 p-4">
          <Skeleton className="h-4 w-2/3" />
          <Skeleton className="h-4 w-1/2" />
        </div>
      )}
      {webhooks.isError && !webhooks.data && (
        <ErrorState
          title="The webhooks could not be read"
          error={webhooks.error}
          onRetry={() => webhooks.refetch()}
        />
      )}
      {webhooks.data?.data.length === 0 && (
        <Empty icon={WebhookIcon} title="No webhooks">
          A webhook tells your server what happens: mail that was sent or failed, campaigns that are done.
        </Empty>
      )}
      {webhooks.data && (
        <ul className="divide-y divide-line">
          {webhooks.data.data.map((webhook) => (
            <WebhookRow key={webhook.id} webhook={webhook} />
          ))}
        </ul>
      )}
      {adding && <AddWebhook onClose={() => setAdding(false)} />}
    </Card>
  );
}

function WebhookRow({ webhook }: { webhook: Webhook }) {
  return (
    <li className="relative flex flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2.5 hover:bg-raised/55">
      <div className="min-w-0 grow basis-64">
        <Link
          to="/settings/webhooks/$id"
          params={{ id: webhook.id }}
          className="block truncate font-medium after:absolute after:inset-0 focus-visible:outline-none focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-accent"
        >
          {webhook.description ?? webhook.endpoint}
        </Link>
        <p className="truncate font-mono text-faint text-xs">
          {webhook.description ? webhook.endpoint : plural(webhook.events.length, "event")}
        </p>
      </div>
      <p className="basis-56 text-[0.8125rem] text-faint">
        <LastHeard webhook={webhook} />
      </p>
      <div className="flex w-36 items-center justify-between gap-2">
        <Badge {...HEALTH[webhook.health]} />
        <ChevronRight className="size-4 shrink-0 text-faint max-sm:hidden" aria-hidden />
      </div>
    </li>
  );
}

function LastHeard({ webhook }: { webhook: Webhook }) {
  if (webhook.failing_since) {
    return (
      <>
        Fails since <Time at={webhook.failing_since} />
      </>
    );
  }
  if (!webhook.last_success_at) return "Nothing delivered yet";
  return (
    <>
      Last delivered <Time at={webhook.last_success_at} />
    </>
  );
}
