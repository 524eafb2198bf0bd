"""Campaigns: one message to many, from a start, at a pace."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from app.contract.base import Input, Output
from app.contract.emails import BatchError, Body, Late, Text
from app.contract.senders import Limit
from app.contract.windows import CampaignWindow
from app.domain.lateness import LatePolicy

CampaignState = Literal["draft", "scheduled", "running", "paused", "completed", "cancelled"]

Name = Annotated[str, Meta(min_length=1, max_length=200)]
SenderIds = Annotated[list[UUID], Meta(min_length=1, max_length=50, description="Messages are dealt to these in turn.")]
StartAt = Annotated[str, Meta(description="ISO 8601 with an offset, or `in 10 minutes`.")]
Zone = Annotated[
    str, Meta(max_length=100, description="An IANA name such as Europe/Berlin: of the window, and how times are shown.")
]
Delay = Annotated[
    float, Meta(ge=0, le=2_592_000, description="Seconds, decimals too: message i is due at start + i x delay.")
]
Jitter = Annotated[
    int,
    Meta(ge=0, le=100, description="Each message is due up to this part of a delay later, at random; the order stays."),
]


class CampaignRecipient(Input):
    email: str
    name: Annotated[str, Meta(max_length=200)] | None = None
    variables: dict[str, Any] | None = None  # for the templates in subject, html and text


class NewCampaign(Input):
    """A draft. It needs `html` or `text`, and `recipients` or an `import_id`. Nothing is sent until it is scheduled."""

    sender_ids: SenderIds
    subject: str
    name: Name | None = None  # else the subject
    html: Body | None = None
    text: Text | None = None
    recipients: Annotated[list[str | CampaignRecipient], Meta(max_length=10_000)] | None = None
    import_id: UUID | None = None
    start_at: StartAt | None = None  # absent or null: as soon as it is scheduled
    timezone: Zone | None = None  # else the workspace's
    delay_seconds: Delay = 0
    jitter_percent: Jitter | None = None
    hourly_limit: Limit | None = None  # of the campaign; those of its senders hold besides
    window: CampaignWindow | None = None  # absent or null: at any hour; those of its senders hold besides
    late_policy: Late = LatePolicy.SEND


class CampaignChange(Input):
    """What is absent stays as it is; `null` is none. Once scheduled only `name`, `hourly_limit` and `window` can
    change."""

    sender_ids: SenderIds | UnsetType = UNSET
    subject: str | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    html: Body | UnsetType | None = UNSET
    text: Text | UnsetType | None = UNSET
    start_at: StartAt | UnsetType = UNSET
    timezone: Zone | UnsetType = UNSET
    delay_seconds: Delay | UnsetType = UNSET
    jitter_percent: Jitter | UnsetType | None = UNSET
    hourly_limit: Limit | UnsetType | None = UNSET
    window: CampaignWindow | UnsetType | None = UNSET  # null: at any hour
    late_policy: Late | UnsetType = UNSET


class Counts(Output):
    """Messages by status."""

    scheduled: int
    deferred: int
    sending: int
    sent: int
    uncertain: int
    held: int
    missed: int
    failed: int
    bounced: int
    cancelled: int
    suppressed: int


class CampaignItem(Output):
    """A campaign in a list."""

    object: Literal["campaign"]
    id: UUID
    name: str
    state: CampaignState  # running: its start has come and messages wait; completed: none does
    sender_ids: list[UUID]
    subject: str
    start_at: datetime
    timezone: str
    delay_seconds: float
    jitter_percent: int
    hourly_limit: int | None
    window: CampaignWindow | None  # null: at any hour
    late_policy: LatePolicy
    recipient_count: int
    counts: Counts  # all zero for a draft
    progress: float  # from 0 to 1: how many of its messages wait no more
    created_at: datetime
    scheduled_at: datetime | None  # when it was scheduled
    cancelled_at: datetime | None


class Campaign(CampaignItem):
    html: str | None
    text: str | None
    import_id: UUID  # the list that it goes to: GET /v1/imports/{id}


class RetriedCampaign(Output):
    object: Literal["campaign"]
    id: UUID
    count: int  # how many of its messages wait again


class CreatedCampaign(Campaign):
    duplicates: int  # recipients equal but for case to an earlier one, and so left out
    errors: list[BatchError]  # with permissive validation the recipients that were not taken
