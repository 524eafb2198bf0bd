"""Transactions. Services own them: one use case, one transaction, one connection."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar

from psycopg import errors

from app.db.pool import Conn, Pool

T = TypeVar("T")


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Conn]:
    """Commits at the end, rolls back on an exception."""
    async with pool.connection() as conn, conn.transaction():
        yield conn


async def retrying(
    pool: Pool, work: Callable[[Conn], Awaitable[T]], *, tries: int = 5, in_transaction: bool = True
) -> T:
    """Runs `work` in a transaction, again where Postgres broke a deadlock: then nothing of it was done.

    Work of a single statement may go without: that is a transaction by itself.
    """
    begin = transaction if in_transaction else connection
    for _ in range(tries - 1):
        try:
            async with begin(pool) as tx:
                return await work(tx)
        except (errors.DeadlockDetected, errors.SerializationFailure):
            continue
    async with begin(pool) as tx:
        return await work(tx)


def connection(pool: Pool) -> AbstractAsyncContextManager[Conn]:
    """Each statement commits by itself."""
    return pool.connection()
