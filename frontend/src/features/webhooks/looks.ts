import { CircleCheck, CircleDashed, CircleX, Clock3, TriangleAlert } from "lucide-react";
import type { DeliveryStatus, Webhook, WebhookEvent } from "@/api/types";
import type { Look } from "@/ui/badge";

/** The one table of how a webhook is. */
export const HEALTH: Record<Webhook["health"], Look> = {
  unused: { label: "Not used yet", tone: "neutral", icon: CircleDashed },
  healthy: { label: "Healthy", tone: "ok", icon: CircleCheck },
  failing: { label: "Failing", tone: "warn", icon: TriangleAlert },
  disabled: { label: "Disabled", tone: "bad", icon: CircleX },
};

const DELIVERY: Record<DeliveryStatus, Look> = {
  pending: { label: "Waiting", tone: "info", icon: Clock3 },
  delivered: { label: "Delivered", tone: "ok", icon: CircleCheck },
  failed: { label: "Given up", tone: "bad", icon: CircleX },
};

const RETRYING: Look = { label: "Trying again", tone: "warn", icon: TriangleAlert };

export const DELIVERY_STATUSES: readonly DeliveryStatus[] = ["pending", "delivered", "failed"];

export function deliveryLook(status: DeliveryStatus, attempts: number): Look {
  return status === "pending" && attempts > 0 ? RETRYING : DELIVERY[status];
}

export function statusLabel(status: DeliveryStatus): string {
  return DELIVERY[status].label;
}

/** Every event with what it tells; exhaustive by its type. */
const TOLD: Record<WebhookEvent, string> = {
  "email.scheduled": "Taken into the schedule",
  "email.deferred": "Not taken for now, tried again",
  "email.sent": "Taken by the mail server",
  "email.uncertain": "Nobody knows whether it arrived",
  "email.failed": "Given up or refused",
  "email.bounced": "Came back later",
  "email.cancelled": "Cancelled before it left",
  "email.suppressed": "The address is suppressed",
  "campaign.started": "Its time has come",
  "campaign.paused": "Somebody paused it",
  "campaign.completed": "Nothing of it waits any more",
  "sender.limit_reached": "A limit holds its mail back",
  "sender.disabled": "Its server lets it in no more",
};

export const WEBHOOK_EVENTS = Object.keys(TOLD) as readonly WebhookEvent[];

export const EVENT_GROUPS: readonly {
  label: string;
  events: readonly { type: WebhookEvent; told: string }[];
}[] = ["Email", "Campaign", "Sender"].map((label) => ({
  label,
  events: WEBHOOK_EVENTS.filter((type) => type.startsWith(`${label.toLowerCase()}.`)).map((type) => ({
    type,
    told: TOLD[type],
  })),
}));
