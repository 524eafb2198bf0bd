"""Senders and campaigns made and changed as the API does it, for tests with real workers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.contract.campaigns import CampaignChange, NewCampaign
from app.contract.senders import NewSender, SenderChange
from app.db.queries import queries
from app.domain.waiting import WaitingFor
from app.services import campaign_runs, campaigns, email_views, senders
from tests.support.mailroom import Mailroom, Sender


def now() -> datetime:
    """As the API reads it."""
    return datetime.now(UTC)


async def add_sender(room: Mailroom, port: int, **fields: Any) -> Sender:
    """Without limits, gap and window, unless given."""
    defaults: dict[str, Any] = {"from_email": "ann@example.com", "security": "none", "concurrency": 1}
    defaults |= {"hourly_limit": None, "min_delay_ms": None}
    wanted = NewSender(host="127.0.0.1", port=port, **(defaults | fields))
    made = await senders.create(room.pool, room.settings, workspace_id=room.workspace_id, wanted=wanted, now=now())
    async with room.pool.connection() as conn:
        place = await queries.senders.sign_in(conn, workspace_id=room.workspace_id, id=made.id)
    return Sender(made.id, place["mailbox_id"], made.from_email)


async def change_sender(room: Mailroom, sender: Sender, **fields: Any) -> None:
    wanted = SenderChange(**fields)
    await senders.change(
        room.pool, room.settings, workspace_id=room.workspace_id, id=sender.id, wanted=wanted, now=now()
    )


async def start_campaign(room: Mailroom, sender: Sender, count: int, **fields: Any) -> UUID:
    """Scheduled. Message i goes to r<i>@x.example, unless `recipients` are given."""
    words = {"subject": "Hello", "text": "Hi", "recipients": [f"r{i}@x.example" for i in range(count)]}
    wanted = NewCampaign(sender_ids=[sender.id], **(words | fields))
    made = await campaigns.create(
        room.pool,
        workspace_id=room.workspace_id,
        created_by=None,
        wanted=wanted,
        permissive=False,
        key=None,
        now=now(),
    )
    await campaign_runs.schedule(room.pool, workspace_id=room.workspace_id, id=made.id, key=None, now=now())
    return made.id


async def change_campaign(room: Mailroom, campaign_id: UUID, **fields: Any) -> None:
    wanted = CampaignChange(**fields)
    await campaigns.change(room.pool, workspace_id=room.workspace_id, id=campaign_id, wanted=wanted, now=now())


async def waits_for(room: Mailroom, email_id: UUID) -> WaitingFor | None:
    """Why a message has not left yet, as people see it."""
    found = await email_views.get(room.pool, workspace_id=room.workspace_id, id=email_id, now=now())
    return found.waiting_for
