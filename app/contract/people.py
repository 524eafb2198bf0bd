"""The people of a workspace, who may join, a person's workspaces and sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from app.contract.base import Input, Output
from app.domain.roles import Role

RoleField = Annotated[
    Role,
    Meta(
        description="`viewer` looks; `member` also sends and manages mail, campaigns and senders; `owner` also manages "
        "members, API keys, webhooks and the workspace."
    ),
]
Token = Annotated[str, Meta(min_length=1, max_length=200)]


class Member(Output):
    object: Literal["member"]
    id: UUID  # of the person
    email: str
    name: str
    avatar_url: str | None
    role: Role
    joined_at: datetime
    last_seen_at: datetime | None  # null: never yet
    api_keys: int  # keys of theirs that work; they end when the person leaves


class MemberChange(Input):
    role: RoleField


class NewInvitation(Input):
    email: Annotated[str, Meta(max_length=320, description="Who may join; nobody else can use the link.")]
    role: RoleField = "member"


class Invitation(Output):
    object: Literal["invitation"]
    id: UUID
    email: str
    role: Role
    invited_by: str | None  # the person's name
    created_at: datetime
    expires_at: datetime


class NewInvitationShown(Invitation):
    url: str  # shown this once
    mailed: bool  # whether it was also put into the schedule of the workspace's default sender


class InvitationSeen(Output):
    """What an invitation's link is for."""

    email: str
    role: Role
    workspace: str
    invited_by: str | None
    expires_at: datetime


class AskForLink(Input):
    """`POST /auth/email`. It is answered alike whether the address is somebody's here or not."""

    email: Annotated[str, Meta(max_length=320)]
    invitation: Token | None = None


class LinkToken(Input):
    token: Token


class LinkSeen(Output):
    """Whose a mailed link is."""

    email: str
    workspace: str


class AcceptInvitation(Input):
    token: Annotated[Token, Meta(description="What stands behind the `#` of the link.")]


class WorkspaceItem(Output):
    """A workspace that the person belongs to."""

    object: Literal["workspace"]
    id: UUID
    name: str
    timezone: str
    role: Role
    current: bool


class NewWorkspace(Input):
    name: Annotated[str, Meta(min_length=1, max_length=200)]


class SessionItem(Output):
    """Where a person is signed in."""

    object: Literal["session"]
    id: UUID
    device: str  # such as "Firefox on Windows", as the browser says of itself
    address: str | None  # the IP address that it was begun from
    created_at: datetime
    last_seen_at: datetime  # to the minute
    current: bool
