import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";
import type { SuppressionFilter, SuppressionImport } from "@/api/types";
import { upload } from "@/api/upload";

export function useSuppressions(filter: SuppressionFilter) {
  return useQuery({
    queryKey: ["suppressions", filter],
    queryFn: ({ signal }) => api.get("/v1/suppressions", { query: { limit: 50, ...filter }, signal }),
    placeholderData: keepPreviousData,
  });
}

/** Pasted addresses, or a file of them. */
export function useAddSuppressions() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (input: string | File): Promise<SuppressionImport> =>
      typeof input === "string"
        ? api.post("/v1/suppressions/import", { body: { text: input } })
        : upload("/v1/suppressions/import", input, () => {}, new AbortController().signal),
    onSuccess: () => client.invalidateQueries({ queryKey: ["suppressions"] }),
  });
}

export function useRemoveSuppression() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api.delete("/v1/suppressions/{id_or_email}", { path: { id_or_email: id } }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["suppressions"] }),
  });
}

/** Where the browser downloads what the filters let through. */
export function exportPath(filter: SuppressionFilter): string {
  const query = new URLSearchParams();
  if (filter.q) query.set("q", filter.q);
  if (filter.reason) query.set("reason", filter.reason);
  return `/v1/suppressions/export.csv${query.size > 0 ? `?${query}` : ""}`;
}
