import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, auth, setCsrfToken } from "@/api/client";
import { queryClient } from "@/api/query-client";
import type { AuthConfig, LinkSeen } from "@/api/types";

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
    mutationFn: (everywhere: boolean) => auth.post(`/auth/logout?everywhere=${everywhere}`),
    onSuccess: () => {
      queryClient.clear();
      window.location.assign("/sign-in");
    },
  });
}

export function useAskForLink() {
  return useMutation({
    mutationFn: (input: { email: string; invitation?: string }) => auth.post("/auth/email", input),
  });
}

export function useLink(token: string) {
  return useQuery({
    queryKey: ["sign-in-link", token],
    queryFn: () => auth.post<LinkSeen>("/auth/email/look", { token }),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function useSpendLink() {
  return useMutation({ mutationFn: (token: string) => auth.post("/auth/email/sign-in", { token }) });
}

export function useWorkspaces() {
  return useQuery({
    queryKey: ["workspaces"],
    queryFn: ({ signal }) => api.get("/v1/workspaces", { signal }),
    staleTime: 60_000,
  });
}

export function useEnterWorkspace() {
  return useMutation({
    mutationFn: (id: string) =>
      api.post("/v1/workspaces/{workspace_id}/enter", { path: { workspace_id: id } }),
    onSuccess: startAfresh,
  });
}

export function useCreateWorkspace() {
  return useMutation({
    mutationFn: (name: string) => api.post("/v1/workspaces", { body: { name } }),
    onSuccess: startAfresh,
  });
}

export function useSessions() {
  return useQuery({
    queryKey: ["sessions"],
    queryFn: ({ signal }) => api.get("/v1/me/sessions", { query: { limit: 100 }, signal }),
  });
}

export function useEndSession() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api.delete("/v1/me/sessions/{session_id}", { path: { session_id: id } }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["sessions"] }),
  });
}

const ENTERED = "entered-a-workspace";
const tabs = new BroadcastChannel("paceline");

/** Nothing that was read in one workspace may be shown in another, in no tab. */
function startAfresh() {
  tabs.postMessage(ENTERED);
  window.location.assign("/");
}

/** Another tab went to another workspace, and the session with it. */
export function followOtherTabs(): () => void {
  function onMessage(event: MessageEvent) {
    if (event.data === ENTERED) window.location.assign("/");
  }
  tabs.addEventListener("message", onMessage);
  return () => tabs.removeEventListener("message", onMessage);
}
