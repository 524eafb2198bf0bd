"""/events/stream: server-sent events (HTML Living Standard, 9.2) that say "look again"."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import struct
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import FrameType
from typing import Annotated, Any, Final

from litestar import Litestar, Request, get
from litestar.datastructures import State
from litestar.params import HeaderParameter
from litestar.response import Stream

from app.api.given import Caller
from app.services.feed import Feed, Hint

TRANSPORT: Final = "paceline.transport"  # ASGI extension: {"transport": asyncio.Transport} of the connection
STALLED: Final = 10.0  # seconds that a client may leave what was written unread
UNREAD: Final = 2048  # bytes that the kernel is asked to keep for it; it takes its least, a few KB


@get(
    "/events/stream",
    operation_id="streamEvents",
    summary="Live hints",
    tags=["Events"],
    media_type="text/event-stream",
)
async def stream_events(
    caller: Caller,
    state: State,
    request: Request[Any, Any, Any],
    last_event_id: Annotated[
        str | None,
        HeaderParameter(
            name="Last-Event-ID",
            description="The last `id` you were given: a hint comes at once if you may have missed one.",
        ),
    ] = None,
) -> Stream:
    """A `message` event whenever something in the workspace changed; a comment every 15 s keeps the line open."""
    feed: Feed = state.feed
    hints = feed.hints(caller.workspace_id, caller.credential, last_event_id)
    # The connection has settings of its own from here on, so it serves nothing afterwards.
    headers = {"cache-control": "no-cache", "x-accel-buffering": "no", "connection": "close"}
    return Stream(_lines(hints, _unbuffered(request)), media_type="text/event-stream", headers=headers)


async def _lines(hints: AsyncIterator[Hint], drop: Callable[[], None]) -> AsyncIterator[bytes]:
    """What travels. `drop` is called when the client has not taken the last piece within STALLED."""
    loop = asyncio.get_running_loop()
    opening = b"retry: 2000\n: connected\n"
    async for hint in hints:
        stalled = loop.call_later(STALLED, drop)
        try:
            yield opening + _event(hint)  # comes back when there is room for the next one
        finally:
            stalled.cancel()
        opening = b""


def _event(hint: Hint) -> bytes:
    """An `id` without `data` is remembered by the client and is no event."""
    position = b"" if hint.position is None else f"id: {hint.position}\n".encode()
    return position + (b"data: changed\n\n" if hint.changed else b": still here\n\n")


def _unbuffered(request: Request[Any, Any, Any]) -> Callable[[], None]:
    """Has next to nothing kept for a client that does not read. Returns what cuts its connection, unsent bytes and all.

    Without the extension (another server than `paceline web`) that server's limits hold.
    """
    extension: Any = (request.scope.get("extensions") or {}).get(TRANSPORT)
    if extension is None:
        return lambda: None
    transport: asyncio.Transport = extension["transport"]
    connection: socket.socket = transport.get_extra_info("socket")
    transport.set_write_buffer_limits(high=0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, UNREAD)

    def cut() -> None:
        # Else the kernel would go on for minutes to offer what is left.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()

    return cut


@asynccontextmanager
async def run_feed(app: Litestar) -> AsyncIterator[None]:
    """Lifespan: listens as long as the app lives, and ends open streams when the process is told to stop."""
    app.state.feed = feed = Feed()
    tasks = [asyncio.create_task(feed.run(app.state.settings)), asyncio.create_task(feed.end_revoked(app.state.pool))]
    restore = _on_stop(feed.close)
    try:
        yield
    finally:
        restore()
        feed.close()
        for task in tasks:
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
