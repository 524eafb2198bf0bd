"""What nobody needs any more goes; what will be needed is made in time."""

from __future__ import annotations

from typing import Final

from app.db.pool import Pool
from app.db.queries import queries, rows
from app.services import attachments
from app.services.sessions import IDLE

BATCH: Final = 1000  # texts in one transaction
DELIVERIES: Final = 5000  # in one transaction


async def prune(pool: Pool) -> None:
    """Expired idempotency keys, sessions and sign-in links, texts that were edited, files that no text has, lists that
    no campaign has, old deliveries to webhooks; makes the next partitions of `events`.
    """
    async with pool.connection() as conn:
        await queries.prune.idempotency_keys(conn)
        await queries.prune.sessions(conn, idle=IDLE)
        await queries.prune.sign_in_links(conn)
        await queries.prune.sign_in_requests(conn)
        await queries.prune.partitions(conn)
        await queries.prune.lane_dues(conn)
        await queries.prune.sent_minutes(conn)
        while await queries.prune.contents(conn, count=BATCH) == BATCH:
            pass
        while await queries.prune.webhook_deliveries(conn, count=DELIVERIES) == DELIVERIES:
            pass
        await queries.prune.webhooks(conn)
        while await rows(queries.imports.forgotten(conn)):
            pass
    await attachments.prune(pool)
