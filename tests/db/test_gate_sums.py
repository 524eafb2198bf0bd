"""Python, the database and Redis do the same sums of sub-windows."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from app.db.pool import Pool
from app.domain.ids import new_id
from app.domain.pacing import SLOTS_KEPT, SLOTS_PER_WINDOW, dot_deadline, freed_at, slot_of
from app.pacing.reservations import Ask, Reservations, Scope, Settlement
from tests.support.ring import START, Ring

ROOT = Path(__file__).parents[2]


async def test_the_database_does_the_same_sums(pool: Pool) -> None:
    """A counter with one dispatch in each of three slots frees them when Python says so."""
    async with pool.connection() as conn:
        for window in (1.0, 10.0, 3600.0, 86400.0):
            head = slot_of(START, window)
            counts = [0] * SLOTS_KEPT
            counts[0], counts[5], counts[SLOTS_KEPT - 1] = 1, 2, 3
            cursor = await conn.execute(
                "select extract(epoch from pacing_next(p, 6, n))::float8 as at, n, pacing_used(p) as used"
                " from (select 'mailbox_hour', gen_random_uuid(), %s, %s, %s, to_timestamp(%s)) as r,"
                " lateral (select row('mailbox_hour'::pacing_scope, gen_random_uuid(), %s::float8, %s::bigint,"
                " %s::int[], to_timestamp(%s))::pacing as p) as c, generate_series(1, 6) as n order by n",
                [window, head, counts, START, window, head, counts, START],
            )
            found = await cursor.fetchall()
            oldest, middle, newest = head - SLOTS_KEPT + 1, head - 5, head
            expected = [freed_at(slot, window) for slot in (oldest, oldest, oldest, middle, middle, newest)]
            assert [row["at"] for row in found] == pytest.approx(expected, abs=1e-5)
            assert {row["used"] for row in found} == {6}


async def test_the_deadline_of_the_database_is_the_same(pool: Pool) -> None:
    async with pool.connection() as conn:
        cursor = await conn.execute("select prosrc from pg_proc where proname = 'gate'")
        (row,) = await cursor.fetchall()
    (least, share) = re.findall(
        r"dot_deadline constant interval := make_interval\(secs => least\((.+), p_window / (\d+)\)\)", row["prosrc"]
    )[0]
    assert (float(least), float(share)) == (dot_deadline(math.inf), 1 / dot_deadline(1))


async def test_redis_does_the_same_sums(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.pacing.reservations.PATIENCE", 30.0)  # a loaded machine makes no absent Redis
    window, limit = 10.0, 6
    reservations = Reservations(redis_url, hold_seconds=30)
    workspace_id = new_id()
    scope = Scope("mailbox_hour", new_id(), limit, window)
    ring = Ring(limit, window)
    try:
        for now in (
            START,
            START + 0.3,
            START + 4.7,
            START + 9.99,
            START + 10.05,
            START + 10.1,
            START + 10.2,
            START + 25,
        ):
            answer = await reservations.reserve(workspace_id, "me", [scope], [Ask(2, None)], now=now)
            assert answer is not None
            free_at = ring.free_at(now, 2)
            if ring.take(now, 2):
                assert answer == [None], now
                await reservations.settle(workspace_id, "me", [settlement(scope, 2, now)])
            else:
                (refusal,) = answer
                assert refusal is not None
                assert refusal.next_at == pytest.approx(free_at, abs=1e-4)
    finally:
        await reservations.close()


def settlement(scope: Scope, count: int, moment: float) -> Settlement:
    return Settlement(scope, dispatched=count, ended=count, moment=moment)


def test_the_scripts_constants_are_pythons() -> None:
    reserve = (ROOT / "app/pacing/reserve.lua").read_text()
    settle = (ROOT / "app/pacing/settle.lua").read_text()
    assert f"local KEPT, PER = {SLOTS_KEPT}, {SLOTS_PER_WINDOW}" in reserve
    assert f"local PER = {SLOTS_PER_WINDOW}" in settle
