"""Nothing that people or workers ask looks at more than a part of what is stored: by the plans, not by a clock."""

from __future__ import annotations

from typing import Any, cast

import psycopg
import pytest

from app.db.pool import Pool, make_pool
from app.services import email_search
from app.settings import Settings
from bench.backlog import Sending, lists, others
from bench.backlog_store import fill
from tests.support.explaining import ExplainingPool, nodes, rows_read

SIZE = 40_000
LARGE = {"emails", "contents", "email_addresses", "dispatches"}
MOST = 6_000  # rows of one table that one statement may look at: a page of each status, of some lanes
PAGES = 2_000  # of these, such as an index does not say all about: each is another page of the table


async def test_no_query_looks_at_all_that_is_stored(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("MANY", 300), ("MANY_BY_ID", 300), ("FURTHEST", 400)):
        monkeypatch.setattr(email_search, name, value)  # as if there were more
    with psycopg.connect(settings.database_url, autocommit=True) as conn:
        name = conn.info.dbname
        conn.execute(f'alter database "{name}" set random_page_cost = 1.1')  # as `paceline up` has it
    async with make_pool(settings, name="test", min_size=1, max_size=4) as pool:
        store = await fill(pool, settings, SIZE, due=100)
        wide = []
        for name, step in ({"claim 50": Sending(store).claim} | others(store) | lists(store)).items():
            explaining = ExplainingPool(pool, "json")
            await step(cast(Pool, explaining), 0)
            assert explaining.plans, name
            wide += [
                f"{name}: {node['Node Type']} read {rows_read(node):.0f} of {node['Relation Name']}"
                for plan in explaining.plans
                for node in nodes(plan)
                if node.get("Relation Name") in LARGE and rows_read(node) > _most(node)
            ]
    assert not wide, "\n".join(wide)


def _most(node: dict[str, Any]) -> int:
    return MOST if node["Node Type"] == "Index Only Scan" else PAGES
