"""When the messages of a campaign may leave: its start, its pace and its sending hours, checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from app.domain.campaigns import due_at, jitter_of
from app.domain.opening_hours import is_zone, no_zone
from app.domain.scheduling import HORIZON, read_moment
from app.domain.windows import Window, next_open
from app.errors import Problem, ValidationError
from app.services import windows

FIELDS: Final = ("start_at", "timezone", "delay_seconds", "jitter_percent", "window")  # as the API names them
SHORTEST: Final = 0.001  # seconds: delays are kept in whole milliseconds


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    start_at: datetime
    timezone: str
    delay_ms: int = 0
    jitter_percent: int = 0
    window: Window | None = None  # in the campaign's own timezone

    def due_at(self, campaign_id: UUID, position: int) -> datetime:
        """The moment of message `position`, the same whenever it is asked."""
        jitter = jitter_of(campaign_id, position, self.jitter_percent)
        return due_at(self.start_at, self.delay_ms, position, jitter=jitter)

    @property
    def columns(self) -> dict[str, Any]:
        kept = {field: getattr(self, field) for field in self.__struct_fields__ if field != "window"}
        return kept | windows.columns(self.window)


def of_row(row: Mapping[str, Any]) -> Timing:
    kept = {field: row[field] for field in Timing.__struct_fields__ if field != "window"}
    return Timing(**kept, window=windows.of_row(row, row["timezone"]))


def changed(before: Timing, given: Mapping[str, Any], now: datetime, problems: list[Problem]) -> Timing:
    """`before` with what `given` names of FIELDS. What is wrong goes to `problems`."""
    start_at, delay_ms = before.start_at, before.delay_ms
    if "start_at" in given:
        try:
            start_at = read_moment(given["start_at"], now, path="start_at")
        except ValidationError as error:
            problems.extend(error.problems)
    if "delay_seconds" in given:
        delay_ms = round(given["delay_seconds"] * 1000)
        if 0 < given["delay_seconds"] < SHORTEST:
            problems.append(Problem("delay_seconds", f"A delay is at least {SHORTEST} seconds; 0 is none."))
    timezone = given.get("timezone", before.timezone)
    if not is_zone(timezone):
        problems.append(Problem("timezone", no_zone(timezone)))
        timezone = before.timezone
    return Timing(
        start_at=start_at,
        timezone=timezone,
        delay_ms=delay_ms,
        jitter_percent=given.get("jitter_percent", before.jitter_percent) or 0,
        window=_window(before, given, timezone, problems),
    )


def _window(before: Timing, given: Mapping[str, Any], timezone: str, problems: list[Problem]) -> Window | None:
    if "window" not in given:
        return before.window and Window(before.window.days, before.window.start, before.window.end, timezone)
    try:
        return windows.of_campaign(given["window"], timezone)
    except ValidationError as error:
        problems.extend(error.problems)
        return before.window


def check_span(timing: Timing, count: int) -> Iterator[Problem]:
    try:
        too_long = due_at(timing.start_at, timing.delay_ms, max(0, count - 1)) > timing.start_at + HORIZON
    except OverflowError:
        too_long = True
    if too_long:
        most = HORIZON / (count - 1)
        yield Problem(
            "delay_seconds",
            f"With this delay the last of {count:,} messages is due more than {HORIZON.days} days after the first:"
            f" use at most {int(most.total_seconds()):,} seconds.",
        )


def check_hours(timing: Timing, senders: Iterable[Mapping[str, Any]], now: datetime) -> Iterator[Problem]:
    """Each sender's window must be open at times when the campaign's is."""
    for sender in senders:
        own = windows.of_row(sender, sender["window_timezone"])
        if timing.window is not None and own is not None and next_open([timing.window, own], now) is None:
            yield Problem(
                "window",
                f"This window and that of {sender['from_email']} are never open together, so nothing could leave:"
                " change one of them.",
            )
