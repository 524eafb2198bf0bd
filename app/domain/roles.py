"""Who may do what in a workspace: the one table. Which right a route asks for stands at the route. Pure."""

from __future__ import annotations

from typing import Final, Literal

Role = Literal["owner", "member", "viewer"]

# read: look at everything. change: send and manage mail, campaigns, senders, templates.
# manage: members, invitations, API keys, webhooks, the workspace itself and its limits.
Right = Literal["read", "change", "manage"]

RIGHTS: Final[dict[Role, frozenset[Right]]] = {
    "viewer": frozenset({"read"}),
    "member": frozenset({"read", "change"}),
    "owner": frozenset({"read", "change", "manage"}),
}


def may(role: Role, right: Right) -> bool:
    return right in RIGHTS[role]
