"""Ten thousand mailboxes, each with a message every minute, through one worker process: `python -m bench.mailboxes`.

Each mailbox is a server of its own by its address (127.0.0.0/8, Linux), so that no connection is of use to two. Their
messages come due evenly over the minute. Late is the gate's stamp minus the due time.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bench import smtp_ends
from bench.ground import Ground, Needs, Result, alone, spread
from bench.meters import memory_mb

NEEDS: Final = Needs()
MAILBOXES: Final = 10_000
MINUTES: Final = 2  # the first is for all to get going and is not counted, nor is one more, still to come when they end
MINUTE: Final = 60.0  # seconds
AHEAD: Final = 15.0  # seconds that writing the messages may take
BATCH: Final = 100


def measure(ground: Ground, *, quick: bool) -> Result:
    mailboxes, minutes, minute = (50, 2, 2.0) if quick else (MAILBOXES, MINUTES, MINUTE)
    with smtp_ends.everywhere() as port:
        senders = add_senders(ground, mailboxes, port)
        start = datetime.now(UTC) + timedelta(seconds=2 if quick else AHEAD + mailboxes * (minutes + 1) / 5000)
        write(ground, senders, start, minutes + 1, minute)
        time.sleep(max(0.0, (start - datetime.now(UTC)).total_seconds() + minute))
        with ground.metered() as spent:
            time.sleep(max(0.0, (start - datetime.now(UTC)).total_seconds() + minutes * minute))
        counted = mailboxes * (minutes - 1)
        query = """
            select extract(epoch from dispatched_at - due_at)::float8 from emails
            where sender_id = any (%s) and due_at >= %s and due_at < %s and status = 'sent'"""
        first, end = (start + timedelta(seconds=minute * turn) for turn in (1, minutes))
        given = ([sender["id"] for sender in senders], first, end)
        late: list[float] = []

        def all_sent() -> bool:
            late[:] = [each for (each,) in ground.conn.execute(query, given)]
            return len(late) == counted

        ground.wait(all_sent, 300, "all to be sent")
    return {
        "mailboxes": mailboxes,
        "per_second": round(mailboxes / minute, 1),
        "gate_ms": spread(late),
        "cpu_percent": {kind: round(100 * used / spent["seconds"], 1) for kind, used in spent["cpu"].items()},
        "cpu_us": {kind: round(1e6 * used / counted) for kind, used in spent["cpu"].items()},
        "wal_bytes": round(spent["wal_bytes"] / counted),
        "worker_mb": max(memory_mb(pid) for pid in ground.pids("worker")),
    }


def add_senders(ground: Ground, count: int, port: int) -> list[dict[str, Any]]:
    hosts = [f"127.{1 + i // 62500}.{i // 250 % 250}.{i % 250 + 1}" for i in range(count)]
    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(lambda host: ground.sender(host=host, port=port), hosts))


def write(ground: Ground, senders: list[dict[str, Any]], start: datetime, minutes: int, minute: float) -> None:
    def emails() -> Iterator[dict[str, Any]]:
        for i, sender in enumerate(senders):
            for turn in range(minutes):
                at = start + timedelta(seconds=minute * (turn + i / len(senders)))
                yield {
                    "from": sender["from_email"], "to": f"r{turn}@example.com", "subject": "Hi", "text": "Hi",
                    "scheduled_at": at.isoformat(),
                }  # fmt: skip

    wanted = list(emails())
    with ThreadPoolExecutor(4) as threads:
        list(
            threads.map(lambda at: ground.post("/emails/batch", wanted[at : at + BATCH]), range(0, len(wanted), BATCH))
        )


if __name__ == "__main__":
    alone(measure, NEEDS, about=__doc__)
