"""What a full limit costs while a backlog waits behind it: `python -m bench.overflow`.

A campaign that is due at once, through a mailbox that may send 200 in a window. Once the first window is full, a few
more are watched: what the workers ask of Postgres and Redis for the 200 of each, however many wait. An hour is 20 s
here; a limit frees its places in steps of 1/128 of that, so a machine that needs longer for the 200 gets more runs,
which in a real hour it does not.
"""

from __future__ import annotations

import time
from typing import Final

from bench.ground import Ground, Needs, Result, alone
from bench.imports import WORDS, people

NEEDS: Final = Needs(environment={"RATE_WINDOW_SECONDS": "20"})
WAITING: Final = 100_000
LIMIT: Final = 200
WINDOWS: Final = 3
SENT: Final = """
    select coalesce(sum(c.count), 0)::integer from lane_counts c join lanes l on l.id = c.lane_id
    where l.campaign_id = %s and c.status = 'sent'"""
RUN: Final = "from lanes l cross join lateral"  # how a lane's runner reads what is due


def measure(ground: Ground, *, quick: bool, waiting: int = WAITING) -> Result:
    waiting, limit, windows = (500, 20, 1) if quick else (waiting, LIMIT, WINDOWS)
    host, port = ground.sink
    sender = ground.sender(host=host, port=port, hourly_limit=limit)["id"]
    listed = ground.read_list(people(waiting * 50 // 49 + 1))
    campaign = ground.campaign(sender_ids=[sender], import_id=listed["import_id"], **WORDS)
    ground.until_written(campaign)
    ground.wait(lambda: ground.one(SENT, campaign) >= limit, 60 + ground.window, "the first window to be full")
    before = ground.one(SENT, campaign)
    of_clients, all_calls = ground.commands()
    with ground.statements() as made, ground.metered() as spent:
        time.sleep(windows * ground.window)
    of_clients, all_calls = ground.commands()[0] - of_clients, ground.commands()[1] - all_calls
    after, kept = ground.one(SENT, campaign), ground.redis_bytes()
    runs = sum(RUN in " ".join(what.split()) for _, what in made)
    assert runs, "no runner has read anything"
    ground.client.post(f"/campaigns/{campaign}/cancel").raise_for_status()
    return {
        "waiting": waiting,
        "limit": limit,
        "window_seconds": ground.window,
        "sent_per_window": round((after - before) / windows, 1),
        "lane_runs": round(runs / windows, 1),
        "redis_commands": round(of_clients / windows, 1),
        "redis_calls": round(all_calls / windows, 1),
        "redis_bytes": kept,
        "queries": round(len(made) / windows, 1),
        "cpu_seconds": {kind: round(seconds / windows, 3) for kind, seconds in spent["cpu"].items()},
        "wal_bytes": round(spent["wal_bytes"] / windows),
    }


if __name__ == "__main__":
    alone(measure, NEEDS, about=__doc__)
