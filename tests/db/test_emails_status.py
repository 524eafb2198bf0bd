"""The status machine in Python and in the database are one."""

from __future__ import annotations

from app.db.pool import Pool
from app.domain.status import TRANSITIONS, Status


async def test_both_tables_say_the_same(pool: Pool) -> None:
    query = "select old_status::text as old, new_status::text as new from status_transitions"
    async with pool.connection() as conn:
        found = await (await conn.execute(query)).fetchall()
    assert {(row["old"], row["new"]) for row in found} == {
        (old.value, new.value) for old, following in TRANSITIONS.items() for new in following
    }


async def test_both_know_the_same_statuses(pool: Pool) -> None:
    async with pool.connection() as conn:
        found = await (await conn.execute("select unnest(enum_range(null::email_status))::text as status")).fetchall()
    assert [row["status"] for row in found] == [status.value for status in Status]
