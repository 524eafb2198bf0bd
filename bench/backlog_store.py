"""A store of any number of messages, as years of use leave it, in a database of its own: see backlog.sql."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import aiosql
import msgspec
import psycopg

from app.db.migrate import migrate
from app.db.pool import Pool, make_pool
from app.services import rollups
from app.services.leases import Lease
from app.settings import Settings, load
from tests.support.mailroom import Mailroom, Sender

SQL: Final[Any] = aiosql.from_path(
    Path(__file__).with_name("backlog.sql"), "psycopg", mandatory_parameters=False, kwargs_only=True
)
WORKSPACES: Final = (20, 5, 5, 5, 5)  # senders of each
CHUNK: Final = 1_000_000
FILLED: Final = ("emails", "contents", "email_addresses", "dispatches", "lane_dues")


class Store(msgspec.Struct, frozen=True, kw_only=True):
    """The first workspace of a store, and what a bench needs to ask about it."""

    pool: Pool
    size: int  # messages, over all workspaces
    workspace_id: UUID
    lease: Lease  # of a mailbox with messages that are due, in another workspace
    sender_id: UUID  # one of twenty that send all the time
    campaign_id: UUID  # one that has ended long ago
    running_id: UUID  # one that waits
    addresses: list[str]
    names: list[str]
    seconds: float  # that it took to fill
    gigabytes: float


@asynccontextmanager
async def filled(server_url: str, size: int, *, due: int) -> AsyncIterator[Store]:
    """A store of `size` messages and `due` more that are to leave now; gone afterwards."""
    name = f"backlog_{size}"
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(f'create database "{name}"')  # a name made of our own number
    url = server_url.rsplit("/", 1)[0] + f"/{name}"
    try:
        await migrate(url)
        settings = load({"DATABASE_URL": url, "REDIS_URL": "redis://127.0.0.1:1/0", "SECRET_KEY": "0" * 43})
        async with make_pool(settings, name="bench", min_size=1, max_size=2) as pool:
            yield await fill(pool, settings, size, due=due)
    finally:
        with psycopg.connect(server_url, autocommit=True) as conn:
            conn.execute(f'drop database "{name}" with (force)')


async def fill(pool: Pool, settings: Settings, size: int, *, due: int) -> Store:
    """Fills a database that has no message yet."""
    began = time.monotonic()
    rooms = [await Mailroom.open(pool, settings) for _ in WORKSPACES]
    for room, senders in zip(rooms, WORKSPACES, strict=True):
        for _ in range(senders):
            await room.sender()
    _fill(settings.database_url, size)
    lease = await _due(rooms[1], due)
    _settle(settings.database_url)
    await rollups.roll_up(pool)
    return await _store(rooms[0], lease, size, time.monotonic() - began)


def _fill(url: str, size: int) -> None:
    """Without triggers and with indexes made at the end: what they would have written is written at once."""
    now = datetime.now(UTC)
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("set synchronous_commit = off")
        conn.execute("set maintenance_work_mem = '512MB'")
        conn.execute("set work_mem = '128MB'")
        SQL.prepare(conn)
        SQL.lanes(conn)
        SQL.campaigns(conn, now=now)
        found = conn.execute(
            "select c.relname, pg_get_indexdef(i.indexrelid) from pg_index i join pg_class c on c.oid = i.indexrelid "
            "where i.indrelid = any (%s::regclass[]) and not i.indisprimary",
            [list(FILLED)],
        ).fetchall()
        for index, _ in found:
            conn.execute(f'drop index "{index}"')
        conn.execute("alter table emails disable trigger user")
        for first in range(0, size, CHUNK):
            SQL.emails(conn, size=size, first=first, last=min(first + CHUNK, size) - 1, now=now)
        conn.execute("alter table emails enable trigger user")
        for step in (SQL.contents, SQL.addresses, SQL.dispatches, SQL.counters, SQL.next_dues, SQL.dues):
            step(conn)
        for _, definition in found:
            conn.execute(definition)


def _settle(url: str) -> None:
    """After what is due has come. Vacuum finds room for one more row in some of the pages, and the first thousands that
    came then would lie one to a page, each of them written whole to the log; in use that room is taken long ago."""
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("vacuum analyze")
        conn.execute("checkpoint")


async def _due(room: Mailroom, count: int) -> Lease:
    sender: Sender = await room.sender()
    people = [f"due{i}@example.com" for i in range(count)]
    await room.emails(sender, count, due=datetime.now(UTC) - timedelta(minutes=1), to=people)
    return await room.lease(sender.mailbox_id, seconds=86_400)


async def _store(room: Mailroom, lease: Lease, size: int, seconds: float) -> Store:
    lanes = await room.all(
        "select kind, number, sender_id, campaign_id from bench_lanes "
        "where workspace_id = %s and place = 0 order by kind, number",
        room.workspace_id,
    )
    campaigns = [row["campaign_id"] for row in lanes if row["kind"] == "campaign"]
    with psycopg.connect(room.settings.database_url) as conn:
        samples = list(SQL.samples(conn, size=size))
    return Store(
        pool=room.pool,
        size=size,
        workspace_id=room.workspace_id,
        lease=lease,
        sender_id=next(row["sender_id"] for row in lanes if row["kind"] == "single"),
        campaign_id=campaigns[0],
        running_id=campaigns[-1],
        addresses=[address for address, _ in samples],
        names=[name for _, name in samples],
        seconds=seconds,
        gigabytes=await room.value("select pg_database_size(current_database()) / 1e9::float8"),
    )
