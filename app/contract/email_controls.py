"""What people may do to a message that is there: change it, try it again, decide what only a person can."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from app.contract.base import Input, Output
from app.contract.emails import Addresses, Body, Late, Tag, Text
from app.domain.status import Status

Moment = Annotated[str, Meta(description="ISO 8601 with an offset, or `in 10 minutes`.")]
Ids = Annotated[list[UUID], Meta(min_length=1, max_length=1000)]


class UpdateEmail(Input):
    """What is absent stays as it is; `null` is none. A message of a campaign can change `scheduled_at` and
    `late_policy` alone: what it says belongs to the campaign."""

    id: UUID | UnsetType = UNSET  # as in the path: Resend's SDK for Python gives it twice
    scheduled_at: Moment | UnsetType = UNSET
    subject: str | UnsetType = UNSET
    html: Body | UnsetType | None = UNSET
    text: Text | UnsetType | None = UNSET
    reply_to: Addresses | UnsetType = UNSET
    headers: dict[str, str] | UnsetType | None = UNSET
    tags: Annotated[list[Tag], Meta(max_length=75)] | UnsetType | None = UNSET
    metadata: dict[str, Any] | UnsetType | None = UNSET
    late_policy: Late | UnsetType = UNSET


class RetryEmail(Input):
    scheduled_at: Moment | None = None  # absent or null: now


class Action(StrEnum):
    ARRIVED = "arrived"  # uncertain: a person knows that it did
    SEND_AGAIN = "send_again"  # uncertain: once more, although it may have arrived
    SEND = "send"  # held: now, although it is late
    DROP = "drop"  # uncertain or held: not to be sent


class ResolveEmail(Input):
    """`arrived`, `send_again` and `drop` for what is `uncertain`; `send` and `drop` for what is `held`."""

    action: Action


class EmailFilter(Input):
    """All messages of one status, of one campaign or of all."""

    status: Status
    campaign_id: UUID | None = None


class CancelEmails(Input):
    """Give either `ids` or a `filter` by `scheduled`, `deferred` or `held`."""

    ids: Ids | None = None
    filter: EmailFilter | None = None


class RetryEmails(Input):
    """Give either `ids` or a `filter` by `failed` or `missed`."""

    ids: Ids | None = None
    filter: EmailFilter | None = None
    scheduled_at: Moment | None = None  # absent or null: now


class ResolveEmails(Input):
    """Give either `ids` or a `filter` by `uncertain` or `held`."""

    action: Action
    ids: Ids | None = None
    filter: EmailFilter | None = None


class EmailStatus(Output):
    id: UUID
    status: Status


class EmailRefusal(Output):
    id: UUID
    message: str


class BulkAnswer(Output):
    """What became of many messages."""

    count: int  # how many were changed by this request
    data: list[EmailStatus]  # where ids were given: those that now stand as asked, in the order of the request
    errors: list[EmailRefusal]  # where ids were given: those that do not, and why
    has_more: bool  # the filter matches more than one request changes: send it again
