"""A worker that is told to stop comes to an end."""

from __future__ import annotations

import asyncio

import pytest

from app.db.pool import Pool
from app.services import claims
from app.services.delivery import Due, Look
from tasks.worker import Worker, _ended
from tests.support.mailroom import Mailroom
from tests.support.smtp_server import SmtpServer, Step


async def test_a_loop_that_misses_its_cancellation_is_cancelled_again() -> None:
    """What waits by `wait_for` misses one that comes together with what it waits for (Python 3.11)."""
    swallowed = 0

    async def loop() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                swallowed += 1
                if swallowed > 1:
                    raise

    task = asyncio.create_task(loop())
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        await _ended([task])
    assert task.cancelled()


async def test_a_message_that_was_being_read_connects_nowhere_any_more(
    room: Mailroom, smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end came while the mailbox was read; its server takes minutes to say a word."""
    smtp.on("connect", Step(delay=600), always=True)
    sender = await room.sender(port=smtp.port)
    await room.emails(sender, 1)
    worker = Worker(room.settings, concurrency=5)
    read = claims.due

    async def due(pool: Pool, look: Look) -> tuple[list[Due], bool]:
        found = await read(pool, look)
        for runner, _ in worker._runners.values():
            runner.drain()
        return found

    monkeypatch.setattr(claims, "due", due)
    async with worker.pool:
        await worker.beat()
        await worker.look_at(sender.mailbox_id)
        ((_, running),) = worker._runners.values()
        await asyncio.wait_for(running, 30)
    await worker.reservations.close()
    assert smtp.sessions == 0
    assert await room.statuses() == {"scheduled": 1}
