"""A worker that is told to stop comes to an end."""

from __future__ import annotations

import asyncio

from tasks.worker import _ended


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
