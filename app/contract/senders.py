"""Senders: who mail comes from, the mailbox that it leaves by, and how fast."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from app.contract.base import Input, Output
from app.contract.windows import SenderWindow

Security = Literal["starttls", "tls", "none"]
SenderState = Literal["active", "paused", "disabled"]

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Text = Annotated[str, Meta(max_length=1000)]
Limit = Annotated[int, Meta(ge=1, le=1_000_000_000)]
Port = Annotated[int, Meta(ge=1, le=65535)]
Gap = Annotated[int, Meta(ge=0, le=86_400_000, description="Milliseconds from one message to the next.")]
Connections = Annotated[int, Meta(ge=1, le=100)]


class NewSender(Input):
    """Absent limits are this installation's defaults; `null` is no limit (no gap)."""

    from_email: Text
    host: Text
    name: Name | None = None  # what the team calls it; else `from_name` or the address
    from_name: Text | None = None
    reply_to: Text | None = None
    port: Port | UnsetType = UNSET  # 587 for starttls, 465 for tls, 25 for none
    security: Security | UnsetType = UNSET  # tls on port 465, else starttls
    username: Text | None = None
    password: Text | None = None
    hourly_limit: Limit | UnsetType | None = UNSET
    daily_limit: Limit | None = None
    min_delay_ms: Gap | UnsetType | None = UNSET
    concurrency: Connections | UnsetType = UNSET
    window: SenderWindow | None = None  # absent or null: at any hour


class SenderChange(Input):
    """What is absent stays as it is; `null` is none."""

    name: Name | UnsetType = UNSET
    from_email: Text | UnsetType = UNSET
    from_name: Text | UnsetType | None = UNSET
    reply_to: Text | UnsetType | None = UNSET
    host: Text | UnsetType = UNSET
    port: Port | UnsetType = UNSET
    security: Security | UnsetType = UNSET
    username: Text | UnsetType | None = UNSET
    password: Text | UnsetType | None = UNSET
    hourly_limit: Limit | UnsetType | None = UNSET
    daily_limit: Limit | UnsetType | None = UNSET
    min_delay_ms: Gap | UnsetType | None = UNSET
    concurrency: Connections | UnsetType = UNSET
    window: SenderWindow | UnsetType | None = UNSET  # null: at any hour
    is_default: Literal[True] | UnsetType = UNSET  # another one takes it over


class Sender(Output):
    object: Literal["sender"]
    id: UUID
    name: str
    from_name: str | None
    from_email: str
    reply_to: str | None
    host: str
    port: int
    security: Security
    username: str | None
    has_password: bool
    hourly_limit: int | None
    daily_limit: int | None
    min_delay_ms: int
    concurrency: int
    window: SenderWindow | None  # null: at any hour
    state: SenderState
    state_reason: str | None
    is_default: bool
    dkim: Literal["off", "waiting", "active"]  # whether its mail is signed: see /senders/{id}/dkim
    created_at: datetime


class DeletedSender(Output):
    object: Literal["sender"]
    id: UUID
    deleted: Literal[True]


class Phase(Output):
    phase: Literal["dns", "tcp", "tls", "auth"]
    state: Literal["ok", "failed", "skipped"]  # skipped: not asked for, or an earlier one failed
    ok: bool
    message: str
    mend: str | None  # what to do about a failure


class Verification(Output):
    """A test connection, phase by phase. `ok`: none failed."""

    ok: bool
    phases: list[Phase]


class Allowance(Output):
    """Use of a limit, counted in recipients. Senders on one mailbox share it; the lowest of theirs holds."""

    used: int  # in the window that ends now
    limit: int | None
    next_at: datetime | None  # when the next one may go; null: now


class Usage(Output):
    object: Literal["sender_usage"]
    sender_id: UUID
    window_seconds: float  # what "an hour" is here; a day is 24 of them
    hour: Allowance
    day: Allowance | None  # null without a daily limit
    waiting: int
