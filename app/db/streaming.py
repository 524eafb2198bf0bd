"""Reading more rows than fit in memory: one snapshot, server-side cursors, a batch at a time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from psycopg import IsolationLevel
from psycopg.rows import tuple_row

from app.db.pool import Conn
from app.db.queries import queries

BATCH: Final = 5000  # rows


@asynccontextmanager
async def snapshot(conn: Conn) -> AsyncIterator[Conn]:
    """A read-only transaction: every query sees the same state of the database, and none is cut off for its time."""
    await conn.set_isolation_level(IsolationLevel.REPEATABLE_READ)
    await conn.set_read_only(True)
    try:
        async with conn.transaction():
            await queries.ledger.take_time(conn)
            yield conn
    finally:
        if not conn.closed:
            await conn.set_read_only(None)
            await conn.set_isolation_level(None)


async def batches(tx: Conn, query: Any, **parameters: Any) -> AsyncGenerator[list[tuple[Any, ...]], None]:
    """The rows of a named query as tuples, through a server-side cursor. Close what you do not exhaust."""
    async with tx.cursor(name="batches", row_factory=tuple_row) as cursor:
        await cursor.execute(query.sql, parameters, binary=True)
        while batch := await cursor.fetchmany(BATCH):
            yield batch
