"""A TCP proxy between workers and a server of theirs, for cutting the line where the server itself could not."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import Final, Literal

Mode = Literal["open", "refusing", "silent"]

CHUNK: Final = 65536  # bytes
PREPARES: Final = re.compile(
    rb"P.{4}(_pg3_\d+)\x00", re.DOTALL
)  # a Parse message of psycopg's, with its statement's name


class Proxy:
    """`open` passes everything on; `refusing` cuts what there is and takes nobody; `silent` takes all and says nothing.

    In front of Postgres `lose_commits` loses answers to commits, so that the worker cannot know whether they happened.
    """

    def __init__(self, target_port: int) -> None:
        self._target = target_port
        self._mode: Mode = "open"
        self._lines: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.marker = b""
        self.to_lose = 0
        self.lost = 0
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def end(self) -> None:
        if self._server is not None:
            self._server.close()
        self._cut()
        await asyncio.gather(*self._lines, return_exceptions=True)

    def set(self, mode: Mode) -> None:
        self._mode = mode
        if mode == "refusing":
            self._cut()

    def lose_commits(self, marker: bytes, times: int) -> None:
        """The next `times` that a statement containing `marker` commits, its answer is lost with the connection."""
        self.marker, self.to_lose = marker, times

    def _cut(self) -> None:
        for line in self._lines:
            line.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._lines.add(task)
        try:
            if self._mode != "refusing":
                await self._pass_on(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._lines.discard(task)
            writer.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_connection("127.0.0.1", self._target)
        watch = _Watch(self)
        try:
            there = asyncio.create_task(self._ask(reader, ours, watch))
            back = asyncio.create_task(self._answer(theirs, writer, watch))
            try:
                await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
            finally:
                there.cancel()
                back.cancel()
        finally:
            with contextlib.suppress(OSError):
                ours.close()

    async def _ask(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, watch: _Watch) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(CHUNK):
                if self._mode != "silent":
                    watch.asked(data)
                    sink.write(data)
                    await sink.drain()

    async def _answer(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, watch: _Watch) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(CHUNK):
                if self._mode == "silent":
                    continue
                if watch.loses:
                    self.lost += 1
                    return
                sink.write(data)
                await sink.drain()


class _Watch:
    """One connection to Postgres: knows when the answer on its way is that of a commit that is to be lost."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._names: set[bytes] = set()  # prepared statements that contain the marker
        self._marked = False
        self._in_transaction = False
        self.loses = False

    def asked(self, data: bytes) -> None:
        if not self._proxy.marker:
            return
        if self._proxy.marker in data:
            if prepared := PREPARES.search(data):
                self._names.add(prepared[1] + b"\x00")  # it runs with a later message
            else:
                self._marked = True
        if any(name in data for name in self._names) and not PREPARES.search(data):
            self._marked = True
        if b"BEGIN" in data:
            self._in_transaction = True
        commits = b"COMMIT" in data or not self._in_transaction
        if b"COMMIT" in data or b"ROLLBACK" in data:
            self._in_transaction = False
        if self._marked and commits:
            self._marked = False
            if self._proxy.to_lose > 0:
                self._proxy.to_lose -= 1
                self.loses = True
