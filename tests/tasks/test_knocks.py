"""Knocks at mailboxes that have a runner already."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from app.services import claims, delivery, holds, leases
from tasks.worker import Worker
from tests.support.mailroom import Mailroom
from tests.support.waiting import wait_until

QUESTIONS = ((delivery, "due_of_all"), (leases, "outlook"), (claims, "senders"), (holds, "windows"))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often what was asked."""
    count: Counter[str] = Counter()

    def counted(name: str, question: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def ask(*given: Any, **how: Any) -> Any:
            count[name] += 1
            return await question(*given, **how)

        return ask

    for module, name in QUESTIONS:
        monkeypatch.setattr(module, name, counted(name, getattr(module, name)))
    return count


async def test_knocks_at_a_mailbox_that_is_run_are_one_read_and_nothing_more(
    room: Mailroom, asked: Counter[str]
) -> None:
    sender = await room.sender()
    await room.emails(sender, 1, due=await room.now() + timedelta(seconds=80))
    worker = Worker(room.settings, concurrency=1)
    async with worker.pool:
        await worker.beat()
        await worker.look_at(sender.mailbox_id)
        await wait_until(lambda: asked["due_of_all"] == 1)
        assert asked == {"outlook": 1, "senders": 1, "windows": 1, "due_of_all": 1}
        for _ in range(50):
            await worker.look_at(sender.mailbox_id)
        assert asked["due_of_all"] == 1, "others are read at the same moment"
        await wait_until(lambda: asked["due_of_all"] == 2)
        await worker.look_at(sender.mailbox_id)
        await wait_until(lambda: asked["due_of_all"] == 3)
        assert asked == {"outlook": 1, "senders": 1, "windows": 1, "due_of_all": 3}

        ((runner, running),) = worker._runners.values()
        runner.stir()
        await wait_until(lambda: asked["outlook"] == 2)
        runner.drain()
        await asyncio.wait([running])
    await worker.reservations.close()
