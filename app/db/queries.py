"""Named SQL from sql/queries/<noun>.sql, loaded by aiosql: `queries.emails.get(conn, workspace_id=..., id=...)`.

aiosql has no adapter for psycopg's async connections; this one is its `pyformat` adapter with awaits.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import aiosql
from aiosql.adapters.pyformat import PyFormatAdapter

from app.db.pool import Conn

SQL = Path(__file__).parents[2] / "sql"


class AsyncPsycopgAdapter:
    is_aio_driver = True

    def process_sql(self, name: str, operation: Any, sql: str) -> str:
        return str(PyFormatAdapter().process_sql(name, operation, sql))

    async def select(
        self, conn: Conn, _name: str, sql: Any, parameters: Any, _record: Any
    ) -> AsyncIterator[dict[str, Any]]:
        cursor = await conn.execute(sql, parameters)
        for row in await cursor.fetchall():
            yield row

    async def select_one(
        self, conn: Conn, _name: str, sql: Any, parameters: Any, _record: Any
    ) -> dict[str, Any] | None:
        return await (await conn.execute(sql, parameters)).fetchone()

    async def select_value(self, conn: Conn, _name: str, sql: Any, parameters: Any) -> Any:
        row = await (await conn.execute(sql, parameters)).fetchone()
        return None if row is None else next(iter(row.values()))

    async def insert_returning(self, conn: Conn, _name: str, sql: Any, parameters: Any) -> dict[str, Any] | None:
        return await (await conn.execute(sql, parameters)).fetchone()

    async def insert_update_delete(self, conn: Conn, _name: str, sql: Any, parameters: Any) -> int:
        return (await conn.execute(sql, parameters)).rowcount

    async def insert_update_delete_many(self, conn: Conn, _name: str, sql: Any, parameters: Any) -> int:
        async with conn.cursor() as cursor:
            await cursor.executemany(sql, parameters)
            return cursor.rowcount


async def rows(found: AsyncIterator[dict[str, Any]]) -> list[dict[str, Any]]:
    """All rows of a select query."""
    return [row async for row in found]


def load() -> Any:
    """One namespace a file: aiosql by itself would put every query of a folder into one."""
    return SimpleNamespace(
        **{
            path.stem: aiosql.from_path(
                path, cast(Any, AsyncPsycopgAdapter), mandatory_parameters=False, kwargs_only=True
            )
            for path in sorted((SQL / "queries").glob("*.sql"))
        }
    )


queries: Any = load()
