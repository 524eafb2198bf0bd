import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";
import type { NewDkim, SenderInput } from "@/api/types";

export function useSenders() {
  return useQuery({
    queryKey: ["senders", "list"],
    queryFn: ({ signal }) => api.get("/v1/senders", { query: { limit: 100 }, signal }),
  });
}

export function useSender(id: string) {
  return useQuery({
    queryKey: ["senders", "one", id],
    queryFn: ({ signal }) => api.get("/v1/senders/{sender_id}", { path: { sender_id: id }, signal }),
  });
}

function useRefreshSenders() {
  const client = useQueryClient();
  return () => {
    client.invalidateQueries({ queryKey: ["dns-check"] });
    return client.invalidateQueries({ queryKey: ["senders"] });
  };
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

/** SPF, DKIM and DMARC as receivers find them now. Not under "senders", which is read again with every message that
 * leaves: this asks name servers all over the world. */
export function useDnsCheck(id: string) {
  return useQuery({
    queryKey: ["dns-check", id],
    queryFn: ({ signal }) =>
      api.post("/v1/senders/{sender_id}/dns-check", { path: { sender_id: id }, signal }),
    staleTime: 60_000,
    retry: false,
  });
}

export function useDkim(id: string) {
  return useQuery({
    queryKey: ["senders", "dkim", id],
    queryFn: ({ signal }) => api.get("/v1/senders/{sender_id}/dkim", { path: { sender_id: id }, signal }),
  });
}

/** Makes a key, or takes the one that is given. */
export function useSetUpDkim(id: string) {
  return useMutation({
    mutationFn: (input: NewDkim) =>
      api.post("/v1/senders/{sender_id}/dkim", { path: { sender_id: id }, body: input }),
    onSuccess: useRefreshSenders(),
  });
}

export function useCheckDkim(id: string) {
  return useMutation({
    mutationFn: () => api.post("/v1/senders/{sender_id}/dkim/check", { path: { sender_id: id } }),
    onSuccess: useRefreshSenders(),
  });
}

export function useRemoveDkim(id: string) {
  return useMutation({
    mutationFn: (only_waiting: boolean) =>
      api.delete("/v1/senders/{sender_id}/dkim", { path: { sender_id: id }, query: { only_waiting } }),
    onSuccess: useRefreshSenders(),
  });
}
