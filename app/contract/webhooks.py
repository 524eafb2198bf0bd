"""Webhooks: where to tell what happens, how that went, and what is told."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from app.contract.base import Input, Output
from app.contract.emails import Tag
from app.domain.status import Status
from app.domain.webhooks import EventType

WebhookStatus = Literal["enabled", "disabled"]
DeliveryStatus = Literal["pending", "delivered", "failed"]
Health = Literal["unused", "healthy", "failing", "disabled"]

Endpoint = Annotated[str, Meta(min_length=1, max_length=2048, description="An https URL that takes POST requests.")]
Events = Annotated[list[EventType], Meta(min_length=1, max_length=50, description="What it wants to be told.")]
Description = Annotated[str, Meta(max_length=500)]


class NewWebhook(Input):
    endpoint: Endpoint
    events: Events
    description: Description | None = None


class WebhookChange(Input):
    """What is absent stays as it is."""

    endpoint: Endpoint | UnsetType = UNSET
    events: Events | UnsetType = UNSET
    description: Description | UnsetType | None = UNSET
    status: WebhookStatus | UnsetType = UNSET  # enabled again, what waits goes on at once


class Webhook(Output):
    object: Literal["webhook"]
    id: UUID
    endpoint: str
    events: list[EventType]
    description: str | None
    status: WebhookStatus
    disabled_reason: Literal["person", "failing", "gone"] | None
    status_reason: str | None  # the same in plain words
    disabled_at: datetime | None
    health: Health
    failing_since: datetime | None  # the first failure after the last success
    last_success_at: datetime | None
    last_failure_at: datetime | None
    pending: int  # deliveries that wait for an attempt, counted up to 1,000
    previous_secret_until: datetime | None  # until then requests carry the signature of the secret before too
    created_at: datetime


class WebhookWithSecret(Webhook):
    signing_secret: str  # shown this once


class DeletedWebhook(Output):
    object: Literal["webhook"]
    id: UUID
    deleted: Literal[True]


class TestEvent(Input):
    """Which event to make up."""

    type: EventType | None = None  # absent or null: the first that the webhook wants


class WebhookDelivery(Output):
    """One event for one webhook. Its id is the `webhook-id` of every attempt."""

    object: Literal["webhook_delivery"]
    id: UUID
    type: EventType
    status: DeliveryStatus
    created_at: datetime  # when it happened
    attempts: int
    next_attempt_at: datetime | None  # not before it; null: delivered, given up, or the webhook is disabled
    last_attempt_at: datetime | None
    last_status_code: int | None  # null: no answer came
    last_error: str | None  # in plain words
    email_id: UUID | None
    campaign_id: UUID | None
    sender_id: UUID | None


class WebhookAttempt(Output):
    number: int
    at: datetime
    duration_ms: int
    request_headers: dict[str, str]
    status_code: int | None
    response_body: str | None  # the first 4,096 bytes
    error: str | None  # null: delivered


class WebhookDeliveryDetail(WebhookDelivery):
    request_body: str | None  # null before the first attempt
    attempt_log: list[WebhookAttempt]  # the latest first


class ReplayFailed(Input):
    since: datetime | None = None  # of the events; absent or null: all that failed


class Replayed(Output):
    object: Literal["webhook"]
    id: UUID
    count: int


# What is told: the body of the requests


class EmailSnapshot(Output, tag_field="object", tag="email"):
    """A message as it was when the event happened."""

    id: UUID
    status: Status
    from_: str = msgspec.field(name="from")
    to: list[str]
    cc: list[str]
    bcc: list[str]
    subject: str
    created_at: datetime
    scheduled_at: datetime
    retry_at: datetime | None  # of a deferred message
    sent_at: datetime | None
    attempts: int
    last_reply: str | None
    preview_url: str | None
    message_id: str
    tags: list[Tag]
    metadata: dict[str, Any]
    campaign_id: UUID | None
    sender_id: UUID


class CampaignSnapshot(Output, tag_field="object", tag="campaign"):
    id: UUID
    name: str
    state: Literal["running", "paused", "completed"]
    start_at: datetime
    recipient_count: int


class SenderSnapshot(Output, tag_field="object", tag="sender"):
    id: UUID
    name: str
    from_email: str
    reason: str  # the limit that is reached, or why it was disabled
    until: datetime | None  # when the limit has room again; null: a person has to mend it


class WebhookEvent(Output):
    """The body of a request to a webhook."""

    type: EventType
    timestamp: datetime  # when it happened
    data: EmailSnapshot | CampaignSnapshot | SenderSnapshot
