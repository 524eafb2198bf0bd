import { getRouteApi } from "@tanstack/react-router";
import { useMe } from "@/features/session/queries";
import { DeliveryLog } from "@/features/webhooks/delivery-log";
import { DeliveryView, ReplayDelivery } from "@/features/webhooks/delivery-view";
import { deliveryLook, HEALTH } from "@/features/webhooks/looks";
import { useDelivery, useWebhook } from "@/features/webhooks/queries";
import { WebhookActions } from "@/features/webhooks/webhook-actions";
import { WebhookSummary } from "@/features/webhooks/webhook-summary";
import { BackLink } from "@/ui/back-link";
import { Badge } from "@/ui/badge";
import { Page } from "@/ui/page";
import { ErrorState, Skeleton } from "@/ui/states";

const one = getRouteApi("/app/settings/webhooks/$id");
const detail = getRouteApi("/app/settings/webhooks/$id/deliveries/$deliveryId");

export function WebhookPage() {
  const { id } = one.useParams();
  const filter = one.useSearch();
  const navigate = one.useNavigate();
  const webhook = useWebhook(id);
  const mayChange = useMe().data?.role === "owner";
  if (webhook.isPending) return <Loading title="Webhook" />;
  if (webhook.isError) {
    return (
      <ErrorState
        title="The webhook could not be read"
        error={webhook.error}
        onRetry={() => webhook.refetch()}
      />
    );
  }
  return (
    <Page
      title={webhook.data.description ?? new URL(webhook.data.endpoint).host}
      beside={<Badge {...HEALTH[webhook.data.health]} />}
      back={<BackLink to="/settings" label="Settings" />}
      actions={<WebhookActions webhook={webhook.data} mayChange={mayChange} />}
    >
      <WebhookSummary webhook={webhook.data} />
      <DeliveryLog
        webhook={webhook.data}
        filter={filter}
        mayChange={mayChange}
        onFilter={(change) =>
          navigate({ search: (old) => ({ ...old, after: undefined, before: undefined, ...change }) })
        }
      />
    </Page>
  );
}

export function DeliveryPage() {
  const { id, deliveryId } = detail.useParams();
  const webhook = useWebhook(id);
  const delivery = useDelivery(id, deliveryId);
  const mayChange = useMe().data?.role === "owner";
  if (webhook.isPending || delivery.isPending) return <Loading title="Delivery" />;
  if (webhook.isError || delivery.isError) {
    const failed = webhook.isError ? webhook : delivery;
    return (
      <ErrorState
        title="The delivery could not be read"
        error={failed.error ?? new Error("No answer")}
        onRetry={() => failed.refetch()}
      />
    );
  }
  return (
    <Page
      title={delivery.data.type}
      beside={<Badge {...deliveryLook(delivery.data.status, delivery.data.attempts)} />}
      back={<BackLink to="/settings/webhooks/$id" params={{ id }} label="Webhook" />}
      actions={<ReplayDelivery webhook={webhook.data} delivery={delivery.data} mayChange={mayChange} />}
    >
      <DeliveryView delivery={delivery.data} />
    </Page>
  );
}

function Loading({ title }: { title: string }) {
  return (
    <Page title={title}>
      <Skeleton className="h-72 w-full" />
    </Page>
  );
}
