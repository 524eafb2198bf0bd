import type { Role } from "@/api/types";

/** The one table of what a role is called and what it may. */
export const ROLES: Record<Role, { label: string; may: string }> = {
  owner: { label: "Owner", may: "Everything, also people, API keys and settings" },
  member: { label: "Member", may: "Send and manage mail, campaigns and senders" },
  viewer: { label: "Viewer", may: "Look at everything, change nothing" },
};

export const ROLE_NAMES = ["owner", "member", "viewer"] as const satisfies readonly Role[];

export function readRole(text: string): Role {
  return ROLE_NAMES.find((role) => role === text) ?? "viewer";
}
