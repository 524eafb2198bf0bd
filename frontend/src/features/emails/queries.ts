import { keepPreviousData, queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";
import type { Email, EmailDetail, EmailState, EmailStatus, List, StoryEntry } from "@/api/types";

export interface EmailFilter {
  status: readonly EmailStatus[];
  campaign_id?: string | undefined;
  sender_id?: string | undefined;
  q?: string | undefined;
  /** `scheduled_at` (the next one first) only where every status waits. */
  sort?: "created_at" | "scheduled_at";
  after?: string | undefined;
  before?: string | undefined;
  limit?: number;
}

export function emailsQuery(filter: EmailFilter) {
  return queryOptions({
    queryKey: ["emails", "list", filter],
    queryFn: ({ signal }) =>
      api.get<List<Email>>("/v1/emails", {
        query: { limit: 50, ...filter, status: filter.status.join(",") },
        signal,
      }),
    placeholderData: keepPreviousData,
  });
}

export function useEmails(filter: EmailFilter) {
  return useQuery(emailsQuery(filter));
}

export function useEmail(id: string) {
  return useQuery({
    queryKey: ["emails", "detail", id],
    queryFn: ({ signal }) => api.get<EmailDetail>(`/v1/emails/${id}`, { signal }),
  });
}

export function useStoryEntrys(id: string) {
  return useQuery({
    queryKey: ["emails", "events", id],
    queryFn: ({ signal }) => api.get<List<StoryEntry>>(`/v1/emails/${id}/events`, { signal }),
  });
}

export function useEmailSource(id: string) {
  return useQuery({
    queryKey: ["email-source", id],
    queryFn: ({ signal }) => api.text(`/v1/emails/${id}/source`, signal),
    staleTime: 60_000,
  });
}

export function useCancelEmail() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api.post<EmailState>(`/v1/emails/${id}/cancel`),
    onSettled: () => client.invalidateQueries({ queryKey: ["emails"] }),
  });
}
