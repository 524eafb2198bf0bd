import {
  keepPreviousData,
  type QueryClient,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { api } from "@/api/client";
import type { CampaignState } from "@/api/types";

interface CampaignFilter {
  q?: string | undefined;
  state?: CampaignState | undefined;
  after?: string | undefined;
  before?: string | undefined;
  limit?: number;
}

export function useCampaigns(filter: CampaignFilter = {}) {
  return useQuery({
    queryKey: ["campaigns", "list", filter],
    queryFn: ({ signal }) => api.get("/v1/campaigns", { query: { limit: 50, ...filter }, signal }),
    placeholderData: keepPreviousData,
  });
}

/** One campaign; with null nothing is read (a message that belongs to none). */
export function useCampaign(id: string | null) {
  return useQuery({
    queryKey: ["campaigns", "detail", id],
    queryFn: ({ signal }) =>
      api.get("/v1/campaigns/{campaign_id}", { path: { campaign_id: id ?? "" }, signal }),
    enabled: id !== null,
  });
}

/** When what is left of a campaign will leave: read again whenever something changes. */
export function useCampaignEstimate(id: string) {
  return useQuery({
    queryKey: ["campaigns", "estimate", id],
    queryFn: ({ signal }) => api.post("/v1/campaigns/estimate", { body: { campaign_id: id }, signal }),
    placeholderData: keepPreviousData,
  });
}

export type CampaignAction = "schedule" | "pause" | "resume" | "cancel";

export function useCampaignAction(action: CampaignAction) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      api.post(`/v1/campaigns/{campaign_id}/${action}`, { path: { campaign_id: id } }),
    onSettled: () => refresh(client),
  });
}

/** Has all that failed for sure tried again; what was given up in doubt stays. */
export function useRetryFailed() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      api.post("/v1/campaigns/{campaign_id}/retry-failed", { path: { campaign_id: id } }),
    onSettled: () => refresh(client),
  });
}

/** A new draft with the same list, message and pace. */
export function useDuplicateCampaign() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      api.post("/v1/campaigns/{campaign_id}/duplicate", { path: { campaign_id: id } }),
    onSuccess: () => refresh(client),
  });
}

/** Where the browser downloads what became of each message. */
export function exportPath(id: string): string {
  return `/v1/campaigns/${id}/export.csv`;
}

function refresh(client: QueryClient) {
  for (const key of ["campaigns", "emails", "stats"]) client.invalidateQueries({ queryKey: [key] });
}
