"""Stops who writes in the middle of it, so that a test can kill or cancel just there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.db.pool import Pool
from tests.support.tables import rows_of
from tests.support.waiting import wait_until

WAITING = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"


@asynccontextmanager
async def halted_halfway(pool: Pool, table: str, once: str) -> AsyncIterator[None]:
    """Whoever inserts into the table waits as soon as the condition holds. Enter it before there is a worker."""
    halt = f"""
        create function halt() returns trigger language plpgsql as $$
        begin
            if {once} then
                perform pg_advisory_xact_lock(42);
            end if;
            return null;
        end $$;
        create trigger halt after insert on {table} for each statement execute function halt();
    """
    async with pool.connection() as conn:
        await conn.execute("select pg_advisory_lock(42)")
        await conn.execute(halt)
        yield
        await conn.execute("select pg_advisory_unlock(42)")


async def halted(pool: Pool) -> None:
    """Returns when somebody waits there."""
    await wait_until(lambda: rows_of(pool, f"{WAITING} and wait_event = 'advisory'"), 60)
