"""Lanes: what a knock, a limit, a pause and the watchdog look at instead of messages."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from app.db.pool import Conn
from app.db.queries import queries
from app.queue import defer_knock

SOON: Final = timedelta(seconds=3)  # a busy runner may have read past a message that is due within this


async def ensure(tx: Conn, *, workspace_id: UUID, sender_id: UUID, campaign_id: UUID | None) -> int:
    """The id of the lane of this sender and campaign, made where it is missing. The sender must exist."""
    # Where another transaction is making the same lane, the first look waits for it and only the second one sees it.
    look = {"workspace_id": workspace_id, "sender_id": sender_id, "campaign_id": campaign_id}
    found = await queries.lanes.ensure(tx, **look) or await queries.lanes.ensure(tx, **look)
    return int(found["id"])


async def wake(tx: Conn, *, workspace_id: UUID, lane_id: int, due: datetime, now: datetime) -> None:
    """Says that the lane has a message due at `due`. Call it last in the transaction that wrote the message.

    Defers a knock only when nobody was waiting for so early a moment: the queue holds a job per lane, not per message.
    """
    lane = await queries.lanes.lower_next_due(tx, workspace_id=workspace_id, lane_id=lane_id, due=due)
    if lane["earlier"]:
        await knock(tx, lane["mailbox_id"], due=due, now=now)
    elif due <= now + SOON:
        await queries.lanes.announce(tx, mailbox_id=lane["mailbox_id"])


async def knock(tx: Conn, mailbox_id: UUID, *, due: datetime, now: datetime) -> None:
    """Wakes the runner of a mailbox, or has one started in time for `due`."""
    await queries.lanes.announce(tx, mailbox_id=mailbox_id)
    await defer_knock(tx, mailbox_id, due=due, now=now)


async def announce_all(tx: Conn, workspace_id: UUID) -> None:
    """Has every runner of the workspace look at its mailbox again."""
    await queries.lanes.announce_all(tx, workspace_id=workspace_id)


async def retry_later(tx: Conn, workspace_id: UUID, lane_id: int, *, due: datetime) -> None:
    """Says that a retry waits in the lane. The runner that caused it hears of it like anybody else."""
    lane = await queries.lanes.lower_next_due(tx, workspace_id=workspace_id, lane_id=lane_id, due=due)
    if lane["earlier"]:
        await queries.lanes.announce(tx, mailbox_id=lane["mailbox_id"])
