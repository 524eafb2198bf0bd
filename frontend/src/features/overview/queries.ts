import { useQuery } from "@tanstack/react-query";
import { api } from "@/api/client";

export function useStats() {
  return useQuery({
    queryKey: ["stats"],
    queryFn: ({ signal }) => api.get("/v1/stats", { signal }),
  });
}
