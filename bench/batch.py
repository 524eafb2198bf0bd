"""How fast `POST /emails/batch` takes mail, 100 messages a request, over two web processes: `python -m bench.batch`.

A closed loop: so many connections to each process, each asking again as soon as it is answered. Each message has a text
of its own of 1.5 KB and is for tomorrow. This process only makes the load, from requests that are put together before.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import uvloop

from bench.ground import Ground, Needs, Result, alone, spread
from bench.http_load import Connection, closed_loop

NEEDS: Final = Needs(webs=2)
MESSAGES: Final = 50_000
BATCH: Final = 100
CONNECTIONS: Final = 4  # to each web process


def measure(ground: Ground, *, quick: bool) -> Result:
    messages = 2_000 if quick else MESSAGES
    sender = ground.sender(port=9)["from_email"]
    requests = [request(ground, sender, i) for i in range(messages // BATCH)]
    ports = [urlsplit(url).port or 80 for url in ground.urls]
    before = ground.one("select count(*) from emails")
    with ground.metered() as spent:
        latencies, errors = uvloop.run(_load(ports, requests))
    assert not errors, f"{errors} requests of {len(requests)} failed"
    assert ground.one("select count(*) from emails") - before == messages
    return {
        "messages": messages,
        "webs": len(ports),
        "seconds": spent["seconds"],
        "per_second": round(messages / spent["seconds"]),
        "request_ms": spread(latencies),
        "cpu_us": {kind: round(1e6 * seconds / messages, 1) for kind, seconds in spent["cpu"].items()},
        "wal_bytes": round(spent["wal_bytes"] / messages),
    }


async def _load(ports: list[int], requests: list[bytes]) -> tuple[list[float], int]:
    connections = [await Connection.open(port) for _ in range(CONNECTIONS) for port in ports]
    given = iter(requests)
    return await closed_loop(connections, lambda: next(given, None))


def request(ground: Ground, sender: str, number: int) -> bytes:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    emails: list[dict[str, Any]] = [
        {
            "from": f"Bench <{sender}>",
            "to": f"r{number}.{i}@example.com",
            "subject": f"Your receipt {number}.{i}",
            "html": "<p>Thank you for your order.</p>" * 32,  # 1 KB
            "text": "Thank you for your order. " * 16,
            "scheduled_at": tomorrow,
        }
        for i in range(BATCH)
    ]
    body = json.dumps(emails)
    head = (
        f"POST /v1/emails/batch HTTP/1.1\r\nHost: bench\r\nAuthorization: {ground.authorization['Authorization']}\r\n"
    )
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


if __name__ == "__main__":
    alone(measure, NEEDS, about=__doc__)
