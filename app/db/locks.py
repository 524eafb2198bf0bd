"""Waiting for what another transaction holds, but not for ever."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg import errors

from app.db.pool import Conn
from app.db.queries import queries


class LockTimeout(Exception):
    """Another transaction kept its lock for longer than the caller wanted to wait."""


@asynccontextmanager
async def lock_wait(tx: Conn, seconds: float) -> AsyncIterator[None]:
    """Within the block, and only there, no statement waits longer than `seconds` for a lock. Raises LockTimeout.

    The transaction is spoilt afterwards: let the exception end it.
    """
    await queries.idempotency.wait_at_most(tx, milliseconds=f"{seconds * 1000:.0f}")
    try:
        yield
    except errors.LockNotAvailable as error:
        raise LockTimeout from error
    await queries.idempotency.wait_at_most(tx, milliseconds="0")
