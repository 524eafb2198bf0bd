"""Sending windows as the runner keeps them."""

from __future__ import annotations

import time
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from app.services import delivery
from tasks.clock import Clock
from tasks.openings import Openings
from tests.support.mailroom import Mailroom


async def test_a_lane_that_was_made_since_the_windows_were_read_is_not_taken_for_open(room: Mailroom) -> None:
    mailbox_id = await room.mailbox()
    lease = await room.lease(mailbox_id)
    clock = Clock()
    asked = time.monotonic()
    now = await room.now()
    clock.sync(now, asked=asked, answered=time.monotonic())
    runner: Any = SimpleNamespace(worker=SimpleNamespace(pool=room.pool), lease=lease, clock=clock)
    openings = Openings(runner)
    await openings.refresh()

    always, closed = await room.sender(mailbox_id), await room.sender(mailbox_id)
    tomorrow = (now + timedelta(days=2)).weekday()
    await room.run(
        "update senders set window_days = %s, window_start = 0, window_end = 1440, window_timezone = 'UTC'"
        " where id = %s",
        [tomorrow],
        closed.id,
    )
    (goes,) = await room.emails(always, 1)
    await room.emails(closed, 1)
    later = await room.now() + timedelta(seconds=1)
    found = await delivery.due(room.pool, lease, now=later, until=later, limit=10)
    assert len(found) == 2
    assert [message.id for message in await openings.admit(found)] == [goes]
    assert await room.value("select count(*) from lanes where blocked_reason = 'window'") == 1
