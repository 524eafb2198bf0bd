import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";
import type { CampaignWords } from "@/api/types";

/** Whose message: by place in the list, or by address. */
export type Whose = { readonly index: number } | { readonly email: string };

/** One recipient's message as it would be sent. */
export function usePreview(words: CampaignWords, whose: Whose) {
  return useQuery({
    queryKey: ["compose", "preview", words, whose],
    queryFn: ({ signal }) => api.post("/v1/campaigns/preview", { body: { ...words, ...whose }, signal }),
    placeholderData: keepPreviousData,
    retry: false,
    gcTime: 30_000,
  });
}

/** Who has nothing for a variable that the message uses; with null nothing is asked. */
export function useMissing(words: CampaignWords | null) {
  return useQuery({
    queryKey: ["compose", "missing", words],
    queryFn: ({ signal }) => api.post("/v1/campaigns/missing", { body: words as CampaignWords, signal }),
    enabled: words !== null,
    retry: false,
    gcTime: 30_000,
  });
}

export function useSendTest(words: CampaignWords) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (input: { to: string[]; index: number }) =>
      api.post("/v1/campaigns/test", { body: { ...words, ...input } }),
    onSuccess: () => {
      for (const key of ["emails", "stats"]) client.invalidateQueries({ queryKey: [key] });
    },
  });
}
