"""A sending window as people write it: days by name, hours by the clock. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.domain.windows import DAYS, Window
from app.errors import Problem, ValidationError

MIDNIGHT: Final = 24 * 60

_TIME: Final = re.compile(r"(?P<hour>[01]\d|2[0-4]):(?P<minute>[0-5]\d)", re.ASCII)


def read_window(days: Sequence[str], start: str, end: str, timezone: str, *, path: str = "window") -> Window:
    """Raises ValidationError that names everything that is wrong. An end of 00:00 is midnight, as 24:00 is."""
    problems = list(_about_days(days, path))
    opens, closes = _minutes(start), _minutes(end)
    if opens is None or opens == MIDNIGHT:
        problems.append(Problem(f"{path}.start", f"{_quoted(start)} is no time of day: write it like 09:00."))
    if closes is None:
        problems.append(Problem(f"{path}.end", f"{_quoted(end)} is no time of day: write it like 17:30, or 24:00."))
    if opens is not None and opens == closes:
        problems.append(Problem(f"{path}.end", "The window ends when it starts: for whole days, 00:00 to 24:00."))
    if not is_zone(timezone):
        problems.append(Problem(f"{path}.timezone", no_zone(timezone)))
    if problems or opens is None or closes is None:
        raise ValidationError.of(problems)
    return Window(frozenset(DAYS.index(day) for day in days), opens, closes or MIDNIGHT, timezone)


def is_zone(name: str) -> bool:
    """Whether this is an IANA name of a timezone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def no_zone(name: str) -> str:
    return f"{_quoted(name)} is no timezone: give an IANA name such as Europe/Berlin."


def day_names(days: Sequence[int]) -> list[str]:
    """From Monday on."""
    return [DAYS[day] for day in sorted(days)]


def clock_time(minutes: int) -> str:
    """HH:MM; the end of a day is 24:00."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _about_days(days: Sequence[str], path: str) -> Iterator[Problem]:
    if not days:
        yield Problem(f"{path}.days", "Name at least one day, or give null for no window at all.")
    for i, day in enumerate(days):
        if day not in DAYS:
            yield Problem(f"{path}.days[{i}]", f"{_quoted(day)} is no day: write {', '.join(DAYS[:-1])} or {DAYS[-1]}.")
        elif days.index(day) < i:
            yield Problem(f"{path}.days[{i}]", f"{_quoted(day)} is there twice.")


def _minutes(text: str) -> int | None:
    match = _TIME.fullmatch(text)
    minutes = int(match["hour"]) * 60 + int(match["minute"]) if match else MIDNIGHT + 1
    return minutes if minutes <= MIDNIGHT else None


def _quoted(text: str) -> str:
    return f"“{text[:100]}”"
