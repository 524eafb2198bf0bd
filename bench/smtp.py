"""What one core hands in over kept connections, against the recording test server in a process of its own.

python -m bench.smtp [--count 30000] [--connections 20] [--no-pipelining]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time

import uvloop

from app.mail.smtp import Connection, Envelope, Server

MESSAGE = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: hi\r\n\r\n" + (b"x" * 70 + b"\r\n") * 27
ENVELOPE = Envelope("a@example.com", ("b@example.com",))


async def _hand_in(server: Server, count: int) -> None:
    connection = await Connection.open(server)
    for _ in range(count):
        await connection.offer(ENVELOPE, MESSAGE)
        await connection.dot()
        await connection.outcome()
    await connection.close()


async def _run(port: int, count: int, connections: int) -> None:
    server = Server("127.0.0.1", port, "none")
    each = count // connections
    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(_hand_in(server, each) for _ in range(connections)))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    done = each * connections
    print(f"{done:,} messages of {len(MESSAGE):,} bytes over {connections} connections")
    print(f"{done / wall:,.0f}/s by the clock, {done / cpu:,.0f}/s a core ({1e6 * cpu / done:.0f} us a message)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=30_000)
    parser.add_argument("--connections", type=int, default=20)
    parser.add_argument("--no-pipelining", action="store_true")
    arguments = parser.parse_args()
    command = [sys.executable, "-m", "tests.support.smtp_server"]
    command += ["--no-pipelining"] * arguments.no_pipelining
    with subprocess.Popen(command, stdout=subprocess.PIPE) as sink:
        assert sink.stdout is not None
        try:
            port = json.loads(sink.stdout.readline())["port"]
            uvloop.run(_run(port, arguments.count, arguments.connections))
        finally:
            sink.terminate()


if __name__ == "__main__":
    main()
