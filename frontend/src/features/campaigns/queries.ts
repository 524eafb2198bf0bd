import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";
import type { Campaign, List } from "@/api/types";

interface CampaignFilter {
  after?: string | undefined;
  before?: string | undefined;
  limit?: number;
}

export function useCampaigns(filter: CampaignFilter = {}) {
  return useQuery({
    queryKey: ["campaigns", "list", filter],
    queryFn: ({ signal }) =>
      api.get<List<Campaign>>("/v1/campaigns", { query: { limit: 50, ...filter }, signal }),
    placeholderData: keepPreviousData,
  });
}

/** One campaign; with null nothing is read (a message that belongs to none). */
export function useCampaign(id: string | null) {
  return useQuery({
    queryKey: ["campaigns", "detail", id],
    queryFn: ({ signal }) => api.get<Campaign>(`/v1/campaigns/${id}`, { signal }),
    enabled: id !== null,
  });
}

export function useCancelCampaign() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api.post<Campaign>(`/v1/campaigns/${id}/cancel`),
    onSettled: () => {
      client.invalidateQueries({ queryKey: ["campaigns"] });
      client.invalidateQueries({ queryKey: ["emails"] });
    },
  });
}
