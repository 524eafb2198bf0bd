import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";
import type { DeliveryFilter, NewWebhook, WebhookChange } from "@/api/types";

export function useWebhooks() {
  return useQuery({
    queryKey: ["webhooks", "list"],
    queryFn: ({ signal }) => api.get("/v1/webhooks", { query: { limit: 100 }, signal }),
  });
}

export function useWebhook(id: string) {
  return useQuery({
    queryKey: ["webhooks", "one", id],
    queryFn: ({ signal }) => api.get("/v1/webhooks/{webhook_id}", { path: { webhook_id: id }, signal }),
  });
}

export function useDeliveries(id: string, filter: DeliveryFilter) {
  return useQuery({
    queryKey: ["webhooks", "deliveries", id, filter],
    queryFn: ({ signal }) =>
      api.get("/v1/webhooks/{webhook_id}/deliveries", {
        path: { webhook_id: id },
        query: { limit: 25, ...filter },
        signal,
      }),
    placeholderData: keepPreviousData,
  });
}

export function useDelivery(id: string, deliveryId: string) {
  return useQuery({
    queryKey: ["webhooks", "delivery", id, deliveryId],
    queryFn: ({ signal }) =>
      api.get("/v1/webhooks/{webhook_id}/deliveries/{delivery_id}", {
        path: { webhook_id: id, delivery_id: deliveryId },
        signal,
      }),
  });
}

function useRefreshWebhooks() {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: ["webhooks"] });
}

export function useCreateWebhook() {
  return useMutation({
    mutationFn: (input: NewWebhook) => api.post("/v1/webhooks", { body: input }),
    onSuccess: useRefreshWebhooks(),
  });
}

export function useChangeWebhook(id: string) {
  return useMutation({
    mutationFn: (change: WebhookChange) =>
      api.patch("/v1/webhooks/{webhook_id}", { path: { webhook_id: id }, body: change }),
    onSuccess: useRefreshWebhooks(),
  });
}

export function useDeleteWebhook() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api.delete("/v1/webhooks/{webhook_id}", { path: { webhook_id: id } }),
    // What is shown of itself is gone: only the list is read again.
    onSuccess: () => client.invalidateQueries({ queryKey: ["webhooks", "list"] }),
  });
}

export function useRotateSecret(id: string) {
  return useMutation({
    mutationFn: () => api.post("/v1/webhooks/{webhook_id}/rotate", { path: { webhook_id: id } }),
    onSuccess: useRefreshWebhooks(),
  });
}

export function useTestWebhook(id: string) {
  return useMutation({
    mutationFn: () => api.post("/v1/webhooks/{webhook_id}/test", { path: { webhook_id: id }, body: {} }),
    onSuccess: useRefreshWebhooks(),
  });
}

export function useReplayFailed(id: string) {
  return useMutation({
    mutationFn: () => api.post("/v1/webhooks/{webhook_id}/replay", { path: { webhook_id: id }, body: {} }),
    onSuccess: useRefreshWebhooks(),
  });
}

export function useReplayDelivery(id: string) {
  return useMutation({
    mutationFn: (deliveryId: string) =>
      api.post("/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay", {
        path: { webhook_id: id, delivery_id: deliveryId },
      }),
    onSuccess: useRefreshWebhooks(),
  });
}
