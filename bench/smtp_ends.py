"""The far end of SMTP: a sink that takes everything, and a line to it that is as slow as a real one.

python -m bench.smtp_ends sink HOST:PORT... | everywhere PORT | delay MS HOST PORT (prints the port that it listens on)

Postfix's `smtp-sink` takes 40,000 messages/s on one core, so that it does not bind what is measured; where it is not
installed `sink` stands in for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final, cast

import uvloop

from tests.support.ports import free_port
from tests.support.waiting import wait_until_sync

ROOT: Final = Path(__file__).parents[1]
MOST: Final = 2000  # connections that may wait to be taken
END: Final = re.compile(rb"(?:^|\r\n)\.\r\n")


@contextlib.contextmanager
def sinks(count: int) -> Iterator[tuple[str, list[tuple[str, int]]]]:
    """The name of the program, and `count` (host, port) where mail is taken: 127.0.0.1, 127.0.0.2, ... (Linux)."""
    with _sinks([(f"127.0.0.{i + 1}", free_port()) for i in range(count)]) as (program, places):
        yield program, places


@contextlib.contextmanager
def everywhere() -> Iterator[int]:
    """A port at which mail is taken on every address of 127.0.0.0/8 (Linux)."""
    port = free_port()
    with _running([sys.executable, "-m", "bench.smtp_ends", "everywhere", str(port)]):
        wait_until_sync(partial(_listens, "127.0.0.1", port), 20, what="the sink to listen")
        yield port


@contextlib.contextmanager
def _sinks(places: list[tuple[str, int]]) -> Iterator[tuple[str, list[tuple[str, int]]]]:
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    program = shutil.which("smtp-sink", path=path)
    if program is None:
        commands = [[sys.executable, "-m", "bench.smtp_ends", "sink", *(f"{host}:{port}" for host, port in places)]]
    else:
        account = ["-u", "nobody"] if os.geteuid() == 0 else []
        commands = [[program, *account, f"{host}:{port}", str(MOST)] for host, port in places]
    with contextlib.ExitStack() as stack:
        for command in commands:
            stack.enter_context(_running(command))
        for host, port in places:
            wait_until_sync(partial(_listens, host, port), 20, what="the sink to listen")
        yield "smtp-sink" if program else "bench.smtp_ends", places


@contextlib.contextmanager
def delayed(milliseconds: float, host: str, port: int) -> Iterator[tuple[str, int]]:
    """Where the same server is that many milliseconds of round trip away."""
    command = [sys.executable, "-m", "bench.smtp_ends", "delay", str(milliseconds), host, str(port)]
    with _running(command) as process:
        assert process.stdout is not None
        yield "127.0.0.1", int(process.stdout.readline())


@contextlib.contextmanager
def _running(command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.terminate()


def _listens(host: str, port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=5) as sock:
        return sock.recv(3) == b"220"
    return False


class Sink(asyncio.Protocol):
    """Takes everything, as fast as Python can; nothing is kept."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._held = b""
        self._in_data = False
        self._transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        held = self._held + data
        answers: list[bytes] = []
        while held:
            if self._in_data:
                end = END.search(held)
                if end is None:
                    break
                held, self._in_data = held[end.end() :], False
                answers.append(b"250 2.0.0 Ok\r\n")
                continue
            line, found, rest = held.partition(b"\r\n")
            if not found:
                break
            held = rest
            answers.append(self._answer(line[:4].upper()))
        self._held = held
        if answers:
            self._transport.write(b"".join(answers))

    def _answer(self, verb: bytes) -> bytes:
        if verb == b"DATA":
            self._in_data = True
            return b"354 End data with <CR><LF>.<CR><LF>\r\n"
        if verb == b"EHLO":
            return b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
        if verb == b"QUIT":
            self._transport.close()
            return b"221 2.0.0 Bye\r\n"
        return b"250 2.1.0 Ok\r\n"


class Delay(asyncio.Protocol):
    """One direction of a line: what comes leaves at the other end half a round trip later, in order."""

    def __init__(self, seconds: float, place: tuple[str, int] | None = None, other: Delay | None = None) -> None:
        self._seconds = seconds
        self._place = place
        self._other = other
        self._waiting: deque[bytes] = deque()  # until there is another end
        self._transport: asyncio.Transport | None = None
        self._dialing: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if self._place is not None:
            self._dialing = asyncio.create_task(self._dial(*self._place))

    async def _dial(self, host: str, port: int) -> None:
        await asyncio.sleep(2 * self._seconds)  # what a handshake takes
        loop = asyncio.get_running_loop()
        _, other = await loop.create_connection(lambda: Delay(self._seconds, other=self), host, port)
        self._other = other
        while self._waiting:
            self.data_received(self._waiting.popleft())

    def data_received(self, data: bytes) -> None:
        if self._other is None:
            self._waiting.append(data)
        else:
            asyncio.get_running_loop().call_later(self._seconds, self._other.write, data)

    def write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._other is not None:
            asyncio.get_running_loop().call_later(self._seconds, self._other.close)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


async def _serve_sink(places: Sequence[str]) -> None:
    loop = asyncio.get_running_loop()
    for place in places:
        host, _, port = place.rpartition(":")
        await loop.create_server(Sink, host, int(port), backlog=MOST)
    await asyncio.Event().wait()


async def _serve_everywhere(port: int) -> None:
    with socket.socket() as sock:
        # On all addresses, but of the loopback device alone.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
        sock.bind(("0.0.0.0", port))
        await asyncio.get_running_loop().create_server(Sink, sock=sock, backlog=MOST)
        await asyncio.Event().wait()


async def _serve_delay(milliseconds: float, host: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    half = milliseconds / 2000
    server = await loop.create_server(lambda: Delay(half, (host, port)), "127.0.0.1", 0, backlog=MOST)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


def main(argv: Sequence[str]) -> None:
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    match argv:
        case ["sink", *places]:
            uvloop.run(_serve_sink(places))
        case ["everywhere", port]:
            uvloop.run(_serve_everywhere(int(port)))
        case ["delay", milliseconds, host, port]:
            uvloop.run(_serve_delay(float(milliseconds), host, int(port)))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
