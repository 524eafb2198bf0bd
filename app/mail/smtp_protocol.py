"""The connection's protocol: counts the replies that are owed, so that commands can be pipelined and none is mispaired.

aiosmtplib's own class hides a reply that no command waits for; here it makes the connection unusable.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, cast

from aiosmtplib import SMTPReadTimeoutError, SMTPResponseException, SMTPServerDisconnected
from aiosmtplib.protocol import COMMAND_INJECTION_REGEX, SMTPProtocol
from aiosmtplib.response import SMTPResponse

from app.domain.replies import Reply, read_reply

REPLY_LIMIT: Final = 32 * 1024  # bytes of one reply, continuation lines included

RawReply = tuple[int, tuple[bytes, ...]]


class ReplyProtocol(SMTPProtocol):
    """Keeps every reply in order. `trouble` says why the connection can no longer be used; it is set once.

    `stray` is the reply that came unasked, if that is the trouble: a 421 before the server hangs up, for example.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        connection_lost_callback: Callable[[SMTPProtocol], None] | None = None,
        *,
        greeting_owed: bool = True,
    ) -> None:
        super().__init__(loop=loop, connection_lost_callback=connection_lost_callback)
        self.raw: asyncio.Transport | None = None  # below TLS
        self.trouble: str | None = None
        self.timed_out = False
        self.stray: Reply | None = None
        self.owed = 1 if greeting_owed else 0
        self._replies: deque[RawReply] = deque()
        self._lines: list[bytes] = []  # continuation lines of the reply that is coming in
        self._partial = b""
        self._size = 0
        self._wanted = 0
        self._waiter: asyncio.Future[None] | None = None
        self._allowance = 0.0
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._writable: asyncio.Future[None] | None = None

    # asyncio calls these

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.raw = cast("asyncio.Transport", transport)
        # A write is paused as long as any byte is unsent: so "the dot was written" can be known.
        self.raw.set_write_buffer_limits(high=0)

    def data_received(self, data: bytes) -> None:
        if self._partial:
            data = self._partial + data
        start = 0
        while (end := data.find(b"\n", start)) >= 0:
            line = data[start : end - 1] if data[end - 1 : end] == b"\r" else data[start:end]
            start = end + 1
            code, mark = line[:3], line[3:4]
            if not code.isdigit() or len(code) != 3 or mark not in (b" ", b"-", b""):
                self.fail("it sent something that is no SMTP reply")
                return
            if mark == b"-":
                self._lines.append(line[4:])
                self._size += len(line)
            else:
                lines = (*self._lines, line[4:])
                self._lines.clear()
                self._size = 0
                self._arrived((int(code), lines))
        self._partial = data[start:]
        if len(self._partial) + self._size > REPLY_LIMIT:
            self.fail("it sent an endless reply")

    def eof_received(self) -> bool:
        self.fail("it closed the connection")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.fail("it closed the connection" if exc is None else f"the connection broke ({exc})")
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        super().connection_lost(exc)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._wake_writer()

    # Replies

    def _arrived(self, reply: RawReply) -> None:
        if self.owed == 0:
            self.stray = read_reply(*reply)
            self.fail("it spoke unasked")
            return
        self.owed -= 1
        self._replies.append(reply)
        if self._waiter is not None:
            self._deadline = self._loop.time() + self._allowance
            if len(self._replies) >= self._wanted and not self._waiter.done():
                self._waiter.set_result(None)

    def fail(self, why: str) -> None:
        """The connection can no longer be used: wakes whoever waits."""
        if self.trouble is None:
            self.trouble = why
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
        self._wake_writer()

    async def take(self, count: int, timeout: float) -> list[RawReply]:
        """The next `count` replies, or fewer when trouble comes first. `timeout` seconds are allowed for each."""
        replies = self._replies
        if len(replies) < count and self.trouble is None:
            self._wanted = count
            self._waiter = self._loop.create_future()
            self._arm(timeout)
            try:
                await self._waiter
            finally:
                self._waiter = None
        return [replies.popleft() for _ in range(min(count, len(replies)))]

    def _arm(self, timeout: float) -> None:
        """One timer per connection that looks at a moving deadline: cheaper than one per reply."""
        self._allowance = timeout
        self._deadline = deadline = self._loop.time() + timeout
        if self._timer is not None:
            if self._timer.when() <= deadline:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(deadline, self._tick)

    def _tick(self) -> None:
        self._timer = None
        if self._waiter is None:
            return
        if self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._tick)
            return
        self.timed_out = True
        self.fail("it did not answer in time")

    # Writing

    def is_sound(self) -> bool:
        return self.trouble is None and self.is_connected

    def send(self, data: bytes, replies: int) -> None:
        """Hands `data` to the transport; `replies` replies are owed for it."""
        self.owed += replies
        cast("asyncio.Transport", self.transport).write(data)

    @property
    def is_plain(self) -> bool:
        """Whether what is written goes to the socket as it is, without TLS."""
        return self.transport is self.raw

    def unsent(self, *, but: int = 0) -> bool:
        """Whether a byte has not reached the socket's own buffer yet, the last `but` aside; those only without TLS."""
        if self.raw is None or self.transport is None:
            return False
        if self.raw.get_write_buffer_size() > but:
            return True
        above = cast("asyncio.WriteTransport", self.transport)
        return above is not self.raw and above.get_write_buffer_size() > 0

    def _wake_writer(self) -> None:
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)

    async def held_back(self, timeout: float, *, but: int = 0) -> bool:
        """Waits until nothing but the last `but` bytes is unsent. True if more still is after `timeout` seconds.
        Trouble ends the wait."""
        deadline = self._loop.time() + timeout
        while self.trouble is None and self.unsent(but=but):
            left = deadline - self._loop.time()
            if left <= 0:
                return True
            # Below TLS a resumed transport wakes only the TLS layer, so look again soon.
            self._writable = self._loop.create_future()
            handle = self._loop.call_later(min(left, 0.005), self._wake_writer)
            try:
                await self._writable
            finally:
                handle.cancel()
                self._writable = None
        return False

    def abort(self) -> None:
        """Drops the connection at once; what is unsent stays unsent."""
        self.fail("it was dropped")
        if self.transport is not None:
            cast("asyncio.WriteTransport", self.transport).abort()

    # aiosmtplib's connecting, STARTTLS and AUTH go through these two

    async def execute_command(self, *args: bytes, timeout: float | None = None) -> SMTPResponse:
        if any(COMMAND_INJECTION_REGEX.search(arg) for arg in args):
            raise ValueError("Command arg contains a prohibited control character")
        self.write(b" ".join(args) + b"\r\n")
        return await self.read_response(timeout)

    def write(self, data: bytes) -> None:
        self.owed += 1
        super().write(data)

    async def read_response(self, timeout: float | None = None) -> SMTPResponse:
        taken = await self.take(1, 3600.0 if timeout is None else timeout)
        if taken:
            code, lines = taken[0]
            return SMTPResponse(code, "\n".join(line.decode("utf-8", "surrogateescape").strip() for line in lines))
        if self.timed_out:
            raise SMTPReadTimeoutError("Timed out waiting for server response")
        if self.stray is not None:
            raise SMTPResponseException(self.stray.code, str(self.stray))
        raise SMTPServerDisconnected(self.trouble or "Connection lost")
