"""When a runner reads, settles and looks again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.db.pool import FOREVER, NEVER
from app.services.leases import Outlook
from tasks.clock import instant
from tasks.schedule import AWAY, KEEP, LINGER, LOOKAHEAD, READ_LEAD, SPIN, TOGETHER, Schedule, due_by

NOW = 1_800_000_000.0


def outlook(wake: float | None, *, blocked_for: float | None = None) -> Outlook:
    """The first lane is due `wake` seconds from now."""
    return Outlook(
        now=instant(NOW),
        wake_at=None if wake is None else instant(NOW) + timedelta(seconds=wake),
        blocked_until=NEVER if blocked_for is None else instant(NOW + blocked_for),
        blocked_reason=None,
        min_delay_ms=0,
        concurrency=5,
        hourly_limit=None,
        daily_limit=None,
        workspace_limit=None,
        late_after_seconds=900,
    )


def idle_for(seconds: float) -> Schedule:
    schedule = Schedule(NOW - 2 * seconds)
    schedule.ended(NOW - seconds)
    return schedule


@pytest.mark.parametrize("wake", [LOOKAHEAD + 1, 30.0, 60.123, KEEP - 0.1])
def test_what_comes_next_is_read_ahead_at_a_moment_that_others_share(wake: float) -> None:
    schedule = idle_for(60)
    assert schedule.idle_until(outlook(wake), NOW) == pytest.approx(NOW + wake)
    ahead = NOW + wake - schedule.read_at
    assert READ_LEAD <= ahead + 1e-6 < READ_LEAD + TOGETHER + 2e-6
    assert schedule.read_at / TOGETHER == pytest.approx(round(schedule.read_at / TOGETHER))


def test_lanes_are_settled_together_and_soon() -> None:
    schedule = idle_for(0.05)
    assert NOW - 0.05 <= schedule.settle_at <= NOW - 0.05 + TOGETHER
    assert schedule.settle_at / TOGETHER == pytest.approx(round(schedule.settle_at / TOGETHER))


def test_what_the_last_read_should_have_found_is_read_again_when_it_is_due() -> None:
    schedule = idle_for(60)
    schedule.reads(NOW)
    assert schedule.idle_until(outlook(LOOKAHEAD), NOW) == schedule.read_at == pytest.approx(NOW + LOOKAHEAD)


@pytest.mark.parametrize("wake", [0.1, 1.0, LOOKAHEAD])
def test_what_lies_beyond_the_last_read_is_read_ahead_however_soon_it_is(wake: float) -> None:
    schedule = idle_for(60)
    schedule.reads(NOW + wake - LOOKAHEAD - 0.1)
    schedule.idle_until(outlook(wake), NOW)
    assert schedule.read_at <= NOW + wake - READ_LEAD + 1e-6


def test_lanes_that_are_wrong_make_nobody_spin() -> None:
    schedule = idle_for(60)
    assert schedule.idle_until(outlook(-1.0), NOW) == NOW
    assert schedule.read_at == 0.0
    assert schedule.idle_until(outlook(-1.0), NOW) == NOW + SPIN
    schedule.handed_over()
    assert schedule.idle_until(outlook(-1.0), NOW) == NOW


@pytest.mark.parametrize("seen", [outlook(None), outlook(KEEP + 1), outlook(0.0, blocked_for=KEEP + 1)])
def test_the_lease_goes_once_nothing_is_due_for_long_and_nothing_was_for_a_while(seen: Outlook) -> None:
    assert idle_for(LINGER + 1).idle_until(seen, NOW) is None
    schedule = idle_for(1.0)
    assert schedule.idle_until(seen, NOW) == pytest.approx(NOW - 1.0 + LINGER)
    assert schedule.read_at > NOW + KEEP


def test_what_waits_for_a_person_is_due_at_no_time() -> None:
    assert due_by(outlook(None)) is None
    assert due_by(outlook(1.0)) == instant(NOW + 1.0)
    seen = outlook(1.0, blocked_for=5.0)
    assert due_by(seen) == instant(NOW + 5.0)
    assert (
        due_by(Outlook(**{name: getattr(seen, name) for name in seen.__struct_fields__} | {"blocked_until": FOREVER}))
        is None
    )


def test_who_waits_for_a_connection_reads_again_once_something_has_come_back() -> None:
    schedule = idle_for(1.0)
    schedule.reads(NOW)
    schedule.has_read(NOW, is_all=True)
    assert schedule.reads_at(is_waiting=False) == NOW + LOOKAHEAD / 2
    assert schedule.reads_at(is_waiting=True) == NOW + AWAY, "the crowd may have gone, and nobody says so"
    schedule.ended(NOW + 0.1)
    assert schedule.reads_at(is_waiting=True) == NOW + LOOKAHEAD / 2
    schedule.reads(NOW + 1)
    schedule.has_read(NOW + 1, is_all=False)
    assert schedule.reads_at(is_waiting=True) == 0.0, "there is more, that was not read"
