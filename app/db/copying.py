"""Rows in bulk: COPY in its binary form, thousands of rows in one statement and one round trip."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from app.db.pool import Conn


async def copy_rows(tx: Conn, query: Any, types: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Sends `rows` through a named query of the form `copy t (columns) from stdin (format binary)`; returns how many.

    `types` are the columns' Postgres types: the binary form knows no others. Statement triggers run once.
    """
    async with tx.cursor() as cursor:
        async with cursor.copy(query.sql) as copy:
            copy.set_types(types)
            for row in rows:
                await copy.write_row(row)
        return cursor.rowcount
