"""The workspace itself: what holds for all of its senders and campaigns."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from app.contract.base import Input, Output
from app.contract.senders import Limit

LateAfter = Annotated[
    int,
    Meta(
        ge=0,
        le=31_536_000,
        description="Seconds that mail may be overdue when a downtime ends before its late policy speaks.",
    ),
]


class WorkspaceSettings(Output):
    object: Literal["workspace"]
    id: UUID
    name: str
    timezone: str  # of what is shown, and of a campaign that names none
    hourly_limit: int | None  # of all its senders together; null: none
    late_after_seconds: int


class WorkspaceChange(Input):
    """What is absent stays as it is; `null` is none."""

    name: Annotated[str, Meta(min_length=1, max_length=200)] | UnsetType = UNSET
    timezone: Annotated[str, Meta(max_length=100, description="An IANA name such as Europe/Berlin.")] | UnsetType = (
        UNSET
    )
    hourly_limit: Limit | UnsetType | None = UNSET
    late_after_seconds: LateAfter | UnsetType = UNSET
