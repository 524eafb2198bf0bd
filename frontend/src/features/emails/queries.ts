import { keepPreviousData, queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";
import type { Decision, EmailChange, EmailStatus } from "@/api/types";

const WAITING_REFRESH_MS = 5_000;

export type EmailSort = "created_at" | "scheduled_at" | "sent_at";

export interface EmailFilter {
  status: readonly EmailStatus[];
  campaign_id?: string | undefined;
  sender_id?: string | undefined;
  q?: string | undefined;
  tag?: string | undefined;
  /** `scheduled_at` (the next one first) only where every status waits, `sent_at` only where all has ended or is in doubt. */
  sort?: EmailSort;
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
    // Why it waits can change without an event: a window closes, a limit frees a place.
    refetchInterval: ({ state }) => (state.data?.waiting_for ? WAITING_REFRESH_MS : false),
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

/**
 * What one order changes shows everywhere: the lists, a campaign's counts, the overview. Nobody waits for it: what
 * gave the order may be gone from the page by then, and could not tell how it went.
 */
function useRefresh() {
  const client = useQueryClient();
  return () => {
    for (const key of ["emails", "email-source", "campaigns", "stats"])
      client.invalidateQueries({ queryKey: [key] });
  };
}

export function useCancelEmail() {
  return useMutation({ mutationFn: cancelEmail, onSettled: useRefresh() });
}

function cancelEmail(id: string) {
  return api.post("/v1/emails/{email_id}/cancel", { path: { email_id: id } });
}

export function useChangeEmail(id: string) {
  return useMutation({
    mutationFn: (body: EmailChange) => api.patch("/v1/emails/{email_id}", { path: { email_id: id }, body }),
    onSettled: useRefresh(),
  });
}

/** Tries a message again at a moment in ISO 8601; null is now. */
export function useRetryEmail(id: string) {
  return useMutation({
    mutationFn: (at: string | null) =>
      api.post("/v1/emails/{email_id}/retry", { path: { email_id: id }, body: { scheduled_at: at } }),
    onSettled: useRefresh(),
  });
}

export function useResolveEmail(id: string) {
  return useMutation({
    mutationFn: (action: Decision) =>
      api.post("/v1/emails/{email_id}/resolve", { path: { email_id: id }, body: { action } }),
    onSettled: useRefresh(),
  });
}

/** What became of many: how many stand as asked, and why the others do not. */
export interface BulkResult {
  readonly done: number;
  readonly refusals: readonly string[];
}

export type BulkOrder =
  | { action: "cancel"; ids: readonly string[] }
  | { action: "retry"; ids: readonly string[] }
  | { action: Decision; ids: readonly string[] };

export function useBulk() {
  return useMutation({ mutationFn: order, onSettled: useRefresh() });
}

async function order({ action, ids }: BulkOrder): Promise<BulkResult> {
  const answer = await give(action, [...ids]);
  return { done: answer.data.length, refusals: answer.errors.map(({ message }) => message) };
}

function give(action: BulkOrder["action"], ids: string[]) {
  if (action === "cancel") return api.post("/v1/emails/cancel", { body: { ids } });
  if (action === "retry") return api.post("/v1/emails/retry", { body: { ids } });
  return api.post("/v1/emails/resolve", { body: { action, ids } });
}
