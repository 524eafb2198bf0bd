import {
  keepPreviousData,
  type QueryClient,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { ApiError, api } from "@/api/client";
import type { Cursor } from "@/ui/pager";
import { type Draft, wordsOf } from "./draft";

/** The API document says "an object" of what may hold anything; the generated type allows it nothing. */
type AnyValues = Record<string, never>;

export function useTemplates(cursor: Cursor = {}) {
  return useQuery({
    queryKey: ["templates", "list", cursor],
    queryFn: ({ signal }) => api.get("/v1/templates", { query: { limit: 50, ...cursor }, signal }),
    placeholderData: keepPreviousData,
  });
}

export function useTemplate(id: string) {
  return useQuery({
    queryKey: ["templates", "detail", id],
    queryFn: ({ signal }) => api.get("/v1/templates/{template}", { path: { template: id }, signal }),
  });
}

/** The hundred newest. */
export function useVersions(id: string) {
  return useQuery({
    queryKey: ["templates", "versions", id],
    queryFn: ({ signal }) =>
      api.get("/v1/templates/{template}/versions", {
        path: { template: id },
        query: { limit: 100 },
        signal,
      }),
  });
}

export function useReadVersion(id: string) {
  return useMutation({
    mutationFn: (version: number) =>
      api.get("/v1/templates/{template}/versions/{version}", { path: { template: id, version } }),
  });
}

/** What the words would say. An error of the kind 422 says where they cannot be read; nothing is tried again then. */
export function usePreview(draft: Draft, variables: Readonly<Record<string, string | number>>) {
  const words = wordsOf(draft);
  return useQuery({
    queryKey: ["template-preview", words, draft.declared, variables],
    queryFn: ({ signal }) =>
      api.post("/v1/templates/preview", {
        body: { ...words, declared: [...draft.declared], variables: variables as AnyValues },
        signal,
      }),
    enabled: words.html !== null || words.text !== null,
    placeholderData: keepPreviousData,
    retry: (times, error) => times < 2 && !(error instanceof ApiError && error.status === 422),
    gcTime: 60_000,
  });
}

/** Saves a new template, or other words of one that is there. */
export function useSaveTemplate(id: string | null) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (draft: Draft) => {
      const body = { name: draft.name.trim(), alias: draft.alias.trim() || null, ...wordsOf(draft) };
      return id === null
        ? api.post("/v1/templates", { body })
        : api.patch("/v1/templates/{template}", { path: { template: id }, body });
    },
    onSuccess: (saved) => {
      client.setQueryData(["templates", "detail", saved.id], saved);
      return refresh(client);
    },
  });
}

export function useDuplicateTemplate() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api.post("/v1/templates/{template}/duplicate", { path: { template: id } }),
    onSuccess: () => refresh(client),
  });
}

export function useDeleteTemplate() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api.delete("/v1/templates/{template}", { path: { template: id } }),
    onSuccess: (_, id) => {
      client.removeQueries({ queryKey: ["templates", "detail", id] });
      return client.invalidateQueries({ queryKey: ["templates", "list"] });
    },
  });
}

function refresh(client: QueryClient) {
  return client.invalidateQueries({ queryKey: ["templates"] });
}
