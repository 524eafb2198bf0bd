import { keepPreviousData, queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";
import type { EmailStatus } from "@/api/types";

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
      api.get("/v1/emails", {
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
    queryFn: ({ signal }) => api.get("/v1/emails/{email_id}", { path: { email_id: id }, signal }),
  });
}

export function useStoryEntrys(id: string) {
  return useQuery({
    queryKey: ["emails", "events", id],
    queryFn: ({ signal }) => api.get("/v1/emails/{email_id}/events", { path: { email_id: id }, signal }),
  });
}

export function useEmailSource(id: string) {
  return useQuery({
    queryKey: ["email-source", id],
    queryFn: ({ signal }) => api.text("/v1/emails/{email_id}/source", { path: { email_id: id }, signal }),
    staleTime: 60_000,
  });
}

export function useCancelEmail() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api.post("/v1/emails/{email_id}/cancel", { path: { email_id: id } }),
    onSettled: () => client.invalidateQueries({ queryKey: ["emails"] }),
  });
}
