import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";
import type { NewApiKey } from "@/api/types";

export function useApiKeys() {
  return useQuery({
    queryKey: ["api-keys"],
    queryFn: ({ signal }) => api.get("/v1/api-keys", { query: { limit: 100 }, signal }),
  });
}

export function useCreateApiKey() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (input: NewApiKey) => api.post("/v1/api-keys", { body: input }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["api-keys"] }),
  });
}

export function useRevokeApiKey() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api.delete("/v1/api-keys/{key_id}", { path: { key_id: id } }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["api-keys"] }),
  });
}
