"""How late mail leaves, with a million messages stored for other days: `python -m bench.on_time`.

Messages 20 ms apart (ten of them for one instant) through one mailbox, given over the API. Late is the gate's stamp
minus the due time, and the final dot as a recording mail server sees it minus the due time.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bench.ground import Ground, Needs, Result, alone, spread
from bench.imports import WORDS, people
from tests.support.smtp_server import SmtpServer

NEEDS: Final = Needs()
STORED: Final = 1_000_000
COUNT: Final = 500
APART: Final = timedelta(milliseconds=20)
SAME: Final = range(50, 60)  # these are for one instant
BATCH: Final = 100


def measure(ground: Ground, *, quick: bool, stored: int = STORED) -> Result:
    count, stored = (100, 1_000) if quick else (COUNT, stored)
    with SmtpServer() as smtp:
        sender = ground.sender(port=smtp.port)
        store(ground, sender["id"], stored)
        ids, due = schedule(ground, sender["from_email"], count)
        smtp.wait_for(count, timeout=count * APART.total_seconds() + 60)
        time.sleep(0.5)  # would there be one too many?
        arrived = [(message.recipients[0], message.at) for message in smtp.messages]
    assert sorted(to for to, _ in arrived) == sorted(due), "each exactly once"
    found = ground.conn.execute(
        "select extract(epoch from dispatched_at - due_at)::float8 from emails where id = any (%s)", [ids]
    )
    return {
        "messages": count,
        "stored": stored,
        "gate_ms": spread(late for (late,) in found),
        "dot_ms": spread(at - due[to] for to, at in arrived),
        "overtaken_by": most_overtaken([due[to] for to, _ in arrived]),
    }


def store(ground: Ground, sender_id: str, count: int) -> None:
    """Has the mailbox hold so many messages of a campaign for tomorrow, unless the workspace holds them already."""
    if ground.one("select coalesce(sum(count), 0) from lane_counts where status = 'scheduled'") >= count:
        return
    listed = ground.read_list(people(count * 50 // 49 + 1))
    ground.until_written(
        ground.campaign(sender_ids=[sender_id], start_at="in 1 day", import_id=listed["import_id"], **WORDS)
    )
    ground.conn.execute("vacuum analyze emails")  # as autovacuum does, but now


def most_overtaken(dues: Sequence[float]) -> int:
    """By how many later ones the unluckiest was overtaken."""
    return max(sum(earlier > due for earlier in dues[max(0, i - 50) : i]) for i, due in enumerate(dues))


def schedule(ground: Ground, from_email: str, count: int) -> tuple[list[str], dict[str, float]]:
    """The ids of the messages, and the time of each by its recipient."""
    start = datetime.now(UTC) + timedelta(seconds=3)
    emails: list[dict[str, Any]] = []
    due = {}
    for i in range(count):
        at = start + APART * (SAME.start if i in SAME else i)
        to = f"r{i}@example.com"
        emails.append({"from": from_email, "to": to, "subject": str(i), "text": "x", "scheduled_at": at.isoformat()})
        due[to] = at.timestamp()
    ids = []
    for i in range(0, count, BATCH):
        ids += [each["id"] for each in ground.post("/emails/batch", emails[i : i + BATCH])["data"]]
    return ids, due


if __name__ == "__main__":
    alone(measure, NEEDS, about=__doc__)
