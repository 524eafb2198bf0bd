"""Messages as CSV, however many. Rows are read some at a time, each on a connection of its own: who reads slowly holds
none, and nothing of the database stays open."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from app.db.pool import Conn, Pool
from app.db.queries import queries, rows
from app.domain.scheduling import iso
from app.domain.spreadsheets import csv_rows
from app.domain.status import Status
from app.errors import NotFound
from app.services import email_search
from app.services.email_lists import Wanted
from app.services.email_views import recipients_of, waiting

BATCH: Final = 1000  # rows
COLUMNS: Final = (*("email", "name", "status", "scheduled_at", "sent_at", "sender", "attempts", "reply", "waiting"),)


async def campaign(pool: Pool, *, workspace_id: UUID, id: UUID, now: datetime) -> AsyncIterator[bytes]:
    """Every message of a campaign, in the order of its list. Raises NotFound before the first part."""
    async with pool.connection() as conn:
        if await queries.campaigns.said(conn, workspace_id=workspace_id, id=id) is None:
            raise NotFound
    return _campaign(pool, workspace_id, id, now)


async def _campaign(pool: Pool, workspace_id: UUID, id: UUID, now: datetime) -> AsyncIterator[bytes]:
    yield _head()
    after = -1
    while True:
        async with pool.connection() as conn:
            places = await rows(
                queries.campaigns.places(conn, workspace_id=workspace_id, campaign_id=id, after=after, count=BATCH)
            )
            if not places:
                return
            part = await _rows(conn, workspace_id, [row["id"] for row in places], now)
        yield part
        after = places[-1]["position"]


async def filtered(pool: Pool, *, workspace_id: UUID, wanted: Wanted, now: datetime) -> AsyncIterator[bytes]:
    """What the filters let through, in the order of the list."""
    yield _head()
    after: UUID | None = None
    while True:
        async with pool.connection() as conn:
            ids = await email_search.after(conn, workspace_id, wanted, after, count=BATCH)
            if not ids:
                return
            part = await _rows(conn, workspace_id, ids, now)
        yield part
        after = ids[-1]


def _head() -> bytes:
    return csv_rows([COLUMNS]).encode("utf-8-sig")  # so that Excel reads UTF-8


async def _rows(conn: Conn, workspace_id: UUID, ids: Sequence[UUID], now: datetime) -> bytes:
    found = await rows(queries.emails.shown(conn, workspace_id=workspace_id, ids=list(ids)))
    return csv_rows(_cells(row, now) for row in found).encode()


def _cells(row: dict[str, Any], now: datetime) -> tuple[str, ...]:
    waits = waiting(row, Status(row["status"]), now)
    until = "" if waits is None or waits.next_at is None else f" until {iso(waits.next_at)}"
    return (
        ", ".join(each["email"] for each in recipients_of(row)),
        row["to_name"] or "",
        row["status"],
        iso(row["scheduled_at"]),
        "" if row["sent_at"] is None else iso(row["sent_at"]),
        row["from_email"],
        str(row["attempts"]),
        row["reply"] or "",
        "" if waits is None else f"{waits.reason}{until}",
    )
