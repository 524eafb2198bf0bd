"""Sending windows: the days and hours at which a sender or campaign may send, by the wall clock of a zone. Pure.

The wall clock decides, also when it is changed: an hour that is skipped opens nothing, an hour that comes twice counts
twice. A window whose end is not after its start runs past midnight and belongs to the day that it starts on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NEAR: Final = 2  # days to look ahead at first: nearly always enough
HORIZON: Final = 15  # days to look ahead: two windows that meet at all do so within two weeks, unless clocks change


class Window(msgspec.Struct, frozen=True):
    """`days` counts from Monday = 0. `start` and `end`: minutes after midnight, `end` exclusive, 1440 is midnight."""

    days: frozenset[int]
    start: int
    end: int
    timezone: str

    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


def is_open(window: Window, now: datetime) -> bool:
    """Whether the wall clock of the window's zone lies in it at the instant `now`."""
    local = now.astimezone(window.zone())
    minute = local.hour * 60 + local.minute
    today, yesterday = local.weekday(), (local.weekday() - 1) % 7
    if window.start < window.end:
        return today in window.days and window.start <= minute < window.end
    return (today in window.days and minute >= window.start) or (yesterday in window.days and minute < window.end)


def next_open(windows: Sequence[Window], now: datetime) -> datetime | None:
    """The first instant from `now` on at which every window is open; None if there is none within two weeks."""
    if all(is_open(window, now) for window in windows):
        return now
    for days in (NEAR, HORIZON):
        known = _known_until(now, days)
        moments = {moment for window in windows for moment in _starts(window, now, days)}
        for moment in sorted(moments):
            if now <= moment < known and all(is_open(window, moment) for window in windows):
                return moment
    return None


def closes(window: Window, now: datetime) -> datetime:
    """The first instant from `now` on at which the window is not open; FOREVER-like far if it never closes."""
    for days in (NEAR, HORIZON):
        known = _known_until(now, days)
        for moment in sorted({moment for moment in _ends(window, now, days) if now <= moment < known}):
            if not is_open(window, moment):
                return moment
    return now + timedelta(days=HORIZON)


def _known_until(now: datetime, days: int) -> datetime:
    """Up to here every instant is among those of so many days, whatever the zone."""
    return now + timedelta(days=days)


def _starts(window: Window, now: datetime, days: int) -> Iterator[datetime]:
    """Every instant at which the window may begin to be open: its start, midnight, and changes of the clock."""
    for day in _days(window, now, days):
        yield from _instants(window, day, window.start)
        yield from _instants(window, day, 0)
        yield from _changes(window, day)


def _ends(window: Window, now: datetime, days: int) -> Iterator[datetime]:
    for day in _days(window, now, days):
        yield from _instants(window, day, window.end % 1440)
        yield from _instants(window, day, 0)
        yield from _changes(window, day)


def _days(window: Window, now: datetime, days: int) -> Iterator[date]:
    first = now.astimezone(window.zone()).date() - timedelta(days=1)
    for ahead in range(days + 2):
        yield first + timedelta(days=ahead)


def _instants(window: Window, day: date, minute: int) -> Iterator[datetime]:
    """When the wall clock shows this minute of the day: once, twice, or never."""
    zone = window.zone()
    shown = datetime.combine(day, time(minute // 60, minute % 60))
    for fold in (0, 1):
        instant = shown.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        if instant.astimezone(zone).replace(tzinfo=None, fold=0) == shown:
            yield instant


def _changes(window: Window, day: date) -> Iterator[datetime]:
    """The instant of this day at which the zone changes its offset, if it does, to the minute."""
    zone = window.zone()
    low = datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
    high = datetime.combine(day + timedelta(days=1), time(), tzinfo=zone).astimezone(UTC)
    before = low.astimezone(zone).utcoffset()
    if before == high.astimezone(zone).utcoffset():
        return
    while high - low > timedelta(minutes=1):
        middle = low + (high - low) / 2
        middle = middle.replace(second=0, microsecond=0)
        if middle <= low:
            break
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    yield high
