"""The plans of whatever a service asks Postgres, with what was really read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, Literal

from app.db.pool import Conn, Pool


class ExplainingPool:
    """In place of a pool: every statement is explained, undone, and then made."""

    def __init__(self, pool: Pool, form: Literal["text", "json"]) -> None:
        self._pool = pool
        self._form = form
        self.plans: list[Any] = []  # lines of text, or the root of a tree

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[_Explaining]:
        async with self._pool.connection() as conn:
            yield _Explaining(conn, self._form, self.plans)


class _Explaining:
    def __init__(self, conn: Conn, form: str, plans: list[Any]) -> None:
        self._conn = conn
        self._form = form
        self._plans = plans

    def __getattr__(self, name: str) -> Any:
        return getattr(self._conn, name)

    async def execute(self, query: str, values: Any = None, **how: Any) -> Any:
        async with self._conn.transaction(force_rollback=True):
            explain = f"explain (analyze, buffers, format {self._form}) "
            explained = await self._conn.execute(explain + query, values, **how)
            found = [next(iter(row.values())) for row in await explained.fetchall()]
        self._plans.append("\n".join(found) if self._form == "text" else found[0][0]["Plan"])
        return await self._conn.execute(query, values, **how)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every node of a plan as JSON."""
    yield plan
    for each in plan.get("Plans", ()):
        yield from nodes(each)


def rows_read(node: dict[str, Any]) -> float:
    """How many rows a scan looked at, those included that it left out."""
    left_out = sum(node.get(f"Rows Removed by {what}", 0) for what in ("Filter", "Index Recheck"))
    read: float = (node["Actual Rows"] + left_out) * node["Actual Loops"]
    return read
