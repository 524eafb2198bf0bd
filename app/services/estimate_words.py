"""A forecast as the API tells it: bars, what binds in plain words, and on what it rests."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from app.contract.estimates import BindingLimit, Estimate, EstimateBucket
from app.domain.campaigns import State
from app.domain.forecast import Forecast, spread
from app.domain.forecast_lanes import Bound
from app.domain.pacing import DAY
from app.services.estimate_situation import Asked, Situation

HOURLY_BARS: Final = 24 * 14  # a campaign of more hours is shown by the day
MOST_BARS: Final = 1_100  # three years of days
TELLING: Final = 0.02  # a share of the wait that is worth a word

SAID: Final[dict[Bound, str]] = {
    Bound.DELAY: "The delay between its messages sets the pace.",
    Bound.GAP: "The gap between two messages of a mailbox sets the pace.",
    Bound.CONNECTIONS: "The mail server sets the pace: each message takes it a moment.",
    Bound.MAILBOX_HOUR: "The hourly limit of the senders is reached.",
    Bound.MAILBOX_DAY: "The daily limit of the senders is reached.",
    Bound.CAMPAIGN_HOUR: "The campaign's own hourly limit is reached.",
    Bound.WORKSPACE_HOUR: "The hourly limit of the whole workspace is reached.",
    Bound.WINDOW: "It waits outside of its sending hours.",
    Bound.QUEUE: "Other mail on the same mailboxes is due before it.",
    Bound.TROUBLE: "The mail server could not be reached lately; it is tried again soon.",
}


def told(found: Forecast, asked: Asked, situation: Situation, *, window: float) -> Estimate:
    width, buckets = _buckets(found, asked.timing.timezone, window)
    return Estimate(
        object="estimate",
        count=found.count + found.never,
        first_send_at=_instant(found.first),
        last_send_at=None if found.never else _instant(found.last),
        timezone=asked.timing.timezone,
        bucket_seconds=width,
        buckets=buckets,
        binding_limits=_binding(found, asked, situation),
        assumptions=[*_assumptions(found, asked, situation)],
    )


def _instant(moment: float | None) -> datetime | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC)


def _buckets(found: Forecast, timezone: str, window: float) -> tuple[float, list[EstimateBucket]]:
    """Hours by the clock of the campaign's zone, or days from midnight there; of years, several days at once."""
    if found.first is None or found.last is None:
        return window, []
    span, day = found.last - found.first, window * DAY
    width = window if span <= HOURLY_BARS * window else day * math.ceil(span / (day * MOST_BARS))
    offset = ZoneInfo(timezone).utcoffset(datetime.fromtimestamp(found.first, UTC))
    counts = spread(found.runs, width, -offset.total_seconds() if offset is not None else 0.0)
    return width, [
        EstimateBucket(start=datetime.fromtimestamp(start, UTC), count=count) for start, count in sorted(counts.items())
    ]


def _binding(found: Forecast, asked: Asked, situation: Situation) -> list[BindingLimit]:
    whole = sum(found.waits.values())
    values = _values(asked, situation)
    shares = sorted(((seconds / whole, bound) for bound, seconds in found.waits.items() if whole), reverse=True)
    return [
        BindingLimit(limit=bound, value=values.get(bound), share=round(share, 3), message=SAID[bound])
        for share, bound in shares
        if share >= TELLING
    ]


def _values(asked: Asked, situation: Situation) -> dict[Bound, int | None]:
    used = {sender["mailbox_id"] for sender in asked.senders}
    boxes = [box for box in situation.mailboxes if box["id"] in used]
    return {
        Bound.DELAY: asked.timing.delay_ms,
        Bound.GAP: _same(boxes, "min_delay_ms"),
        Bound.MAILBOX_HOUR: _same(boxes, "hourly_limit"),
        Bound.MAILBOX_DAY: _same(boxes, "daily_limit"),
        Bound.CAMPAIGN_HOUR: asked.hourly_limit,
        Bound.WORKSPACE_HOUR: situation.workspace_limit,
    }


def _same(boxes: Sequence[Mapping[str, Any]], field: str) -> int | None:
    """What all of them have."""
    values = {box[field] for box in boxes}
    return values.pop() if len(values) == 1 else None


def _assumptions(found: Forecast, asked: Asked, situation: Situation) -> Iterator[str]:
    yield "Nothing else is scheduled on these mailboxes meanwhile, and no limit changes."
    if situation.ahead:
        yield f"{situation.ahead:,} other messages that wait on the same mailboxes leave when they are due."
    if asked.timing.jitter_percent:
        yield "The random delay is counted as its average."
    if asked.state is State.PAUSED:
        yield "The campaign is paused: this holds if it is resumed now."
    paused = [sender["from_email"] for sender in asked.senders if sender["state"] != "active"]
    if paused:
        yield f"Paused now: {', '.join(paused[:5])}. This holds if they are resumed before the start."
    if found.waits.get(Bound.CONNECTIONS):
        yield "The mail servers take messages as fast as they did lately, or four a second a connection."
    if len(situation.boxes) > 1 and {Bound.WORKSPACE_HOUR, Bound.CAMPAIGN_HOUR} & found.waits.keys():
        yield "Mailboxes that share a limit take its places in turn."
    if found.is_rough:
        yield "So far ahead the end is drawn on from the pace before it."
    if found.never:
        yield f"{found.never:,} of its messages never leave: their sending hours never open."
