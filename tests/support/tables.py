"""What stands in the database, for tests that ask it and not the API."""

from __future__ import annotations

from typing import Any

from app.db.pool import Pool


async def rows_of(pool: Pool, query: str, *values: Any) -> list[dict[str, Any]]:
    """What a statement returns, once it is committed."""
    async with pool.connection() as conn:
        return list(await (await conn.execute(query, values or None)).fetchall())


async def is_alone(pool: Pool, name: str) -> bool:
    """Whether no process of this name has a connection any more: whatever it did is done or was taken back."""
    return not await rows_of(pool, "select from pg_stat_activity where application_name = %s", name)
