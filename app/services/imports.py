"""Lists: of recipients, kept and used by campaigns; of suppressions, added to those of the workspace.

A short one is read while the caller waits; a long one is kept in parts and read by a worker (`import_reading`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, BinaryIO, Final
from uuid import UUID

import msgspec

from app.contract.recipients import Import, InvalidRow, ListedRecipient, Purpose
from app.db.copying import copy_rows
from app.db.pool import Conn, Pool
from app.db.queries import queries, rows
from app.db.transaction import retrying, transaction
from app.domain.addresses import is_role
from app.domain.csv_reading import ROWS_LIMIT, Listing, open_list
from app.domain.ids import new_id
from app.domain.recipients import Recipient, Rejected, judged
from app.domain.suppressions import judged_suppressions
from app.domain.text import one_line
from app.errors import NotFound, TooLarge
from app.queue import defer_import
from app.services import feed

BYTES_LIMIT: Final = 256 * 1024 * 1024
AT_ONCE: Final = 10 * 1024 * 1024  # bytes of a list that may be read while the caller waits
CHUNK: Final = 1024 * 1024  # bytes
INVALID_SHOWN: Final = 1000
SAMPLE: Final = 5
SUPPRESSED_AT_ONCE: Final = 10_000  # addresses in one transaction: a bounce of one of them waits for its end

RECIPIENT_TYPES: Final = ("uuid", "uuid", "int4", "int4", "text", "text", "text", "jsonb")
NOTE_TYPES: Final = ("uuid", "uuid", "int4", "text", "int4", "text", "text")
CHUNK_TYPES: Final = ("uuid", "uuid", "int4", "bytea")

Judged = Recipient | Rejected


async def parse(
    pool: Pool,
    *,
    workspace_id: UUID,
    file: BinaryIO,
    size: int,
    filename: str | None,
    columns: Sequence[str | None] | None,
    purpose: Purpose = "recipients",
) -> Import:
    """Takes a list over. It is done when this returns, or is waiting for a worker if it has more than 10,000 rows.

    Raises UnreadableFile, ValidationError or TooLarge; then nothing of it is kept.
    """
    if size > BYTES_LIMIT:
        raise TooLarge(f"This file is larger than {BYTES_LIMIT // 1024 // 1024} MB: divide it into several.")
    # Ten thousand addresses take a tenth of a second: other requests go on meanwhile.
    names, found = await asyncio.to_thread(_read, file, columns, purpose, at_once=size <= AT_ONCE)
    import_id = new_id()
    async with transaction(pool) as tx:
        await queries.imports.add(
            tx,
            workspace_id=workspace_id,
            id=import_id,
            purpose=purpose,
            state="waiting",
            filename=filename and filename.replace("\0", "")[:255],
            size=size,
            mapping=None if columns is None else to_json(columns),
        )
        if found is not None:
            await write(tx, workspace_id, import_id, found, first=0, purpose=purpose)
            await finish(tx, workspace_id, import_id, names)
            if purpose == "suppressions":
                while await suppress_some(tx, workspace_id, import_id, filename):
                    pass
        else:
            await copy_rows(tx, queries.imports.copy_chunks, CHUNK_TYPES, _chunks(file, workspace_id, import_id))
            await defer_import(tx, workspace_id, import_id)
    return await get(pool, workspace_id=workspace_id, id=import_id)


def _read(
    file: BinaryIO, columns: Sequence[str | None] | None, purpose: Purpose, *, at_once: bool
) -> tuple[list[str], list[Judged] | None]:
    """The names of the columns, and the rows if they are few."""
    listing = open_list(file, mapping=columns)
    if not at_once:
        return listing.names, None
    found = list(islice(entries(listing, purpose), ROWS_LIMIT + 1))
    return listing.names, found if len(found) <= ROWS_LIMIT else None


def entries(listing: Listing, purpose: Purpose) -> Iterator[Judged]:
    """What the rows of a list say, by what it is for."""
    return judged_suppressions(listing) if purpose == "suppressions" else judged(listing.columns, listing.rows)


def _chunks(file: BinaryIO, workspace_id: UUID, import_id: UUID) -> Iterator[tuple[UUID, UUID, int, bytes]]:
    file.seek(0)
    number = 0
    while data := file.read(CHUNK):
        yield workspace_id, import_id, number, data
        number += 1


async def keep(tx: Conn, *, workspace_id: UUID, valid: Sequence[Recipient], columns: Sequence[str]) -> UUID:
    """Writes down a list that came in a request itself, checked and without duplicates. Its id.

    Whoever is suppressed stays on it: the caller named that address, and is shown what became of it.
    """
    import_id = new_id()
    await queries.imports.add(
        tx,
        workspace_id=workspace_id,
        id=import_id,
        purpose="recipients",
        state="waiting",
        filename=None,
        size=0,
        mapping=None,
    )
    await write(tx, workspace_id, import_id, valid, first=0)
    await queries.imports.finish(tx, workspace_id=workspace_id, id=import_id, columns=to_json(list(columns)))
    return import_id


async def write(
    tx: Conn,
    workspace_id: UUID,
    import_id: UUID,
    found: Iterable[Judged],
    *,
    first: int,
    purpose: Purpose = "recipients",
) -> None:
    """Rows of a list in their order, by COPY; `first` is the place of the first of them."""
    valid: list[tuple[Any, ...]] = []
    notes: list[tuple[Any, ...]] = []
    for position, each in enumerate(found, first):
        if isinstance(each, Rejected):
            notes.append((workspace_id, import_id, position, "invalid", each.row, each.value, each.reason))
            continue
        variables = each.variables or None
        valid.append((workspace_id, import_id, position, each.row, each.email, each.key, each.name, variables))
        if purpose == "recipients" and is_role(each.email):
            notes.append((workspace_id, import_id, position, "role", each.row, each.email, "The address of a role."))
    if valid:
        await copy_rows(tx, queries.imports.copy_recipients, RECIPIENT_TYPES, valid)
    if notes:
        await copy_rows(tx, queries.imports.copy_notes, NOTE_TYPES, notes)


async def finish(tx: Conn, workspace_id: UUID, import_id: UUID, columns: Sequence[str]) -> bool:
    """All rows are there: leaves out who is on the list twice or suppressed, and counts. False if it was cancelled.

    One of recipients is done then; the addresses of one of suppressions are still to be added by `suppress_some`.
    """
    of = {"workspace_id": workspace_id, "id": import_id}
    await queries.imports.plan_in_bulk(tx)
    await queries.imports.drop_duplicates(tx, **of)
    await queries.imports.drop_suppressed(tx, **of)
    await queries.imports.drop_roles(tx, **of)
    done: int = await queries.imports.finish(tx, **of, columns=to_json(list(columns)))
    await queries.imports.drop_chunks(tx, **of)
    return done > 0


async def suppress_some(tx: Conn, workspace_id: UUID, import_id: UUID, filename: str | None) -> bool:
    """Suppresses the next addresses of a list, and ends it where there are none. Whether there may be more."""
    of = {"workspace_id": workspace_id, "id": import_id}
    detail = None if filename is None else f"Imported from {one_line(filename)[:200]}."
    some = await queries.imports.suppress_some(tx, **of, detail=detail, count=SUPPRESSED_AT_ONCE)
    if some["taken"] == SUPPRESSED_AT_ONCE:
        return True
    await queries.imports.finish_suppressing(tx, **of)
    await queries.imports.drop_recipients(tx, **of)
    return False


async def get(pool: Pool, *, workspace_id: UUID, id: UUID) -> Import:
    """Raises NotFound."""
    async with pool.connection() as conn:
        return await _shown(conn, workspace_id, id)


async def _shown(conn: Conn, workspace_id: UUID, id: UUID) -> Import:
    of = {"workspace_id": workspace_id, "id": id}
    row = await queries.imports.get(conn, **of)
    if row is None:
        raise NotFound
    is_done = row["state"] in ("done", "used")
    invalid = await rows(queries.imports.notes(conn, **of, kind="invalid", count=INVALID_SHOWN)) if is_done else []
    sample = await rows(queries.imports.sample(conn, **of, count=SAMPLE)) if is_done else []
    return Import(
        object="import",
        import_id=id,
        state="done" if is_done else row["state"],
        progress=_progress(row, is_done=is_done),
        invalid=[InvalidRow(**each) for each in invalid],
        sample=[ListedRecipient(**each | {"variables": each["variables"] or {}}) for each in sample],
        **{field: row[field] for field in _SHOWN},
    )


_SHOWN: Final = (
    *(
        "purpose",
        "error",
        "filename",
        "detected",
        "valid",
        "duplicates",
        "suppressed",
        "roles",
        "invalid_count",
        "columns",
    ),
    "created_at",
)


def _progress(row: Mapping[str, Any], *, is_done: bool) -> float:
    if is_done:
        return 1.0
    read = row["bytes_read"] / row["size"] if row["size"] else 0.0
    if row["purpose"] == "recipients":
        # What follows the last row, looking for duplicates, takes about a tenth of the time.
        return round(0.9 * read, 3)
    added = (row["added_to"] or 0) / row["rows_read"] if row["rows_read"] else 0.0
    return round(0.45 * read + 0.5 * added, 3)


async def cancel(pool: Pool, *, workspace_id: UUID, id: UUID) -> Import:
    """Nothing more of it is read and what was is forgotten; one that is done, or has begun to be suppressed, stays.

    Raises NotFound.
    """

    async def work(tx: Conn) -> Import:
        state = await queries.imports.cancel(tx, workspace_id=workspace_id, id=id)
        if state is None:
            raise NotFound
        if state == "cancelled":
            await forget(tx, workspace_id, id)
        return await _shown(tx, workspace_id, id)

    answer = await retrying(pool, work)
    feed.announce(pool, workspace_id)
    return answer


async def forget(tx: Conn, workspace_id: UUID, import_id: UUID) -> None:
    """The rows and the file of a list that came to nothing."""
    of = {"workspace_id": workspace_id, "id": import_id}
    await queries.imports.drop_chunks(tx, **of)
    await queries.imports.drop_recipients(tx, **of)
    await queries.imports.drop_notes(tx, **of)


def to_json(value: object) -> str:
    return msgspec.json.encode(value).decode()
