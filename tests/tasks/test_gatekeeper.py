"""The way through the gate: gaps run from the dot, nothing overtakes under a gap, and doubt never passes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise

import pytest

from app.db.transaction import transaction
from app.services import delivery
from app.services.delivery import Due
from app.services.leases import Lease
from tasks import failpoints
from tasks.clock import Clock
from tasks.connections import Connections
from tasks.gatekeeper import GateFault, Gatekeeper, GateUnknown, Pass
from tasks.gates import Gates
from tests.support.gating import Gate
from tests.support.mailroom import Mailroom, Sender
from tests.support.waiting import wait_until

GAP = 0.2  # seconds


class Entrance:
    """A mailbox with a gatekeeper at work."""

    def __init__(self, room: Mailroom, sender: Sender, lease: Lease, clock: Clock) -> None:
        self.room = room
        self.sender = sender
        self.lease = lease
        self.keeper = Gatekeeper(
            room.pool,
            Gates(room.pool, window=3600.0, connections=Connections(5, allow_private=True)),
            lease,
            clock,
            window=3600.0,
            admits=lambda _: True,
            is_counted=lambda _: False,
            connected=lambda: 1,
        )

    async def due(self, count: int) -> list[Due]:
        await self.room.emails(self.sender, count)
        now = await self.room.now() + timedelta(seconds=1)
        return await delivery.due(self.room.pool, self.lease, now=now, until=now, limit=count)


@pytest.fixture
async def entrance(room: Mailroom) -> AsyncIterator[Entrance]:
    sender = await room.sender(gap_ms=int(GAP * 1000))
    clock = Clock()
    for _ in range(4):
        asked = time.monotonic()
        now = await room.now()
        clock.sync(now, asked=asked, answered=time.monotonic())
    found = Entrance(room, sender, await room.lease(sender.mailbox_id), clock)
    found.keeper.gap = GAP
    running = asyncio.create_task(found.keeper.run())
    yield found
    running.cancel()
    failpoints.arm("")


async def test_the_next_passes_a_gap_after_the_dot_of_the_last(entrance: Entrance) -> None:
    """However late that dot is written within its deadline."""
    messages = await entrance.due(4)
    dots: list[float] = []

    async def deliver(message: Due, late: float) -> None:
        word = await entrance.keeper.enter(message)
        assert word.verdict == "go"
        await asyncio.sleep(late)
        dots.append(time.monotonic())
        assert dots[-1] < word.deadline
        entrance.keeper.dot_written(message.id, dots[-1])

    await asyncio.gather(*[deliver(message, late) for message, late in zip(messages, (0.3, 0, 0.15, 0), strict=True)])
    assert min(later - earlier for earlier, later in pairwise(dots)) >= GAP
    assert dots[-1] - dots[0] < 3 * GAP + 0.15 + 0.3


async def test_nothing_overtakes_a_message_on_its_way(entrance: Entrance) -> None:
    first, second, third = await entrance.due(3)
    order: list[Due] = []

    async def deliver(message: Due) -> None:
        await entrance.keeper.enter(message)
        order.append(message)
        entrance.keeper.dot_written(message.id, time.monotonic())

    for message in (first, second, third):
        entrance.keeper.expect(message)
    tasks = [asyncio.create_task(deliver(third))]
    await asyncio.sleep(2 * GAP)
    assert order == []
    tasks.append(asyncio.create_task(deliver(first)))
    await wait_until(lambda: order == [first])
    await asyncio.sleep(2 * GAP)
    entrance.keeper.forget(second.id)  # it does not come
    await asyncio.gather(*tasks)
    assert order == [first, third]


async def test_a_message_that_got_no_dot_does_not_hold_the_next(entrance: Entrance) -> None:
    first, second = await entrance.due(2)
    assert (await entrance.keeper.enter(first)).verdict == "go"
    waiting = asyncio.create_task(entrance.keeper.enter(second))
    await asyncio.sleep(2 * GAP)
    assert not waiting.done(), "one at a time is between gate and dot"
    await delivery.void_unsent(entrance.room.pool, entrance.lease, [first.id])
    entrance.keeper.no_dot(first.id)
    assert (await asyncio.wait_for(waiting, 30)).verdict == "go"


async def test_a_gap_that_is_set_while_several_are_under_way_waits_for_the_last_of_their_dots(
    entrance: Entrance,
) -> None:
    room, mailbox_id = entrance.room, entrance.sender.mailbox_id
    await room.configure("update mailboxes set min_delay_ms = 0 where id = %s", mailbox_id)
    entrance.keeper.gap = 0.0
    *under_way, last = await entrance.due(4)
    words = await asyncio.gather(*[entrance.keeper.enter(message) for message in under_way])
    assert {word.verdict for word in words} == {"go"}
    await room.configure("update mailboxes set min_delay_ms = %s where id = %s", int(GAP * 1000), mailbox_id)
    entrance.keeper.gap = GAP
    waiting = asyncio.create_task(entrance.keeper.enter(last))
    written_at = 0.0
    for message in under_way:
        await asyncio.sleep(GAP)
        assert not waiting.done()
        written_at = time.monotonic()
        entrance.keeper.dot_written(message.id, written_at)
    assert (await asyncio.wait_for(waiting, 30)).verdict == "go"
    assert time.monotonic() - written_at >= GAP


async def test_those_that_wait_are_turned_away_at_the_end(entrance: Entrance) -> None:
    first, second = await entrance.due(2)
    await entrance.keeper.enter(first)
    waiting = asyncio.create_task(entrance.keeper.enter(second))
    await asyncio.sleep(0.05)
    entrance.keeper.drain()
    assert (await waiting).verdict == "drained"
    assert (await entrance.keeper.enter(second)).verdict == "drained"
    assert await entrance.room.statuses() == {"sending": 1, "scheduled": 1}


async def test_without_a_gap_all_that_wait_share_a_commit(entrance: Entrance) -> None:
    await entrance.room.configure("update mailboxes set min_delay_ms = 0")
    entrance.keeper.gap = 0
    messages = await entrance.due(40)
    words = await asyncio.gather(*[entrance.keeper.enter(message) for message in messages])
    assert {word.verdict for word in words} == {"go"}
    assert len({word.at for word in words}) <= 2


async def test_a_gate_that_may_have_committed_lets_nobody_through(entrance: Entrance) -> None:
    """Its booking is found and taken back; and the gatekeeper goes on."""
    (message,) = await entrance.due(1)
    failpoints.arm("gate.committed=fail")
    with pytest.raises(GateFault):
        await entrance.keeper.enter(message)
    assert await entrance.room.statuses() == {"sending": 1}
    await entrance.keeper.take_back([message.id])
    assert await entrance.room.statuses() == {"scheduled": 1}
    word: Pass = await entrance.keeper.enter(message)
    assert word.verdict == "go"
    assert [row["outcome"] for row in await entrance.room.ledger()] == ["void", "pending"]


async def test_a_gate_that_commits_after_its_connection_is_lost_is_taken_back_too(entrance: Entrance) -> None:
    """Before that there is nothing to be seen of it."""
    (message,) = await entrance.due(1)
    async with transaction(entrance.room.pool) as lost:
        [word] = await Gate(entrance.room, entrance.lease).ask_on(lost, [message.id])
        assert word.verdict == "go"
        taking_back = asyncio.create_task(entrance.keeper.take_back([message.id]))
        waits = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
        await wait_until(lambda: entrance.room.all(waits))
        assert not taking_back.done()
    await taking_back
    assert await entrance.room.statuses() == {"scheduled": 1}
    assert [row["outcome"] for row in await entrance.room.ledger()] == ["void"]


async def test_an_outage_is_told_from_a_fault(entrance: Entrance) -> None:
    (message,) = await entrance.due(1)
    await entrance.room.pool.close()
    with pytest.raises(GateUnknown) as caught:
        await entrance.keeper.enter(message)
    assert not isinstance(caught.value, GateFault)
