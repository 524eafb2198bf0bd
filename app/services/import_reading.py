"""A long list, read by a process of its own: it takes a core for seconds, and mail must leave on time meanwhile.

Rows are committed in batches together with how far it came: whoever goes on after a crash skips what is there.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from itertools import islice
from typing import Any, BinaryIO, Final
from uuid import UUID

import structlog

from app.contract.recipients import Purpose
from app.db.pool import Conn, connect
from app.db.queries import queries
from app.domain.csv_reading import open_list
from app.errors import PacelineError
from app.services.imports import entries, finish, forget, suppress_some, to_json, write
from app.settings import Settings

BATCH: Final = 10_000  # rows in one transaction
ATTEMPTS: Final = 10  # readers that may die of one list
SHOW_EVERY: Final = 0.5  # seconds between two hints to open pages

log = structlog.get_logger("paceline.imports")


class _Cancelled(Exception):
    """Somebody does not want this list any more."""


async def read(settings: Settings, *, workspace_id: UUID, import_id: UUID) -> None:
    """Reads a list to its end, however it ends, unless somebody else is at it."""
    conn = await connect(settings, name="import")
    try:
        if not await queries.server.try_lock(conn, id=import_id):
            return
        begun = await queries.imports.begin(conn, workspace_id=workspace_id, id=import_id)
        if begun is None:
            return
        if begun["added_to"] is not None:  # however often a reader died: a list is suppressed as a whole or not at all
            await _suppress(conn, workspace_id, import_id, begun["filename"])
        elif begun["attempts"] > ATTEMPTS:
            await _fail(conn, workspace_id, import_id, "This list could not be read in ten attempts.")
        elif await _read(conn, workspace_id, import_id, begun):
            await _suppress(conn, workspace_id, import_id, begun["filename"])
        await queries.events.announce(conn, workspace_id=workspace_id)
    finally:
        await conn.close()


async def _read(conn: Conn, workspace_id: UUID, import_id: UUID, begun: Mapping[str, Any]) -> bool:
    """Whether it is all there, and the addresses of it are to be suppressed now."""
    purpose: Purpose = begun["purpose"]
    with tempfile.TemporaryFile() as file:
        await _fetch(conn, workspace_id, import_id, file)
        try:
            await _rows(conn, workspace_id, import_id, file, begun)
        except PacelineError as error:
            await _fail(conn, workspace_id, import_id, error.message)
            return False
        except _Cancelled:
            async with conn.transaction():
                await forget(conn, workspace_id, import_id)
            return False
    return purpose == "suppressions"


async def _suppress(conn: Conn, workspace_id: UUID, import_id: UUID, filename: str | None) -> None:
    """Some at a time: what a server says about one of them meanwhile does not wait for a million."""
    more = True
    while more:
        async with conn.transaction():
            more = await suppress_some(conn, workspace_id, import_id, filename)
        await queries.events.announce(conn, workspace_id=workspace_id)


async def _fetch(conn: Conn, workspace_id: UUID, import_id: UUID, file: BinaryIO) -> None:
    number = 0
    while data := await queries.imports.chunk(conn, workspace_id=workspace_id, import_id=import_id, number=number):
        file.write(data)
        number += 1
        if number % 16 == 0:
            await queries.imports.touch(conn, workspace_id=workspace_id, id=import_id)


async def _rows(conn: Conn, workspace_id: UUID, import_id: UUID, file: BinaryIO, begun: Mapping[str, Any]) -> None:
    done: int = begun["rows_read"]
    purpose: Purpose = begun["purpose"]
    listing = open_list(file, mapping=begun["mapping"])
    found = islice(entries(listing, purpose), done, None)
    shown = time.monotonic()
    while batch := list(islice(found, BATCH)):
        async with conn.transaction():
            await write(conn, workspace_id, import_id, batch, first=done, purpose=purpose)
            done += len(batch)
            advanced = await queries.imports.advance(
                conn,
                workspace_id=workspace_id,
                id=import_id,
                rows_read=done,
                bytes_read=file.tell(),
                columns=to_json(listing.names),
            )
            if not advanced:
                raise _Cancelled
        if time.monotonic() - shown > SHOW_EVERY:
            await queries.events.announce(conn, workspace_id=workspace_id)
            shown = time.monotonic()
    async with conn.transaction():
        if not await finish(conn, workspace_id, import_id, listing.names):
            raise _Cancelled
    log.info("import.done", import_id=str(import_id), rows=done)


async def _fail(conn: Conn, workspace_id: UUID, import_id: UUID, why: str) -> None:
    async with conn.transaction():
        await queries.imports.fail(conn, workspace_id=workspace_id, id=import_id, error=why)
        await forget(conn, workspace_id, import_id)
    log.info("import.failed", import_id=str(import_id), error=why)
