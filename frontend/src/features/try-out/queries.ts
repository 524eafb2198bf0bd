import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";
import type { CampaignWords } from "@/api/types";

/** What is tried out: words of which there is no draft yet, or a campaign by its id. */
export type Tried = { readonly words: CampaignWords } | { readonly campaign: string };

/** Whose message: by place in the list, or by address. */
export type Whose = { readonly index: number } | { readonly email: string };

/** One recipient's message as it would be sent. */
export function usePreview(tried: Tried, whose: Whose) {
  return useQuery({
    queryKey: keyOf("preview", tried, whose),
    queryFn: ({ signal }) =>
      "campaign" in tried
        ? api.post("/v1/campaigns/{campaign_id}/preview", {
            path: { campaign_id: tried.campaign },
            body: { ...whose },
            signal,
          })
        : api.post("/v1/campaigns/preview", { body: { ...tried.words, ...whose }, signal }),
    placeholderData: keepPreviousData,
    retry: false,
    gcTime: 30_000,
  });
}

/** Who has nothing for a variable that the message uses; with null nothing is asked. */
export function useMissing(tried: Tried | null) {
  return useQuery({
    queryKey: keyOf("missing", tried),
    queryFn: ({ signal }) => {
      const { words, campaign } = { words: null, campaign: "", ...tried };
      return words
        ? api.post("/v1/campaigns/missing", { body: words, signal })
        : api.get("/v1/campaigns/{campaign_id}/missing", { path: { campaign_id: campaign }, signal });
    },
    enabled: tried !== null,
    retry: false,
    gcTime: 30_000,
  });
}

export function useSendTest(tried: Tried) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (input: { to: string[]; index: number }) =>
      "campaign" in tried
        ? api.post("/v1/campaigns/{campaign_id}/test", { path: { campaign_id: tried.campaign }, body: input })
        : api.post("/v1/campaigns/test", { body: { ...tried.words, ...input } }),
    onSuccess: () => {
      for (const key of ["emails", "stats"]) client.invalidateQueries({ queryKey: [key] });
    },
  });
}

/** A campaign's own words are read again whenever campaigns are. */
function keyOf(what: "preview" | "missing", tried: Tried | null, whose?: Whose) {
  return [tried && "campaign" in tried ? "campaigns" : "try-out", what, tried, whose];
}
