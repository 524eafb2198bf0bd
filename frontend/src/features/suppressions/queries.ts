import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";
import { type Reading, readToEnd } from "@/api/lists";
import type { Import, SuppressionFilter, SuppressionImport } from "@/api/types";
import { upload } from "@/api/upload";

export function useSuppressions(filter: SuppressionFilter) {
  return useQuery({
    queryKey: ["suppressions", filter],
    queryFn: ({ signal }) => api.get("/v1/suppressions", { query: { limit: 50, ...filter }, signal }),
    placeholderData: keepPreviousData,
  });
}

export interface SuppressionInput {
  /** Pasted addresses, or a file of them. */
  list: string | File;
  onProgress: (reading: Reading) => void;
  signal: AbortSignal;
}

/** Suppresses the addresses of a list; a long one is read by a worker meanwhile. What was found in it. */
export function useAddSuppressions() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ list, onProgress, signal }: SuppressionInput): Promise<Import> => {
      const first: SuppressionImport =
        typeof list === "string"
          ? await api.post("/v1/suppressions/import", { body: { text: list }, signal })
          : await upload(
              "/v1/suppressions/import",
              list,
              (share) => onProgress({ step: "upload", share }),
              signal,
            );
      return readToEnd(first.import_id, onProgress, signal);
    },
    onSettled: () => client.invalidateQueries({ queryKey: ["suppressions"] }),
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
