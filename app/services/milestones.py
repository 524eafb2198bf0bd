"""What follows from the state of many messages at once, told when it is first so."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from app.db.pool import Conn, Pool
from app.db.queries import queries, rows


async def campaigns(pool: Pool) -> set[UUID]:
    """Tells which campaigns have started and which are completed, once each. Returns whose they are."""
    async with pool.connection() as conn:
        return {row["workspace_id"] for row in await rows(queries.milestones.campaigns(conn))}


async def campaign_paused(tx: Conn, workspace_id: UUID, campaign_id: UUID) -> None:
    await queries.milestones.campaign_paused(tx, workspace_id=workspace_id, campaign_id=campaign_id)


async def limit_reached(
    tx: Conn, workspace_id: UUID, mailbox_id: UUID, *, scope: str, until: datetime, window: float
) -> None:
    """A limit holds the mailbox back: told at most once in the `window` (seconds) of the limit."""
    await queries.milestones.limit_reached(
        tx, workspace_id=workspace_id, mailbox_id=mailbox_id, scope=scope, until=until, window=window
    )
