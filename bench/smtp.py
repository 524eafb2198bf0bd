"""What one core hands in over kept connections, against the recording test server in a process of its own.

python -m bench.smtp
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from typing import Final

import uvloop

from app.mail.smtp import Connection, Envelope, Server
from bench.ground import ROOT, Result, alone

COUNT: Final = 30_000
CONNECTIONS: Final = 20
MESSAGE = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: hi\r\n\r\n" + (b"x" * 70 + b"\r\n") * 27
ENVELOPE = Envelope("a@example.com", ("b@example.com",))


async def _hand_in(server: Server, count: int) -> None:
    connection = await Connection.open(server)
    for _ in range(count):
        await connection.offer(ENVELOPE, MESSAGE)
        await connection.dot()
        await connection.outcome()
    await connection.close()


async def _run(port: int, count: int) -> Result:
    server = Server("127.0.0.1", port, "none")
    each = count // CONNECTIONS
    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(_hand_in(server, each) for _ in range(CONNECTIONS)))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    done = each * CONNECTIONS
    return {
        "per_second": round(done / wall),
        "per_core_second": round(done / cpu),
        "cpu_us": round(1e6 * cpu / done, 1),
    }


def measure(_ground: None = None, *, quick: bool) -> Result:
    found = {}
    for name, options in (("pipelined", []), ("plain", ["--no-pipelining"])):
        command = [sys.executable, "-m", "tests.support.smtp_server", *options]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as sink:
            assert sink.stdout is not None
            try:
                port = json.loads(sink.stdout.readline())["port"]
                found[name] = uvloop.run(_run(port, 400 if quick else COUNT))
            finally:
                sink.terminate()
    return {"bytes": len(MESSAGE), "connections": CONNECTIONS, **found}


if __name__ == "__main__":
    alone(measure, None, about=__doc__)
