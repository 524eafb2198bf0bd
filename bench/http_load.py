"""Load on a web process: bare HTTP/1.1 over kept connections, so that making it costs little."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Self, cast


class Connection(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, one request at a time."""

    @classmethod
    async def open(cls, port: int) -> Self:
        return (await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port))[1]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one by its methods only
        self._received = b""
        self._answer: asyncio.Future[int] | None = None

    def ask(self, request: bytes) -> asyncio.Future[int]:
        """The status; 0 where the connection was lost."""
        self._answer = asyncio.get_running_loop().create_future()
        if self._transport.is_closing():
            self._done(0)
            return self._answer
        answer = self._answer
        self._transport.write(request)
        return answer

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end:
            return
        status, *headers = head.split(b"\r\n")
        length = next(int(line[15:]) for line in headers if line.lower().startswith(b"content-length:"))
        if len(body) >= length:
            self._received = b""
            self._done(int(status.split()[1]))

    def connection_lost(self, exc: Exception | None) -> None:
        self._done(0)

    def _done(self, status: int) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(status)


async def open_loop(
    connections: Sequence[Connection], requests: Callable[[], bytes], rate: float, count: int
) -> tuple[list[float], int]:
    """Seconds from each request's instant to its answer, and how many were not answered by 200.

    Each request has its instant, set in advance, and its latency counts from that instant, however long the ones before
    take, so a stall is seen by all who would have come meanwhile (no coordinated omission). Who finds no connection
    free waits for one, which counts.
    """
    free: asyncio.Queue[Connection] = asyncio.Queue()  # in turn, so none idles until the server closes it
    for connection in connections:
        free.put_nowait(connection)
    start = time.perf_counter() + 0.1

    async def one(i: int) -> tuple[float, int]:
        due = start + i / rate
        request = requests()
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        connection = await free.get()
        status = await connection.ask(request)
        free.put_nowait(connection)
        return time.perf_counter() - due, status

    answers = await asyncio.gather(*(one(i) for i in range(count)))
    return [latency for latency, _ in answers], sum(status != 200 for _, status in answers)


async def closed_loop(
    connections: Sequence[Connection], requests: Callable[[], bytes | None]
) -> tuple[list[float], int]:
    """The same where each connection asks again as soon as it is answered, until there are no `requests` any more."""
    latencies: list[float] = []
    errors = 0

    async def one(connection: Connection) -> None:
        nonlocal errors
        while (request := requests()) is not None:
            asked = time.perf_counter()
            status = await connection.ask(request)
            latencies.append(time.perf_counter() - asked)
            errors += status != 200
            if status == 0:
                return

    await asyncio.gather(*(one(connection) for connection in connections))
    return latencies, errors
