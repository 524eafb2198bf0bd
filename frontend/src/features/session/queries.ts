import { queryOptions, useMutation, useQuery } from "@tanstack/react-query";
import { api, auth, setCsrfToken } from "@/api/client";
import { queryClient } from "@/api/query-client";
import type { AuthConfig } from "@/api/types";

export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: async ({ signal }) => {
    const me = await api.get("/v1/me", { signal });
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
    queryFn: ({ signal }) => auth.get<AuthConfig>("/auth/config", signal),
  });
}

export function useSignOut() {
  return useMutation({
    mutationFn: () => auth.post("/auth/logout"),
    onSuccess: () => {
      queryClient.clear();
      window.location.assign("/sign-in");
    },
  });
}
