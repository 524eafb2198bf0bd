import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";
import type { List, NewSender, Sender, SenderUsage, Verification } from "@/api/types";

export function useSenders() {
  return useQuery({
    queryKey: ["senders", "list"],
    queryFn: ({ signal }) => api.get<List<Sender>>("/v1/senders", { query: { limit: 100 }, signal }),
  });
}

function useRefreshSenders() {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: ["senders"] });
}

/** Adds a sender, or changes the one whose id is given. */
export function useSaveSender(id: string | null) {
  return useMutation({
    mutationFn: (input: NewSender) =>
      id === null ? api.post<Sender>("/v1/senders", input) : api.patch<Sender>(`/v1/senders/${id}`, input),
    onSuccess: useRefreshSenders(),
  });
}

export function useDeleteSender() {
  return useMutation({
    mutationFn: (id: string) => api.delete(`/v1/senders/${id}`),
    onSuccess: useRefreshSenders(),
  });
}

export function useVerifySender() {
  return useMutation({
    mutationFn: (id: string) => api.post<Verification>(`/v1/senders/${id}/verify`),
    onSuccess: useRefreshSenders(),
  });
}

/** Tests settings that are not saved yet. */
export function useVerifyNewSender() {
  return useMutation({
    mutationFn: (input: NewSender) => api.post<Verification>("/v1/senders/verify", input),
  });
}

export function usePauseSender() {
  return useMutation({
    mutationFn: ({ id, pause }: { id: string; pause: boolean }) =>
      api.post<Sender>(`/v1/senders/${id}/${pause ? "pause" : "resume"}`),
    onSuccess: useRefreshSenders(),
  });
}

export function useSenderUsage(id: string) {
  return useQuery({
    queryKey: ["senders", "usage", id],
    queryFn: ({ signal }) => api.get<SenderUsage>(`/v1/senders/${id}/usage`, { signal }),
  });
}
