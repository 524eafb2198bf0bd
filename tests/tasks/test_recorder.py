"""Outcomes are written down whatever else goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

import msgspec
import pytest

from app.services import delivery
from tasks.connections import Connections
from tasks.recorder import Recorder
from tests.db.test_gate_verdicts import outcome
from tests.support.gating import Gate
from tests.support.mailroom import Mailroom


async def test_one_outcome_that_the_database_will_not_have_costs_the_others_nothing(room: Mailroom) -> None:
    sender = await room.sender()
    ids = await room.emails(sender, 5)
    gate = await Gate.of(room, sender.mailbox_id)
    words = await gate.ask(ids)
    recorder = Recorder(room.pool, Connections(5, allow_private=True))
    for i, word in enumerate(words):
        found = outcome(room, word.dispatch_id or 0, word.email_id)
        recorder.add(msgspec.structs.replace(found, code=99_999) if i == 2 else found)
    running = asyncio.create_task(recorder.run())
    await asyncio.wait_for(recorder.flush(), 30)
    assert await room.statuses() == {"sent": 4, "sending": 1}
    running.cancel()
    await asyncio.wait([running])
    recorder.add(outcome(room, words[2].dispatch_id or 0, ids[2]))
    await asyncio.wait_for(recorder.flush(), 30)  # nobody writes any more: nobody waits for ever


async def test_who_waits_for_an_outcome_does_not_wait_for_later_ones(
    room: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker of many mailboxes always has something more to write down."""
    asked: asyncio.Queue[asyncio.Future[None]] = asyncio.Queue()

    async def record(_pool: object, _batch: Sequence[object]) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        await asked.put(done)
        await done

    monkeypatch.setattr(delivery, "record", record)
    recorder = Recorder(room.pool, Connections(5, allow_private=True))
    an_outcome = outcome(room, 1, UUID(int=1))
    recorder.add(an_outcome)
    running = asyncio.create_task(recorder.run())
    flushing = asyncio.create_task(recorder.flush())
    first = await asked.get()
    recorder.add(an_outcome)
    assert not flushing.done()
    first.set_result(None)
    await asked.get()  # the second one is under way, and stays so
    await asyncio.wait_for(flushing, 30)
    running.cancel()
    await asyncio.wait([running])
