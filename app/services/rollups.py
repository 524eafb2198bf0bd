"""Figures that would be dear to count when somebody looks: kept up to date behind the sending."""

from __future__ import annotations

from app.db.pool import Pool
from app.db.queries import queries


async def roll_up(pool: Pool) -> None:
    """Counts what left in the minutes that are over, and again where something was still on the wire.

    At a million messages an hour that is about 17,000 rows of the ledger, once. After a pause it goes on where it was.
    """
    async with pool.connection() as conn:
        while await queries.rollups.sent(conn):
            pass
        await queries.rollups.settle(conn)
