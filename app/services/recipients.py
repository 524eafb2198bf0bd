"""Lists of recipients: read once, kept, and used by campaigns."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from app.contract.recipients import InvalidRow, ListedRecipient, ParsedRecipients
from app.db.copying import copy_rows
from app.db.pool import Conn, Pool
from app.db.queries import queries, rows
from app.db.transaction import transaction
from app.domain.csv_mapping import read_table
from app.domain.ids import new_id
from app.domain.recipients import Recipient, Recipients, from_table
from app.errors import TooLarge

BYTES_LIMIT: Final = 10 * 1024 * 1024
INVALID_SHOWN: Final = 1000
SAMPLE: Final = 5

TYPES: Final = ("uuid", "uuid", "int4", "text", "text", "jsonb")


async def parse(pool: Pool, *, workspace_id: UUID, data: bytes | str, filename: str | None) -> ParsedRecipients:
    """Reads a file or a pasted text and keeps who is on it. Raises UnreadableFile, ValidationError, TooLarge."""
    if len(data) > BYTES_LIMIT:
        raise TooLarge(f"This file is larger than {BYTES_LIMIT // 1024 // 1024} MB: divide it into several.")
    # Ten thousand addresses take a tenth of a second: other requests go on meanwhile.
    columns, found = await asyncio.to_thread(_read, data)
    async with transaction(pool) as tx:
        suppressed = await suppressed_among(tx, workspace_id, found.valid)
        valid = [recipient for recipient in found.valid if recipient.email.lower() not in suppressed]
        import_id = await keep(
            tx,
            workspace_id=workspace_id,
            found=msgspec.structs.replace(found, valid=valid),
            columns=columns,
            suppressed=len(suppressed),
            filename=filename,
        )
    return ParsedRecipients(
        object="import",
        import_id=import_id,
        state="done",
        detected=len(found.valid) + found.duplicates + len(found.invalid),
        valid=len(valid),
        duplicates=found.duplicates,
        suppressed=len(suppressed),
        invalid=[InvalidRow(row=bad.row, value=bad.value, reason=bad.reason) for bad in found.invalid[:INVALID_SHOWN]],
        invalid_count=len(found.invalid),
        columns=list(columns),
        sample=[ListedRecipient(email=r.email, name=r.name, variables=r.variables) for r in valid[:SAMPLE]],
    )


def _read(data: bytes | str) -> tuple[tuple[str, ...], Recipients]:
    table = read_table(data)
    return table.columns, from_table(table)


async def suppressed_among(tx: Conn, workspace_id: UUID, recipients: Sequence[Recipient]) -> set[str]:
    """Addresses in lower case."""
    found = await rows(
        queries.suppressions.among(
            tx, workspace_id=workspace_id, addresses=[recipient.email.lower() for recipient in recipients]
        )
    )
    return {row["address"] for row in found}


async def keep(
    tx: Conn,
    *,
    workspace_id: UUID,
    found: Recipients,
    columns: Sequence[str],
    suppressed: int,
    filename: str | None,
) -> UUID:
    """Writes the list down, its valid recipients by COPY, and returns its id."""
    import_id = new_id()
    await queries.imports.add(
        tx,
        workspace_id=workspace_id,
        id=import_id,
        filename=filename and filename.replace("\0", "")[:255],
        detected=len(found.valid) + suppressed + found.duplicates + len(found.invalid),
        valid=len(found.valid),
        duplicates=found.duplicates,
        suppressed=suppressed,
        invalid_count=len(found.invalid),
        invalid=_json(found.invalid[:INVALID_SHOWN]),
        columns=_json(list(columns)),
    )
    await copy_rows(
        tx,
        queries.imports.copy_recipients,
        TYPES,
        (
            (workspace_id, import_id, position, recipient.email, recipient.name, recipient.variables or None)
            for position, recipient in enumerate(found.valid)
        ),
    )
    return import_id


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
