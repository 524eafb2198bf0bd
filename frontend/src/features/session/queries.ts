import { queryOptions, useMutation, useQuery } from "@tanstack/react-query";
import { api, setCsrfToken } from "@/api/client";
import { queryClient } from "@/api/query-client";
import type { AuthConfig, Me } from "@/api/types";

export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: async ({ signal }) => {
    const me = await api.get<Me>("/v1/me", { signal });
    setCsrfToken(me.csrf_token ?? "");
    return me;
  },
  staleTime: 60_000,
});

export function useMe() {
  return useQuery(meQuery);
}

export function useAuthConfig() {
  return useQuery({
    queryKey: ["auth-config"],
    queryFn: ({ signal }) => api.get<AuthConfig>("/auth/config", { signal }),
  });
}

export function useSignOut() {
  return useMutation({
    mutationFn: () => api.post<void>("/auth/logout"),
    onSuccess: () => {
      queryClient.clear();
      window.location.assign("/sign-in");
    },
  });
}
