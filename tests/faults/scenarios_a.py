"""Scenarios 1 to 8: workers that die, stop or freeze; Postgres and Redis that go away, cut connections or forget."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from tests.faults.harness import Result, Size, World, scenario, world
from tests.support.mailroom import Sender


async def _mixed_mailboxes(w: World) -> list[Sender]:
    """Four mailboxes: two without limits, one with a limit, one with a gap."""
    return [
        await w.sender(),
        await w.sender(concurrency=10),
        await w.sender(hourly_limit=100, concurrency=3),
        await w.sender(gap_ms=100),
    ]


async def _spread(w: World, senders: list[Sender], count: int, seconds: float) -> None:
    """`count` messages over the senders, due over the next seconds; those under a limit or a gap get few."""
    start = await w.room.now() + timedelta(seconds=0.5)
    fast, slow = senders[:2], senders[2:]
    for sender in slow:
        few = min(count // 10, int(seconds * 5))
        await w.room.emails(sender, few, due=start, every=seconds / few)
        count -= few
    for sender in fast:
        await w.room.emails(sender, count // 2, due=start, every=seconds / (count // 2))


@scenario(1, "200 kill -9 of workers")
async def killed_workers(size: Size, seed: int) -> Result:
    """A supervisor restarts them. Whose worker died between dot and reply is uncertain and never sent again."""
    kills, count, pause = size.of((8, 1_000, 1.0), (200, 20_000, 0.7))
    async with world(seed) as w:
        senders = await _mixed_mailboxes(w)
        await w.fleet.start(3)
        await _spread(w, senders, count, kills * pause)
        for _ in range(kills):
            await asyncio.sleep(w.rng.uniform(0.5, 1.5) * pause)
            await w.fleet.strike()
        heal = await w.heal()
        await w.settled(60)
        return await w.result(kills=kills, heal=heal)
