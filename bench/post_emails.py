"""How fast one web process takes mail, one message a request: `python -m bench.post_emails`.

`POST /v1/emails`, 1.7 KB of JSON, for one sender, tomorrow, so that nothing is sent meanwhile: first an open loop at a
steady rate, then a closed loop of 32 connections, as fast as they are answered. This process only makes the load.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import uvloop

from bench.ground import Ground, Needs, Result, alone, spread
from bench.http_load import Connection, closed_loop, open_loop

NEEDS: Final = Needs()
RATE: Final = 200  # requests a second of the open loop
SECONDS: Final = 10.0  # of each loop
MOST: Final = 64  # connections of the open loop
CLOSED: Final = 32  # connections of the closed loop
TO_WARM_UP: Final = 400  # requests


def measure(ground: Ground, *, quick: bool) -> Result:
    return uvloop.run(_measure(ground, 1.0 if quick else SECONDS))


async def _measure(ground: Ground, seconds: float) -> Result:
    requests = Requests(ground)
    port = urlsplit(ground.urls[0]).port or 80
    connections = [await Connection.open(port) for _ in range(MOST)]
    left = iter(range(TO_WARM_UP))
    await closed_loop(connections[:CLOSED], lambda: None if next(left, None) is None else requests.next())
    open_latencies, open_errors = await open_loop(connections, requests.next, RATE, int(RATE * seconds))
    with ground.metered() as spent:
        until = time.perf_counter() + seconds
        latencies, errors = await closed_loop(
            connections[:CLOSED], lambda: None if time.perf_counter() > until else requests.next()
        )
    assert not open_errors + errors, f"{open_errors} and {errors} requests failed"
    return {
        "open_rate": RATE,
        "open_ms": spread(open_latencies),
        "per_second": round(len(latencies) / spent["seconds"]),
        "closed_ms": spread(latencies),
        "cpu_us": {kind: round(1e6 * used / len(latencies)) for kind, used in spent["cpu"].items()},
        "wal_bytes": round(spent["wal_bytes"] / len(latencies)),
    }


class Requests:
    """The bytes of one request after the other, each for another recipient."""

    def __init__(self, ground: Ground) -> None:
        sender = ground.sender(port=9)["from_email"]
        self._email = {
            "from": f"Bench <{sender}>",
            "subject": "Your receipt",
            "html": "<p>Thank you for your order.</p>" * 32,  # 1 KB
            "text": "Thank you for your order. " * 16,
            "scheduled_at": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
        }
        authorization = ground.authorization["Authorization"]
        self._head = f"POST /v1/emails HTTP/1.1\r\nHost: bench\r\nAuthorization: {authorization}\r\n"
        self._count = 0

    def next(self) -> bytes:
        self._count += 1
        body = json.dumps(self._email | {"to": f"r{self._count}@example.com"})
        return f"{self._head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


if __name__ == "__main__":
    alone(measure, NEEDS, about=__doc__)
