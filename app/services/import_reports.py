"""What is wrong with a list, row by row, for download."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

from app.db.pool import Pool
from app.db.queries import queries
from app.db.streaming import batches, snapshot
from app.domain.spreadsheets import csv_rows
from app.errors import NotFound


async def report(pool: Pool, *, workspace_id: UUID, id: UUID) -> AsyncIterator[bytes]:
    """CSV in parts, however long the list is. Raises NotFound before the first part."""
    async with pool.connection() as conn:
        if await queries.imports.get(conn, workspace_id=workspace_id, id=id) is None:
            raise NotFound
    return _parts(pool, workspace_id, id)


async def _parts(pool: Pool, workspace_id: UUID, id: UUID) -> AsyncIterator[bytes]:
    yield csv_rows([("row", "problem", "value", "reason")]).encode("utf-8-sig")  # so that Excel reads UTF-8
    async with pool.connection() as conn, snapshot(conn) as tx:
        async for batch in batches(tx, queries.imports.report, workspace_id=workspace_id, id=id):
            yield csv_rows([str(cell) for cell in row] for row in batch).encode()
