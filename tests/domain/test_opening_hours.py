"""Sending windows as people write them."""

from __future__ import annotations

import pytest

from app.domain.opening_hours import clock_time, day_names, read_window
from app.domain.windows import DAYS, Window
from app.errors import ValidationError


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        ("09:00", "17:30", (540, 1050)),
        ("00:00", "24:00", (0, 1440)),
        ("22:00", "06:00", (1320, 360)),
        ("18:00", "00:00", (1080, 1440)),  # midnight either way
        ("23:59", "24:00", (1439, 1440)),
    ],
)
def test_hours_are_read(start: str, end: str, minutes: tuple[int, int]) -> None:
    window = read_window(["fri", "mon"], start, end, "Europe/Berlin")
    assert window == Window(frozenset({0, 4}), *minutes, "Europe/Berlin")
    assert day_names([*window.days]) == ["mon", "fri"]
    assert clock_time(window.start) == start
    assert clock_time(window.end) == (end if end != "00:00" else "24:00")


@pytest.mark.parametrize(
    ("days", "start", "end", "timezone", "paths"),
    [
        ([], "09:00", "17:00", "UTC", {"window.days"}),
        (["monday"], "09:00", "17:00", "UTC", {"window.days[0]"}),
        (["mon", "Tue", "mon"], "09:00", "17:00", "UTC", {"window.days[1]", "window.days[2]"}),
        (DAYS, "24:00", "17:00", "UTC", {"window.start"}),
        (DAYS, "9:00", "17", "UTC", {"window.start", "window.end"}),
        (DAYS, "09:60", "24:01", "UTC", {"window.start", "window.end"}),
        (DAYS, "٠٩:٠٠", "17:00\n", "UTC", {"window.start", "window.end"}),
        (DAYS, "09:00", "09:00", "UTC", {"window.end"}),
        (DAYS, "00:00", "00:00", "UTC", {"window.end"}),
        (DAYS, "09:00", "17:00", "Mars/Olympus", {"window.timezone"}),
        (["x"], "x", "x", "", {"window.days[0]", "window.start", "window.end", "window.timezone"}),
    ],
)
def test_all_that_is_wrong_is_named(days: list[str], start: str, end: str, timezone: str, paths: set[str]) -> None:
    with pytest.raises(ValidationError) as caught:
        read_window(days, start, end, timezone)
    assert {problem.path for problem in caught.value.problems} == paths
