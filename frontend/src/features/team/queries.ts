import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, auth } from "@/api/client";
import type { InvitationSeen, NewInvitation, Role } from "@/api/types";

export function useMembers() {
  return useQuery({
    queryKey: ["members"],
    queryFn: ({ signal }) => api.get("/v1/members", { query: { limit: 100 }, signal }),
  });
}

export function useChangeRole() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, role }: { id: string; role: Role }) =>
      api.patch("/v1/members/{member_id}", { path: { member_id: id }, body: { role } }),
    onSettled: () => {
      for (const key of ["members", "invitations", "me"]) client.invalidateQueries({ queryKey: [key] });
    },
  });
}

export function useRemoveMember() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api.delete("/v1/members/{member_id}", { path: { member_id: id } }),
    onSuccess: () => {
      for (const key of ["members", "invitations", "api-keys"]) client.invalidateQueries({ queryKey: [key] });
    },
  });
}

export function useLeave() {
  return useMutation({
    mutationFn: () => api.post("/v1/workspace/leave", {}),
    onSuccess: () => window.location.assign("/"),
  });
}

export function useInvitations() {
  return useQuery({
    queryKey: ["invitations"],
    queryFn: ({ signal }) => api.get("/v1/invitations", { query: { limit: 100 }, signal }),
  });
}

export function useInvite() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: NewInvitation) => api.post("/v1/invitations", { body }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["invitations"] }),
  });
}

export function useRevokeInvitation() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      api.delete("/v1/invitations/{invitation_id}", { path: { invitation_id: id } }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["invitations"] }),
  });
}

export function useInvitation(token: string) {
  return useQuery({
    queryKey: ["invitation", token],
    queryFn: () => auth.post<InvitationSeen>("/auth/invitation", { token }),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function useAccept() {
  return useMutation({
    mutationFn: (token: string) => api.post("/v1/invitations/accept", { body: { token } }),
  });
}
