import { useQuery } from "@tanstack/react-query";
import { api } from "@/api/client";
import type { Stats } from "@/api/types";

export function useStats() {
  return useQuery({
    queryKey: ["stats"],
    queryFn: ({ signal }) => api.get<Stats>("/v1/stats", { signal }),
  });
}
