"""People, their workspace and their API keys, as the API shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from app.contract.base import Input, Output
from app.domain.roles import Role


class User(Output):
    id: UUID
    email: str
    name: str
    avatar_url: str | None


class Workspace(Output):
    id: UUID
    name: str
    timezone: str


class Me(Output):
    """Who is calling, and what a client needs to know about this installation."""

    user: User | None  # null for an API key that no person made
    workspace: Workspace
    role: Role  # of an API key: that of the person who made it
    csrf_token: str | None  # for the header X-CSRF-Token; null for API keys
    confined: bool  # signed in by a link that this workspace mailed: the session holds in no other
    inbox_url: str | None  # the test inbox; null where there is none
    rate_window_seconds: float  # how long "an hour" of every limit is


class AuthConfig(Output):
    """How people sign in here."""

    provider: Literal["google", "oidc"] | None
    provider_label: str | None
    hint: str | None  # how to set it up, where no provider is


class NewApiKey(Input):
    name: Annotated[str, Meta(min_length=1, max_length=100, description="What the key is for, to tell keys apart.")]
    scope: Annotated[Literal["full", "send"], Meta(description="`send` may only send email.")] = "full"
    expires_at: Annotated[
        datetime | None, Meta(description="When it stops working: ISO 8601 with an offset. Null: when it is revoked.")
    ] = None


class ApiKey(Output):
    object: Literal["api_key"]
    id: UUID
    name: str
    prefix: str
    scope: Literal["full", "send"]
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    created_by: str | None  # the name of the person who made it


class NewApiKeyShown(ApiKey):
    token: str  # shown this once
