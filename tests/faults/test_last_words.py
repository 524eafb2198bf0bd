"""A worker that is told to stop while Postgres is away: it ends, and drops nothing that it might still hear."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator

import pytest

from tests.faults.harness import World, world
from tests.support.smtp_recorder import Step
from tests.support.waiting import wait_until

LIMIT = 25.0  # seconds: what platforms give is 30


@pytest.fixture
async def w() -> AsyncIterator[World]:
    async with world(7, window=60.0) as opened:
        yield opened


async def stop(w: World) -> float:
    """SIGTERM; the seconds until the one worker has ended."""
    began = time.monotonic()
    await asyncio.wait_for(w.fleet.stop(), 60)
    assert w.fleet.deaths == [0]
    return time.monotonic() - began


def gave_up(w: World) -> list[int]:
    """How many outcomes workers left unrecorded, and said so."""
    return [line["unrecorded"] for line in w.fleet.lines if line.get("event") == "worker.gives_up"]


async def sending(w: World, count: int, *, delay: float) -> None:
    """As many messages have their dot; the replies come after `delay` seconds."""
    w.smtp.on("dot", Step(delay=delay), always=True)
    await w.room.emails(await w.sender(concurrency=count), count)
    await w.fleet.start(1)
    await wait_until(
        lambda: w.room.value("select count(*) = %s from emails where status = 'sending'", count),
        60,
        what="all to be between gate and reply",
    )


async def test_with_nothing_to_write_down_it_ends_at_once(w: World) -> None:
    for _ in range(3):
        await w.room.emails(await w.sender())
    await w.fleet.start(1)
    await wait_until(w.room.are("sent"))
    w.postgres.stop(signal.SIGQUIT)
    assert await stop(w) < LIMIT


async def test_replies_are_waited_for_and_written_down_once_postgres_is_back(w: World) -> None:
    await sending(w, 5, delay=5.0)
    w.postgres.stop(signal.SIGQUIT)
    stopping = asyncio.create_task(stop(w))
    await wait_until(lambda: len(w.smtp.dots) == 5 and w.smtp.left == 0, what="the replies")
    await asyncio.sleep(1.0)  # they are there, and Postgres is not
    assert not stopping.done()
    w.postgres.start()
    assert await stopping < LIMIT
    assert await w.patient(w.room.statuses) == {"sent": 5}
    assert gave_up(w) == []


async def test_what_cannot_be_written_down_becomes_uncertain(w: World) -> None:
    await sending(w, 5, delay=5.0)
    w.postgres.stop(signal.SIGQUIT)
    assert await stop(w) < LIMIT
    assert gave_up(w) == [5]
    w.postgres.start()
    await w.fleet.replace(1)
    await wait_until(lambda: w.patient(w.room.are("uncertain")))
    assert len(w.smtp.dots) == 5, "never again by itself"
    result = await w.result(kills=1, heal=0)
    assert not result.faults
    assert result.uncertain == 5


async def test_a_postgres_that_answers_nothing_holds_it_no_longer(w: World) -> None:
    await sending(w, 5, delay=5.0)
    w.postgres.freeze()
    try:
        assert await stop(w) < 30
    finally:
        w.postgres.thaw()
    await w.fleet.replace(1)
    await wait_until(lambda: w.room.value("select not exists (select from emails where status = 'sending')"))
    assert len(w.smtp.dots) == 5, "never again by itself"
