import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";
import type { SenderInput } from "@/api/types";

export function useSenders() {
  return useQuery({
    queryKey: ["senders", "list"],
    queryFn: ({ signal }) => api.get("/v1/senders", { query: { limit: 100 }, signal }),
  });
}

function useRefreshSenders() {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: ["senders"] });
}

/** Adds a sender, or changes the one whose id is given. */
export function useSaveSender(id: string | null) {
  return useMutation({
    mutationFn: (input: SenderInput) =>
      id === null
        ? api.post("/v1/senders", { body: input })
        : api.patch("/v1/senders/{sender_id}", { path: { sender_id: id }, body: input }),
    onSuccess: useRefreshSenders(),
  });
}

export function useDeleteSender() {
  return useMutation({
    mutationFn: (id: string) => api.delete("/v1/senders/{sender_id}", { path: { sender_id: id } }),
    onSuccess: useRefreshSenders(),
  });
}

export function useVerifySender() {
  return useMutation({
    mutationFn: (id: string) => api.post("/v1/senders/{sender_id}/verify", { path: { sender_id: id } }),
    onSuccess: useRefreshSenders(),
  });
}

/** Tests settings that are not saved yet. */
export function useVerifyNewSender() {
  return useMutation({
    mutationFn: (input: SenderInput) => api.post("/v1/senders/verify", { body: input }),
  });
}

export function usePauseSender() {
  return useMutation({
    mutationFn: ({ id, pause }: { id: string; pause: boolean }) =>
      api.post(pause ? "/v1/senders/{sender_id}/pause" : "/v1/senders/{sender_id}/resume", {
        path: { sender_id: id },
      }),
    onSuccess: useRefreshSenders(),
  });
}

export function useSenderUsage(id: string) {
  return useQuery({
    queryKey: ["senders", "usage", id],
    queryFn: ({ signal }) => api.get("/v1/senders/{sender_id}/usage", { path: { sender_id: id }, signal }),
  });
}
