import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";
import type { WorkspaceChange } from "@/api/types";

export function useWorkspace() {
  return useQuery({
    queryKey: ["workspace"],
    queryFn: ({ signal }) => api.get("/v1/workspace", { signal }),
  });
}

export function useChangeWorkspace() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: WorkspaceChange) => api.patch("/v1/workspace", { body }),
    onSuccess: (saved) => {
      client.setQueryData(["workspace"], saved);
      for (const key of ["me", "stats", "emails"]) client.invalidateQueries({ queryKey: [key] });
    },
  });
}
