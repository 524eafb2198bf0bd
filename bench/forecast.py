"""How long a forecast of a million messages takes, the arithmetic alone.

python -m bench.forecast
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

from app.domain.forecast import forecast
from app.domain.forecast_lanes import Bound, Hours, Lane, Mailbox, Run
from app.domain.pacing import DAY, Counter
from app.domain.windows import Window
from bench.ground import Result, alone

COUNT: Final = 1_000_000
NOW: Final = 1_800_000_000.0
HOUR: Final = 3600.0


def mailboxes(
    count: int,
    *,
    senders: int = 1,
    limit: int | None = 200,
    daily: int | None = None,
    gap: float = 2.0,
    delay: float = 0.0,
    whole: int | None = None,
    office: bool = False,
    backlog: int = 0,
) -> list[Mailbox]:
    """`whole`: a limit that all of them share. `backlog`: messages of others before ours."""
    hours = Hours([Window(frozenset(range(5)), 9 * 60, 17 * 60, "Europe/Berlin")] if office else [])
    shared = None if whole is None else Counter(whole, HOUR)
    made = []
    for i in range(senders):
        counters = [] if shared is None else [(Bound.WORKSPACE_HOUR, shared)]
        if daily is not None:
            counters.append((Bound.MAILBOX_DAY, Counter(daily, HOUR * DAY)))
        if limit is not None:
            counters.append((Bound.MAILBOX_HOUR, Counter(limit, HOUR)))
        ours = Lane([Run(NOW + i * delay, senders * delay, count // senders)], hours=hours, is_ours=True)
        others = Lane([Run(NOW - 60, 0.0, backlog)], hours=Hours([]))
        made.append(Mailbox([others, ours], counters=counters, gap=gap))
    return made


def cases(count: int) -> Iterator[tuple[str, list[Mailbox]]]:
    yield "delay of 2 s, no limit", mailboxes(count, limit=None, gap=0, delay=2)
    yield "200 an hour", mailboxes(count)
    yield "200 an hour, delay of 17 s", mailboxes(count, delay=17)
    yield "200 an hour, 2,000 a day", mailboxes(count, daily=2000)
    yield "200 an hour, Monday to Friday, 9 to 17", mailboxes(count, office=True)
    yield "behind 5,000 others", mailboxes(count, backlog=5000)
    yield "5 senders", mailboxes(count, senders=5)
    yield "5 senders, 600 an hour together", mailboxes(count, senders=5, whole=600)
    yield "5 senders in office hours", mailboxes(count, senders=5, office=True)
    yield "5 senders, 600 together, office hours", mailboxes(count, senders=5, whole=600, office=True)
    yield "50 senders in office hours", mailboxes(count, senders=50, office=True)


def measure(_ground: None = None, *, quick: bool) -> Result:
    spent = {}
    for name, boxes in cases(1_000 if quick else COUNT):
        began = time.perf_counter()
        found = forecast(boxes, now=NOW, window=HOUR)
        spent[name] = round((time.perf_counter() - began) * 1000, 1)
        assert found.last is not None
    return {"ms": spent, "longest_ms": max(spent.values())}


if __name__ == "__main__":
    alone(measure, None, about=__doc__)
