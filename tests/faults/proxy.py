"""A TCP proxy between one process and its server, for cutting the line where the server itself could not."""

from __future__ import annotations

import asyncio
import contextlib
import random
from typing import Final, Literal

Mode = Literal["open", "refusing", "silent"]

CHUNK: Final = 65536  # bytes


class Proxy:
    """`open` passes everything on; `refusing` cuts what there is and takes nobody; `silent` takes all and says nothing.

    `swallow` loses the server's next answers, each with its connection: the client cannot know what became of its
    request.
    """

    def __init__(self, target_port: int, rng: random.Random) -> None:
        self._target = target_port
        self._rng = rng
        self._mode: Mode = "open"
        self._lines: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._to_swallow = 0
        self._chance = 0.0
        self.swallowed = 0
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

    def swallow(self, count: int, chance: float) -> None:
        """Loses so many further answers, each of which it meets with this chance."""
        self._to_swallow, self._chance = count, chance

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
        try:
            there = asyncio.create_task(self._pump(reader, ours, answers=False))
            back = asyncio.create_task(self._pump(theirs, writer, answers=True))
            try:
                await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
            finally:
                there.cancel()
                back.cancel()
        finally:
            with contextlib.suppress(OSError):
                ours.close()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(CHUNK):
                if self._mode == "silent":
                    continue
                if answers and self._to_swallow > 0 and self._rng.random() < self._chance:
                    self._to_swallow -= 1
                    self.swallowed += 1
                    return
                sink.write(data)
                await sink.drain()
