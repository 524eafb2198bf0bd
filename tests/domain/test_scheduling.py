"""When a person wants a message to leave."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.scheduling import GRACE, HORIZON, InvalidMoment, iso, read_moment

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31T13:30:00Z", NOW + timedelta(minutes=90)),
        ("2026-01-31T14:30:00+01:00", NOW + timedelta(minutes=90)),
        ("2026-01-31 08:00:00.250-05:30", NOW + timedelta(minutes=90, milliseconds=250)),
        ("20260201T000000Z", NOW + timedelta(hours=12)),
        ("in 10 minutes", NOW + timedelta(minutes=10)),
        ("in 1 min", NOW + timedelta(minutes=1)),
        ("In an hour", NOW + timedelta(hours=1)),
        ("  in  2 h ", NOW + timedelta(hours=2)),
        ("in 90 seconds", NOW + timedelta(seconds=90)),
        ("in 0 seconds", NOW),
        ("in 3 days", NOW + timedelta(days=3)),
        ("in 366 days", NOW + HORIZON),
    ],
)
def test_what_is_understood(text: str, moment: datetime) -> None:
    assert read_moment(text, NOW) == moment


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2026-01-31T13:30:00", "no offset"),
        ("2026-01-31", "no offset"),
        ("2026-01-31T11:58:59Z", "past"),
        ("in 367 days", "366 days"),
        ("in 99999999 days", "366 days"),
        ("2027-06-01T00:00:00Z", "366 days"),
        ("9999-12-31T23:59:59-12:00", "calendar"),
        ("0001-01-01T00:00:00+12:00", "calendar"),
        ("tomorrow at 9am", "can be read"),
        ("in ten minutes", "can be read"),
        ("in -1 minutes", "can be read"),
        ("in 999999999999 days", "can be read"),
        ("2026-02-30T00:00:00Z", "can be read"),
        ("2026-01-31T25:00:00Z", "can be read"),
        ("1769860800", "can be read"),
        ("", "can be read"),
        ("\u0661\u0662", "can be read"),
    ],
)
def test_what_is_not_says_why(text: str, words: str) -> None:
    with pytest.raises(InvalidMoment) as caught:
        read_moment(text, NOW, path="start_at")
    [problem] = caught.value.problems
    assert problem.path == "start_at"
    assert words in problem.message


@given(st.datetimes(timezones=st.timezones()), st.integers(-720, 720))
def test_an_instant_is_the_same_in_every_offset(moment: datetime, minutes: int) -> None:
    if not datetime(1900, 1, 1, tzinfo=UTC) < moment < datetime(2100, 1, 1, tzinfo=UTC):
        return
    moment = moment.astimezone(UTC)
    elsewhere = moment.astimezone(timezone(timedelta(minutes=minutes)))
    assert read_moment(elsewhere.isoformat(), moment) == moment


@given(st.timedeltas(min_value=timedelta(days=-800), max_value=timedelta(days=800)))
def test_a_moment_is_never_before_now_nor_beyond_the_horizon(distance: timedelta) -> None:
    text = (NOW + distance).isoformat()
    if -GRACE <= distance <= HORIZON:
        assert read_moment(text, NOW) == max(NOW, NOW + distance)
    else:
        with pytest.raises(InvalidMoment):
            read_moment(text, NOW)


@given(st.text())
def test_nothing_that_is_typed_breaks_it(text: str) -> None:
    with contextlib.suppress(InvalidMoment):
        assert NOW <= read_moment(text, NOW) <= NOW + HORIZON


def test_iso_is_utc_with_a_z() -> None:
    assert iso(NOW.astimezone(timezone(timedelta(hours=5)))) == "2026-01-31T12:00:00Z"
