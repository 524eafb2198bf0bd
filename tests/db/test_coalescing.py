"""Many callers, one question."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from psycopg import OperationalError
from psycopg.errors import DivisionByZero

from app.db.coalescing import MOST, Coalescer
from app.db.pool import Pool

Division = Coalescer[Pool, int, int]


class Asked:
    """Divides 100 by what it is asked for, in Postgres, and remembers what was asked together."""

    def __init__(self) -> None:
        self.together: list[list[int]] = []

    async def __call__(self, pool: Pool, items: Sequence[int]) -> Sequence[int | Exception]:
        self.together.append(list(items))
        async with pool.connection() as conn:
            found = await conn.execute("select 100 / i as answer from unnest(%s::int[]) as i", [list(items)])
            return [row["answer"] for row in await found.fetchall()]


async def test_the_first_waits_for_nobody_and_the_others_go_together(pool: Pool) -> None:
    asked = Asked()
    together: Division = Coalescer(asked)
    first = asyncio.create_task(together.ask(pool, 5))
    while not asked.together:
        await asyncio.sleep(0)
    answers = await asyncio.gather(*(together.ask(pool, i) for i in range(1, MOST + 3)))
    assert await first == 20
    assert answers == [100 // i for i in range(1, MOST + 3)]
    assert [len(each) for each in asked.together] == [1, MOST, 2]


async def test_a_question_waits_for_enough_and_no_longer_than_its_patience(pool: Pool) -> None:
    asked = Asked()
    together: Division = Coalescer(asked, enough=lambda _: 3, patience=60.0)
    answers = [asyncio.create_task(together.ask(pool, i)) for i in (1, 2)]
    await asyncio.sleep(0.05)
    assert asked.together == []
    answers += [asyncio.create_task(together.ask(pool, 4))]
    assert await asyncio.wait_for(asyncio.gather(*answers), 30) == [100, 50, 25]
    assert asked.together == [[1, 2, 4]]

    asked = Asked()
    together = Coalescer(asked, enough=lambda _: 3, patience=0.05)
    assert await asyncio.wait_for(together.ask(pool, 5), 30) == 20


async def test_nobody_suffers_for_another(pool: Pool) -> None:
    together: Division = Coalescer(Asked())
    answers = await asyncio.gather(*(together.ask(pool, i) for i in (1, 0, 2)), return_exceptions=True)
    assert [answers[0], answers[2]] == [100, 50]
    assert isinstance(answers[1], DivisionByZero)
    assert await together.ask(pool, 4) == 25


async def test_nothing_is_tried_again_where_nobody_knows_what_became_of_it(pool: Pool) -> None:
    tried = 0

    async def lost(pool: Pool, items: Sequence[int]) -> Sequence[int | Exception]:
        nonlocal tried
        tried += 1
        async with pool.connection() as conn:
            await conn.execute("select pg_terminate_backend(pg_backend_pid())")
        raise AssertionError

    together: Division = Coalescer(lost)
    answers = await asyncio.gather(*(together.ask(pool, i) for i in range(3)), return_exceptions=True)
    assert [isinstance(each, OperationalError) for each in answers] == [True, True, True]
    assert tried == 1


async def test_who_goes_away_stops_nobody(pool: Pool) -> None:
    together: Division = Coalescer(Asked())
    gone = asyncio.create_task(together.ask(pool, 1))
    await asyncio.sleep(0)
    gone.cancel()
    assert await together.ask(pool, 2) == 50
    assert gone.cancelled()
