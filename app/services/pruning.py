"""What nobody needs any more goes; what will be needed is made in time."""

from __future__ import annotations

from app.db.pool import Pool
from app.db.queries import queries


async def prune(pool: Pool) -> None:
    """Expired idempotency keys, sessions and sign-in links; the next partitions of `events`."""
    async with pool.connection() as conn:
        await queries.prune.idempotency_keys(conn)
        await queries.prune.sessions(conn)
        await queries.prune.sign_in_links(conn)
        await queries.prune.partitions(conn)
