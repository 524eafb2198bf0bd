import { History, RotateCw, X } from "lucide-react";
import type { DeliveryFilter, DeliveryStatus, Webhook, WebhookDelivery } from "@/api/types";
import { plural } from "@/lib/numbers";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Select } from "@/ui/field";
import { Card, CardHeader } from "@/ui/page";
import { Pager } from "@/ui/pager";
import { Empty, ErrorState } from "@/ui/states";
import { type Column, Table } from "@/ui/table";
import { RelativeTime, Time } from "@/ui/time";
import { toast } from "@/ui/toast";
import { DELIVERY_STATUSES, deliveryLook, statusLabel, WEBHOOK_EVENTS } from "./looks";
import { useDeliveries, useReplayFailed } from "./queries";

const COLUMNS: readonly Column<WebhookDelivery>[] = [
  {
    header: "Event",
    card: "title",
    className: "md:w-56",
    cell: (delivery) => <span className="block truncate font-mono text-xs">{delivery.type}</span>,
  },
  {
    header: "Status",
    card: "corner",
    className: "md:w-36",
    cell: (delivery) => <Badge {...deliveryLook(delivery.status, delivery.attempts)} />,
  },
  {
    header: "Answer",
    cellClass: "text-[0.8125rem] text-soft",
    cell: (delivery) => <span className="block truncate">{answerOf(delivery)}</span>,
  },
  {
    header: "Happened",
    card: "meta",
    className: "md:w-44",
    cellClass: "text-[0.8125rem] text-soft",
    cell: (delivery) => <Time at={delivery.created_at} seconds />,
  },
  {
    header: "Next attempt",
    card: "meta",
    className: "md:w-36",
    cellClass: "text-[0.8125rem] text-faint max-md:empty:hidden",
    cell: (delivery) =>
      delivery.next_attempt_at ? (
        <>
          <span className="md:hidden">Next </span>
          <RelativeTime at={delivery.next_attempt_at} coming />
        </>
      ) : delivery.status === "pending" ? (
        "Once enabled"
      ) : null,
  },
];

function answerOf(delivery: WebhookDelivery): string {
  if (delivery.attempts === 0) return "Not tried yet";
  const tries = delivery.attempts > 1 ? ` (${plural(delivery.attempts, "attempt")})` : "";
  return `${delivery.last_error ?? `The answer was ${delivery.last_status_code}.`}${tries}`;
}

interface DeliveryLogProps {
  webhook: Webhook;
  filter: DeliveryFilter;
  mayChange: boolean;
  onFilter: (change: DeliveryFilter) => void;
}

export function DeliveryLog({ webhook, filter, mayChange, onFilter }: DeliveryLogProps) {
  const deliveries = useDeliveries(webhook.id, filter);
  const rows = deliveries.data?.data;
  const filtered = filter.status || filter.type;
  return (
    <Card>
      <CardHeader title="Deliveries of the last 30 days">
        <ReplayFailed webhook={webhook} mayChange={mayChange} />
      </CardHeader>
      <div className="flex flex-wrap items-center gap-2 border-line border-b px-4 py-2.5">
        <Select
          aria-label="Status"
          value={filter.status ?? ""}
          onChange={(event) =>
            onFilter({ status: DELIVERY_STATUSES.find((each) => each === event.target.value) })
          }
        >
          <option value="">All statuses</option>
          {DELIVERY_STATUSES.map((status: DeliveryStatus) => (
            <option key={status} value={status}>
              {statusLabel(status)}
            </option>
          ))}
        </Select>
        <Select
          aria-label="Event"
          value={filter.type ?? ""}
          onChange={(event) => onFilter({ type: WEBHOOK_EVENTS.find((each) => each === event.target.value) })}
        >
          <option value="">All events</option>
          {WEBHOOK_EVENTS.map((type) => (
            <option key={type} value={type}>
              {type}
            </option>
          ))}
        </Select>
        {filtered && (
          <Button
            variant="quiet"
            size="sm"
            icon={<X className="size-3.5" aria-hidden />}
            onClick={() => onFilter({ status: undefined, type: undefined })}
          >
            Clear
          </Button>
        )}
      </div>
      {deliveries.isError && !deliveries.data ? (
        <ErrorState
          title="The log could not be read"
          error={deliveries.error}
          onRetry={() => deliveries.refetch()}
        />
      ) : rows?.length === 0 ? (
        <Empty icon={History} title={filtered ? "No delivery like that" : "Nothing was told yet"}>
          {!filtered && "Send a test event to see how your server answers."}
        </Empty>
      ) : (
        <Table
          label="Deliveries"
          columns={COLUMNS}
          rows={rows}
          rowKey={(delivery) => delivery.id}
          link={(delivery) => ({
            to: "/settings/webhooks/$id/deliveries/$deliveryId",
            params: { id: webhook.id, deliveryId: delivery.id },
          })}
          linkLabel={(delivery) =>
            `${delivery.type}, ${deliveryLook(delivery.status, delivery.attempts).label}`
          }
          dimmed={deliveries.isPlaceholderData}
        />
      )}
      {deliveries.data && rows && (
        <Pager cursor={filter} hasMore={deliveries.data.has_more} rows={rows} label="deliveries" />
      )}
    </Card>
  );
}

function ReplayFailed({ webhook, mayChange }: { webhook: Webhook; mayChange: boolean }) {
  const failed = useDeliveries(webhook.id, { status: "failed", limit: 1 });
  const replay = useReplayFailed(webhook.id);
  if (!failed.data || failed.data.data.length === 0) return null;
  const rests = mayChange
    ? webhook.status === "disabled"
      ? "Enable it first."
      : null
    : "Only an owner may do this.";
  function run() {
    replay.mutate(undefined, {
      onSuccess: ({ count }) =>
        toast.done("Tried again", `${plural(count, "delivery", "deliveries")} that had failed.`),
      onError: (error) => toast.error("Could not replay", error),
    });
  }
  return (
    <Button
      size="sm"
      icon={<RotateCw className="size-3.5" aria-hidden />}
      busy={replay.isPending}
      rests={rests}
      onClick={run}
    >
      Replay all that failed
    </Button>
  );
}
