"""Sending windows against the wall clock itself, minute by minute, through both changes of the clock."""

from __future__ import annotations

import operator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.windows import Window, closes, is_open, next_open

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia"]
WORKDAYS = frozenset(range(5))


def at(text: str, zone: str, fold: int = 0) -> datetime:
    # In UTC: Python never calls an ambiguous time of one zone equal to a time of another (PEP 495).
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


windows = st.builds(
    Window,
    days=st.frozensets(st.integers(0, 6), min_size=1),
    start=st.integers(0, 1439),
    end=st.integers(1, 1440),
    timezone=st.sampled_from(ZONES),
)
# Around both changes of the clock, and anywhere.
moments = st.one_of(
    *(
        st.builds(operator.add, st.just(first), st.timedeltas(timedelta(), timedelta(days=days)))
        for first, days in (
            (datetime(2026, 3, 27, tzinfo=UTC), 4),
            (datetime(2026, 10, 23, tzinfo=UTC), 11),
            (datetime(2025, 1, 1, tzinfo=UTC), 1800),
        )
    )
)


@given(window=windows, now=moments)
def test_next_open_is_open_and_nothing_before_it_is(window: Window, now: datetime) -> None:
    opened = next_open([window], now)
    assert opened is not None
    assert opened >= now
    assert is_open(window, opened)
    minute = now
    while minute < opened:
        assert not is_open(window, minute)
        minute += timedelta(minutes=max(1, (opened - now) // timedelta(minutes=1) // 400))


@given(window=windows, now=moments)
def test_closes_is_closed_and_all_before_it_is_open(window: Window, now: datetime) -> None:
    if not is_open(window, now):
        assert closes(window, now) == now or not is_open(window, closes(window, now))
        return
    end = closes(window, now)
    step = max(timedelta(minutes=1), (end - now) / 400)
    minute = now
    while minute < end:
        assert is_open(window, minute)
        minute += step


@given(first=windows, second=windows, now=moments)
def test_two_windows_open_together(first: Window, second: Window, now: datetime) -> None:
    opened = next_open([first, second], now)
    if opened is not None:
        assert is_open(first, opened)
        assert is_open(second, opened)


def test_office_hours_wait_for_monday() -> None:
    office = Window(WORKDAYS, 9 * 60, 17 * 60, "Europe/Berlin")
    assert next_open([office], at("2026-03-27T17:00", "Europe/Berlin")) == at("2026-03-30T09:00", "Europe/Berlin")


def test_the_clock_goes_forward_past_the_start() -> None:
    early = Window(frozenset({6}), 2 * 60 + 30, 5 * 60, "Europe/Berlin")
    # 02:00 becomes 03:00 on 29 March 2026: the window opens with the change.
    assert next_open([early], at("2026-03-29T01:00", "Europe/Berlin")) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


def test_an_hour_that_comes_twice_counts_twice() -> None:
    night = Window(frozenset({6}), 2 * 60, 2 * 60 + 30, "Europe/Berlin")
    first, second = (at("2026-10-25T02:00", "Europe/Berlin", fold=fold) for fold in (0, 1))
    assert is_open(night, first)
    assert is_open(night, second)
    assert next_open([night], first + timedelta(minutes=45)) == second


def test_past_midnight_belongs_to_the_day_it_starts_on() -> None:
    shift = Window(frozenset({4}), 22 * 60, 2 * 60, "UTC")
    assert is_open(shift, datetime(2026, 11, 21, 1, 59, tzinfo=UTC))  # Saturday morning, after Friday night
    assert not is_open(shift, datetime(2026, 11, 20, 1, 59, tzinfo=UTC))


def test_windows_that_never_meet() -> None:
    monday = Window(frozenset({0}), 0, 1440, "UTC")
    tuesday = Window(frozenset({1}), 0, 1440, "UTC")
    assert next_open([monday, tuesday], datetime(2026, 11, 21, tzinfo=UTC)) is None


@pytest.mark.parametrize("zone", ZONES)
def test_always_open(zone: str) -> None:
    always = Window(frozenset(range(7)), 0, 1440, zone)
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert next_open([always], now) == now
    assert closes(always, now) >= now + timedelta(days=14)
