"""People, their workspace and their API keys, as the API shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from app.contract.base import Input, Output


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
    role: Literal["owner", "member", "viewer"]
    csrf_token: str | None  # for the header X-CSRF-Token; null for API keys
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


class ApiKey(Output):
    object: Literal["api_key"]
    id: UUID
    name: str
    prefix: str
    scope: Literal["full", "send"]
    created_at: datetime
    last_used_at: datetime | None


class NewApiKeyShown(ApiKey):
    token: str  # shown this once
