"""The bodies that webhooks get: what an event speaks of, as it was when it happened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from app.contract.emails import Tag
from app.contract.webhooks import CampaignSnapshot, EmailSnapshot, SenderSnapshot, WebhookEvent
from app.db.pool import Pool
from app.db.queries import queries, rows
from app.domain.status import Status
from app.domain.webhooks import EventType
from app.services import email_views

Snapshot = EmailSnapshot | CampaignSnapshot | SenderSnapshot

_STATES: Final = {
    EventType.CAMPAIGN_STARTED: "running",
    EventType.CAMPAIGN_PAUSED: "paused",
    EventType.CAMPAIGN_COMPLETED: "completed",
}

_EXAMPLE: Final = UUID("01980000-0000-7000-8000-000000000000")


async def bodies(pool: Pool, workspace_id: UUID, due: Sequence[Any]) -> dict[UUID, bytes]:
    """By delivery. `due` are rows of the query `webhooks.due`; those that have a body keep it.

    What an event speaks of is never deleted; should it be gone all the same, its delivery is left out.
    """
    fresh = [row for row in due if row["body"] is None]
    snapshots: dict[UUID, Snapshot] = {}
    for key, read in (("email_id", _emails), ("campaign_id", _campaigns), ("sender_id", _senders)):
        # Events of messages name their campaign and sender too.
        concerned = [row for row in fresh if _subject(row["type"]) == key and row[key] is not None]
        if concerned:
            snapshots.update(await read(pool, workspace_id, concerned))
    made = {
        row["id"]: _encoded(row["type"], row["at"], snapshots[row["id"]]) for row in fresh if row["id"] in snapshots
    }
    return made | {row["id"]: row["body"].encode() for row in due if row["body"] is not None}


def example(type: EventType, now: datetime) -> bytes:
    """A made-up event, to try an endpoint with: its ids and addresses belong to nobody."""
    return _encoded(type, now, _EXAMPLES[_subject(type)](type, now))


def _encoded(type: str, at: datetime, data: Snapshot) -> bytes:
    return msgspec.json.encode(WebhookEvent(type=EventType(type), timestamp=at, data=data))


def _subject(type: str) -> str:
    return f"{type.partition('.')[0]}_id"


async def _emails(pool: Pool, workspace_id: UUID, due: Sequence[Any]) -> dict[UUID, Snapshot]:
    ids = list({row["email_id"] for row in due})
    async with pool.connection() as conn:
        shown = await rows(queries.emails.shown(conn, workspace_id=workspace_id, ids=ids))
        extras = await rows(queries.webhooks.email_extras(conn, workspace_id=workspace_id, ids=ids))
    found = {row["id"]: row for row in shown}
    more = {row["id"]: row for row in extras}
    return {
        row["id"]: _email(row, found[row["email_id"]], more[row["email_id"]]) for row in due if row["email_id"] in more
    }


def _email(row: Any, shown: dict[str, Any], extras: dict[str, Any]) -> EmailSnapshot:
    """What can change later is as the event found it."""
    email, then = email_views.email_of(shown, row["at"]), row["data"]
    status = Status(then["status"])
    return EmailSnapshot(
        id=email.id,
        status=status,
        from_=email.from_,
        to=email.to,
        cc=email.cc,
        bcc=email.bcc,
        subject=email.subject,
        created_at=email.created_at,
        scheduled_at=_moment(then["scheduled_at"]) or email.scheduled_at,
        retry_at=_moment(then["due_at"]) if status is Status.DEFERRED else None,
        sent_at=_moment(then["sent_at"]),
        attempts=then["attempts"],
        last_reply=then["last_reply"],
        preview_url=then["preview_url"],
        message_id=extras["message_id"],
        tags=msgspec.convert(extras["tags"], list[Tag]),
        metadata=extras["metadata"],
        campaign_id=email.campaign_id,
        sender_id=email.sender_id,
    )


async def _campaigns(pool: Pool, workspace_id: UUID, due: Sequence[Any]) -> dict[UUID, Snapshot]:
    ids = list({row["campaign_id"] for row in due})
    async with pool.connection() as conn:
        shown = await rows(queries.webhooks.campaigns(conn, workspace_id=workspace_id, ids=ids))
    found = {row["id"]: row for row in shown}
    return {
        row["id"]: CampaignSnapshot(state=_STATES[EventType(row["type"])], **found[row["campaign_id"]])  # type: ignore[arg-type]
        for row in due
        if row["campaign_id"] in found
    }


async def _senders(pool: Pool, workspace_id: UUID, due: Sequence[Any]) -> dict[UUID, Snapshot]:
    ids = list({row["sender_id"] for row in due})
    async with pool.connection() as conn:
        shown = await rows(queries.webhooks.senders(conn, workspace_id=workspace_id, ids=ids))
    found = {row["id"]: row for row in shown}
    return {
        row["id"]: SenderSnapshot(
            reason=row["data"].get("reason", ""), until=_moment(row["data"].get("until")), **found[row["sender_id"]]
        )
        for row in due
        if row["sender_id"] in found
    }


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


# Examples


def _example_email(type: EventType, now: datetime) -> EmailSnapshot:
    status = Status(type.value.removeprefix("email."))
    return EmailSnapshot(
        id=_EXAMPLE,
        status=status,
        from_="Test <test@example.com>",
        to=["somebody@example.com"],
        cc=[],
        bcc=[],
        subject="A test of this webhook",
        created_at=now,
        scheduled_at=now,
        retry_at=now + timedelta(minutes=1) if status is Status.DEFERRED else None,
        sent_at=now if status in (Status.SENT, Status.BOUNCED) else None,
        attempts=0 if status in (Status.SCHEDULED, Status.CANCELLED, Status.SUPPRESSED) else 1,
        last_reply=None,
        preview_url=None,
        message_id=f"<{_EXAMPLE}@example.com>",
        tags=[],
        metadata={"test": True},
        campaign_id=None,
        sender_id=_EXAMPLE,
    )


def _example_campaign(type: EventType, now: datetime) -> CampaignSnapshot:
    return CampaignSnapshot(
        id=_EXAMPLE,
        name="A test of this webhook",
        state=_STATES[type],  # type: ignore[arg-type]
        start_at=now,
        recipient_count=1,
    )


def _example_sender(type: EventType, now: datetime) -> SenderSnapshot:
    is_limit = type is EventType.SENDER_LIMIT_REACHED
    return SenderSnapshot(
        id=_EXAMPLE,
        name="A test of this webhook",
        from_email="test@example.com",
        reason="mailbox_hour" if is_limit else "The server refused the password.",
        until=now + timedelta(hours=1) if is_limit else None,
    )


_EXAMPLES: Final[dict[str, Callable[[EventType, datetime], Snapshot]]] = {
    "email_id": _example_email,
    "campaign_id": _example_campaign,
    "sender_id": _example_sender,
}
