"""How fast one web process takes mail: `python -m bench.post_emails [REQUESTS A SECOND] [SECONDS]` (Linux).

Starts `paceline up` on a data folder of its own: one web process, and a Postgres that flushes every commit to the disk.
Then `POST /v1/emails` for one sender, tomorrow, so that nothing is sent meanwhile:

- open loop: each request has its instant, set in advance, and its latency counts from that instant, however long the
  ones before take, so a stall is seen by all who would have come meanwhile (no coordinated omission);
- closed loop: 32 connections, each asking again as soon as it is answered.

This process only makes the load. Run it on a quiet machine.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import httpx
import uvloop

MOST = 64  # connections of the open loop; who finds none free waits for one, which counts
CLOSED = 32  # connections of the closed loop
SPREAD = 20.0  # seconds of the closed loop
TO_WARM_UP = 400  # requests


def main(rate: int, seconds: int) -> None:
    with started() as info:
        requests = Requests(info)
        uvloop.run(measure(requests, urlsplit(info["url"]).port or 80, info["pids"]["web"][0], rate, seconds))
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"{os.cpu_count()} cores, load {load} (1, 5, 15 minutes)")


@contextmanager
def started() -> Iterator[dict[str, Any]]:
    """What `paceline up --json` says."""
    with tempfile.TemporaryDirectory(prefix="paceline-bench-", ignore_cleanup_errors=True) as home:
        Path(home).chmod(0o711)
        command = [str(Path(sys.executable).parent / "paceline"), "up", "--json", "--port", "0"]
        command += ["--data-dir", f"{home}/data"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as up:
            assert up.stdout is not None
            try:
                yield json.loads(up.stdout.readline())
            finally:
                up.terminate()


class Requests:
    """The bytes of one request after the other, each for another recipient."""

    def __init__(self, info: dict[str, Any]) -> None:
        headers = {"Authorization": f"Bearer {info['api_key']}"}
        sender = {"from_email": "bench@example.com", "host": "smtp.example.com", "hourly_limit": None}
        httpx.post(f"{info['url']}/v1/senders", headers=headers, json=sender).raise_for_status()
        self._email = {
            "from": "Bench <bench@example.com>",
            "subject": "Your receipt",
            "html": "<p>Thank you for your order.</p>" * 32,  # 1 KB
            "text": "Thank you for your order. " * 16,
            "scheduled_at": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
        }
        self._head = f"POST /v1/emails HTTP/1.1\r\nHost: bench\r\nAuthorization: {headers['Authorization']}\r\n"
        self._count = 0

    def next(self) -> bytes:
        self._count += 1
        body = json.dumps(self._email | {"to": f"r{self._count}@example.com"})
        return f"{self._head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


class Connection(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, one request at a time."""

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


async def measure(requests: Requests, port: int, web: int, rate: int, seconds: int) -> None:
    loop = asyncio.get_running_loop()
    connections = [(await loop.create_connection(Connection, "127.0.0.1", port))[1] for _ in range(MOST)]
    await closed_loop(connections[:CLOSED], requests, count=TO_WARM_UP)
    began = time.perf_counter()
    latencies, errors = await open_loop(connections, requests, rate, rate * seconds)
    took = time.perf_counter() - began
    print(f"open loop, {rate} requests/s for {took:.1f} s: {describe(latencies)}, {errors} errors of {len(latencies)}")
    began, used = time.perf_counter(), cpu_seconds(web)
    latencies, errors = await closed_loop(connections[:CLOSED], requests, until=began + SPREAD)
    took, used = time.perf_counter() - began, cpu_seconds(web) - used
    each = f"{len(latencies) / took:,.0f} requests/s"
    print(f"closed loop, {CLOSED} connections for {took:.1f} s: {each}; {describe(latencies)}, {errors} errors")
    print(f"CPU of the web process: {1000 * used / len(latencies):.2f} ms a request, {used / took:.0%} of a core")


async def open_loop(
    connections: list[Connection], requests: Requests, rate: int, count: int
) -> tuple[list[float], int]:
    """Seconds from each request's instant to its answer, and how many were not answered by 200."""
    free: asyncio.Queue[Connection] = asyncio.Queue()  # in turn, so none idles until the server closes it
    for connection in connections:
        free.put_nowait(connection)
    start = time.perf_counter() + 0.1

    async def one(i: int) -> tuple[float, int]:
        due = start + i / rate
        request = requests.next()
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        connection = await free.get()
        status = await connection.ask(request)
        free.put_nowait(connection)
        return time.perf_counter() - due, status

    answers = await asyncio.gather(*(one(i) for i in range(count)))
    return [latency for latency, _ in answers], sum(status != 200 for _, status in answers)


async def closed_loop(
    connections: list[Connection], requests: Requests, *, until: float = float("inf"), count: float = float("inf")
) -> tuple[list[float], int]:
    latencies: list[float] = []
    errors = 0

    async def one(connection: Connection) -> None:
        nonlocal errors
        while time.perf_counter() < until and len(latencies) < count:
            asked = time.perf_counter()
            status = await connection.ask(requests.next())
            latencies.append(time.perf_counter() - asked)
            errors += status != 200
            if status == 0:
                return

    await asyncio.gather(*(one(connection) for connection in connections))
    return latencies, errors


def cpu_seconds(pid: int) -> float:
    """Spent by a process so far (proc(5): user and system time)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def describe(latencies: list[float]) -> str:
    ordered = sorted(1000 * each for each in latencies)
    half, most = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99) - 1]
    return f"p50 {half:.1f} ms, p99 {most:.1f} ms, max {ordered[-1]:.1f} ms"


if __name__ == "__main__":
    main(*(int(word) for word in (*sys.argv[1:], *("200", "20")[len(sys.argv) - 1 :])))
