"""When a person wants a message to leave: ISO 8601 with an offset, or a distance from now (`in 10 minutes`). Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from app.errors import ValidationError

GRACE: Final = timedelta(seconds=60)  # so far in the past still means now: clocks differ and requests take time
HORIZON: Final = timedelta(days=366)

EXAMPLES: Final = "2026-01-31T09:30:00+01:00, 2026-01-31T08:30:00Z or in 10 minutes"

_DISTANCE = re.compile(
    r"in\s+(?P<count>an?|\d{1,8})\s*"
    r"(?:(?P<seconds>s|secs?|seconds?)|(?P<minutes>m|mins?|minutes?)|(?P<hours>h|hrs?|hours?)|(?P<days>d|days?))",
    re.IGNORECASE,
)


class InvalidMoment(ValidationError):
    """This is not a moment at which something can be sent."""


def read_moment(text: str, now: datetime, *, path: str = "scheduled_at") -> datetime:
    """The instant that `text` means, in UTC, never before `now`. Raises InvalidMoment that says what is wrong with it.

    Up to GRACE in the past is now; further back, or more than HORIZON ahead, is an error.
    """
    try:
        return _bounded(_read(text.strip(), now), now)
    except ValueError as error:
        raise InvalidMoment.at(path, str(error)) from None


def read_time(text: str, *, path: str) -> datetime:
    """Any instant, in UTC. Raises InvalidMoment."""
    try:
        return _instant(text.strip())
    except ValueError as error:
        raise InvalidMoment.at(path, str(error)) from None


def _read(text: str, now: datetime) -> datetime:
    if match := _DISTANCE.fullmatch(text):
        count = 1 if match["count"].lower() in ("a", "an") else int(match["count"])
        unit = next(name for name in ("seconds", "minutes", "hours", "days") if match[name])
        return now + min(timedelta(**{unit: count}), HORIZON * 2)
    return _instant(text)


def _instant(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"This is not a time that can be read: write it like {EXAMPLES}.") from None
    if moment.utcoffset() is None:
        raise ValueError(f"This time has no offset, so it could be anywhere on Earth: write it like {EXAMPLES}.")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("This time is outside the calendar.") from None


def _bounded(moment: datetime, now: datetime) -> datetime:
    if moment < now - GRACE:
        raise ValueError(f"This time is past: it is now {iso(now)}.")
    if moment > now + HORIZON:
        raise ValueError(f"This time is more than {HORIZON.days} days ahead.")
    return max(moment, now)


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC with a Z, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
