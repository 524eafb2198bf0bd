"""Brings a database to this version's schema: sql/migrations in order, then Procrastinate's own. Forward only.

Two processes may do it at once (an advisory lock queues them) and doing it twice changes nothing. A file is one
transaction.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

import psycopg

from app.db.pool import session
from app.db.queries import SQL
from app.errors import PacelineError, Unavailable

LOCK = 0x7061_6365  # "pace"
LEDGER = """
    create table if not exists schema_migrations (name text primary key, applied_at timestamptz not null default now())
"""
PROCRASTINATE = "procrastinate/"


class DatabaseTooNew(PacelineError):
    """The database was made by a newer Paceline: run that version, or restore an older backup."""

    code = "database_too_new"


def ours() -> list[Path]:
    return sorted((SQL / "migrations").glob("[0-9]*.sql"))


async def migrate(database_url: str) -> list[str]:
    """Returns the names of what was applied. Raises DatabaseTooNew, or Unavailable with the server's own words."""
    try:
        conn = await psycopg.AsyncConnection.connect(database_url, **session("migrate"))
    except psycopg.OperationalError as error:
        raise Unavailable(f"Postgres does not answer: {error}") from error
    async with conn:
        await conn.execute("select pg_advisory_lock(%s)", [LOCK])
        await conn.execute(LEDGER)
        applied = await names(conn)
        refuse_newer(applied)
        return [*await apply_ours(conn, applied), *await apply_procrastinate(conn, applied)]


async def pending(conn: psycopg.AsyncConnection[Any]) -> list[str]:
    """What `migrate` would apply. Raises DatabaseTooNew."""
    known = await (await conn.execute("select to_regclass('schema_migrations')::text as name")).fetchone()
    applied = await names(conn) if known and next(iter(known.values() if isinstance(known, dict) else known)) else set()
    refuse_newer(applied)
    wanted = [path.name for path in ours()] + [PROCRASTINATE + name for name, _ in procrastinate_files()]
    return [name for name in wanted if name not in applied]


async def names(conn: psycopg.AsyncConnection[Any]) -> set[str]:
    cursor = await conn.execute("select name from schema_migrations")
    return {row["name"] if isinstance(row, dict) else row[0] for row in await cursor.fetchall()}


def refuse_newer(applied: set[str]) -> None:
    known = {path.name for path in ours()}
    unknown = sorted(name for name in applied if not name.startswith(PROCRASTINATE) and name not in known)
    if unknown:
        raise DatabaseTooNew(
            f"The database was made by a newer Paceline (it has {unknown[-1]}): "
            "run that version, or restore an older backup."
        )


async def apply_ours(conn: psycopg.AsyncConnection[Any], applied: set[str]) -> list[str]:
    done = []
    for path in ours():
        if path.name not in applied:
            await apply(conn, path.name, sql=path.read_text(encoding="utf-8"))
            done.append(path.name)
    async with conn.transaction():
        await conn.execute("select ensure_event_partitions(3)")
    return done


def procrastinate_files() -> list[tuple[str, str]]:
    folder = resources.files("procrastinate.sql") / "migrations"
    return sorted(
        (entry.name, entry.read_text(encoding="utf-8")) for entry in folder.iterdir() if entry.name.endswith(".sql")
    )


async def apply_procrastinate(conn: psycopg.AsyncConnection[Any], applied: set[str]) -> list[str]:
    files = procrastinate_files()
    if not any(name.startswith(PROCRASTINATE) for name in applied):
        # A new database takes the whole schema at once; its migrations are then history.
        schema = (resources.files("procrastinate.sql") / "schema.sql").read_text(encoding="utf-8")
        await apply(conn, *[PROCRASTINATE + name for name, _ in files], sql=schema)
        return [PROCRASTINATE + "schema"]
    done = []
    for name, sql in files:
        if PROCRASTINATE + name not in applied:
            await apply(conn, PROCRASTINATE + name, sql=sql)
            done.append(PROCRASTINATE + name)
    return done


async def apply(conn: psycopg.AsyncConnection[Any], *migration: str, sql: str) -> None:
    async with conn.transaction():
        # Waiting for a lock longer would queue every other query behind this one; a release can be run again.
        await conn.execute("set local lock_timeout = '5s'")
        await conn.execute("set local statement_timeout = 0")
        await conn.execute(sql.encode())
        async with conn.cursor() as cursor:
            await cursor.executemany("insert into schema_migrations (name) values (%s)", [[name] for name in migration])
