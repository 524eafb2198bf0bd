"""Messages, as the API takes and shows them. The shape is Resend's, with fields of ours beside it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from app.contract.attachments import Attachment, NewAttachment
from app.contract.base import Input, Output
from app.contract.templates import TemplateUse, TemplateUsed
from app.domain.lateness import LatePolicy
from app.domain.status import Status
from app.domain.waiting import WaitingFor

Addresses = str | list[str] | None
Body = Annotated[str, Meta(max_length=2_000_000)]
Text = Annotated[
    str, Meta(max_length=2_000_000, description="The text part. Absent or null: it is made of `html`; empty: none.")
]
Late = Annotated[
    LatePolicy,
    Meta(description="If a downtime makes it late: `send` it then, `skip` it (`missed`), or `ask` a person (`held`)."),
]
# Python's `$` matches before a last line break too; OpenAPI's does not, and knows no `\Z`.
TagText = Annotated[
    str,
    Meta(max_length=256, pattern=r"^[A-Za-z0-9_-]+\Z", extra_json_schema={"extra": {"pattern": r"^[A-Za-z0-9_-]+$"}}),
]

# What Resend has and we have not: refused by name with what to do instead, never ignored.
REFUSED: Final = {
    "react": "React components are not rendered here: render yours first, and send what it gives as html.",
    "topic_id": "There are no topics here: leave the field out.",
}


class Tag(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    name: TagText
    value: TagText


class SendEmail(Input, kw_only=True):
    """One message. It needs a `subject` and `html` or `text`, or a `template` that brings them; and `from` or
    `sender_id`. At most 50 recipients in all."""

    from_: Annotated[str | None, Meta(description="`Name <address>` or the address of one of your senders.")] = (
        msgspec.field(default=None, name="from")
    )
    to: Annotated[str | list[str], Meta(description="An address, `Name <address>`, or a list of them.")]
    subject: Annotated[str | None, Meta(description="With a template: instead of its own.")] = None
    cc: Addresses = None
    bcc: Addresses = None
    reply_to: Addresses = None
    html: Body | None = None
    text: Text | None = None
    headers: dict[str, str] | None = None
    tags: Annotated[list[Tag], Meta(max_length=75)] | None = None
    scheduled_at: Annotated[
        str | None, Meta(description="ISO 8601 with an offset, or `in 10 minutes`. Absent or null: now.")
    ] = None
    sender_id: UUID | None = None
    metadata: Annotated[
        dict[str, Any] | None, Meta(description="Yours to keep: up to 16 KB, given back unchanged.")
    ] = None
    late_policy: Late = LatePolicy.SEND
    attachments: list[NewAttachment] | None = None
    template: TemplateUse | None = None
    topic_id: Annotated[str | None, Meta(description=REFUSED["topic_id"])] = None
    react: Annotated[Any, Meta(description=REFUSED["react"])] = None


class EmailState(Output):
    """Where a message stands after a request that concerned it."""

    object: Literal["email"]
    id: UUID
    status: Status
    scheduled_at: datetime
    estimated_send_at: datetime | None  # null where a limit, a gap or a pause decides
    late_policy: LatePolicy


class BatchId(Output):
    id: UUID


class BatchError(Output):
    index: int
    message: str


class Batch(Output):
    data: list[BatchId]  # in the order of the request; with permissive validation only of the good ones
    errors: list[BatchError]


class Email(Output):
    """A message in a list."""

    object: Literal["email"]
    id: UUID
    status: Status
    last_event: str  # the status in Resend's words
    from_: str = msgspec.field(name="from")
    to: list[str]
    cc: list[str]
    bcc: list[str]
    subject: str
    created_at: datetime
    scheduled_at: datetime
    estimated_send_at: datetime | None
    waiting_for: WaitingFor | None  # why it has not left yet; null unless it waits
    late_policy: LatePolicy
    sent_at: datetime | None
    ended_at: datetime | None
    attempts: int
    last_reply: str | None  # the server's last word, or why it will not be sent
    preview_url: str | None  # where a test inbox shows it
    campaign_id: UUID | None
    sender_id: UUID


class RecipientOutcome(Output):
    kind: Literal["to", "cc", "bcc"]
    email: str
    name: str | None
    status: Status
    reply: str | None  # the server's answer for this recipient alone


class EmailDetail(Email):
    html: str | None  # as they are sent, with what was made where none was given
    text: str | None
    reply_to: list[str]
    headers: dict[str, str]
    tags: list[Tag]
    metadata: dict[str, Any]
    template: TemplateUsed | None  # where its words come from
    attachments: list[Attachment]
    recipients: list[RecipientOutcome]
    message_id: str


class StoryEntry(Output):
    """One thing that happened to a message."""

    type: str
    at: datetime
    message: str  # in plain words
    data: dict[str, Any]
