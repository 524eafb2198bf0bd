"""/events/stream: server-sent events (HTML Living Standard, 9.2) that say "look again"."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import FrameType
from typing import Any

from litestar import Litestar, get
from litestar.datastructures import State
from litestar.response import Stream

from app.api.given import Caller
from app.services.feed import Feed


@get(
    "/events/stream",
    operation_id="streamEvents",
    summary="Live hints",
    tags=["Events"],
    media_type="text/event-stream",
)
async def stream_events(caller: Caller, state: State) -> Stream:
    """A `message` event whenever something in the workspace changed; a comment every 15 s keeps the line open."""
    feed: Feed = state.feed
    headers = {"cache-control": "no-cache", "x-accel-buffering": "no"}
    return Stream(_lines(feed.hints(caller.workspace_id)), media_type="text/event-stream", headers=headers)


async def _lines(hints: AsyncIterator[bool]) -> AsyncIterator[bytes]:
    yield b"retry: 2000\n: connected\n\n"
    async for changed in hints:
        yield b"data: changed\n\n" if changed else b": still here\n\n"


@asynccontextmanager
async def run_feed(app: Litestar) -> AsyncIterator[None]:
    """Lifespan: listens as long as the app lives, and ends open streams when the process is told to stop."""
    app.state.feed = feed = Feed()
    task = asyncio.create_task(feed.run(app.state.settings))
    restore = _on_stop(feed.close)
    try:
        yield
    finally:
        restore()
        feed.close()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _on_stop(close: Callable[[], None]) -> Callable[[], None]:
    """Runs `close` at SIGTERM and SIGINT, before whoever handled them before. Returns what undoes it.

    A server waits for open responses before it tells the app to stop, and an open stream would keep it waiting.
    """
    if threading.current_thread() is not threading.main_thread():
        return lambda: None
    loop = asyncio.get_running_loop()
    before: dict[int, Any] = {}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(close)
        if callable(before[number]):
            before[number](number, frame)

    for number in (signal.SIGTERM, signal.SIGINT):
        if callable(signal.getsignal(number)):
            before[number] = signal.signal(number, handle)

    def restore() -> None:
        for number, handler in before.items():
            if signal.getsignal(number) is handle:
                signal.signal(number, handler)

    return restore
