"""Outcomes are written down whatever else goes wrong."""

from __future__ import annotations

import asyncio

import msgspec

from tasks.recorder import Recorder
from tests.db.test_gate_verdicts import outcome
from tests.support.gating import Gate
from tests.support.mailroom import Mailroom


async def test_one_outcome_that_the_database_will_not_have_costs_the_others_nothing(room: Mailroom) -> None:
    sender = await room.sender()
    ids = await room.emails(sender, 5)
    gate = await Gate.of(room, sender.mailbox_id)
    words = await gate.ask(ids)
    recorder = Recorder(room.pool)
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
