"""Why a message has not left yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from app.domain.status import WAITING, Status
from app.domain.waiting import Barrier, Reason, WaitingFor, waiting_for
from app.domain.windows import Window

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
SOON, LATER = NOW + timedelta(minutes=1), NOW + timedelta(hours=1)
PAST = NOW - timedelta(minutes=1)


def why(
    *barriers: Barrier,
    status: Status = Status.SCHEDULED,
    due_at: datetime = PAST,
    sender_active: bool = True,
    campaign_paused: bool = False,
    windows: Sequence[Window] = (),
) -> WaitingFor | None:
    return waiting_for(
        status=status,
        due_at=due_at,
        now=NOW,
        sender_active=sender_active,
        campaign_paused=campaign_paused,
        barriers=barriers,
        windows=windows,
    )


def test_its_time_its_retry_or_the_queue() -> None:
    assert why(due_at=SOON) == WaitingFor(Reason.TIME, SOON)
    assert why(due_at=SOON, status=Status.DEFERRED) == WaitingFor(Reason.RETRY, SOON)
    assert why() == WaitingFor(Reason.QUEUE, None)
    assert why(due_at=NOW) == WaitingFor(Reason.QUEUE, None)


def test_the_later_of_time_and_limits_decides() -> None:
    hour, day = Barrier("mailbox_hour", SOON), Barrier("mailbox_day", LATER)
    assert why(hour) == WaitingFor(Reason.MAILBOX_HOUR, SOON)
    assert why(Barrier("window", SOON)) == WaitingFor(Reason.WINDOW, SOON)
    assert why(hour, day) == why(day, hour) == WaitingFor(Reason.MAILBOX_DAY, LATER)
    assert why(hour, due_at=LATER) == WaitingFor(Reason.TIME, LATER)
    assert why(day, due_at=SOON) == WaitingFor(Reason.MAILBOX_DAY, LATER)


def test_what_is_over_holds_nothing_back() -> None:
    assert why(Barrier("gap", PAST), Barrier(None, LATER), Barrier("mailbox_hour", NOW)) == WaitingFor(
        Reason.QUEUE, None
    )


def test_a_person_comes_first() -> None:
    hour = Barrier("mailbox_hour", LATER)
    assert why(hour, sender_active=False, campaign_paused=True) == WaitingFor(Reason.SENDER_PAUSED, None)
    assert why(hour, campaign_paused=True, due_at=LATER) == WaitingFor(Reason.CAMPAIGN_PAUSED, None)
    assert why(hour, Barrier("campaign_paused", None)) == WaitingFor(Reason.CAMPAIGN_PAUSED, None)
    assert why(Barrier("campaign_cancelled", None)) == WaitingFor(Reason.CAMPAIGN_CANCELLED, None)


def test_a_reason_that_is_not_known_is_the_queue() -> None:
    assert why(Barrier("moonlight", LATER)) == WaitingFor(Reason.QUEUE, LATER)


def test_every_reason_that_the_engine_writes_down_is_known() -> None:
    for reason in ("connection", "fault", "workspace_hour", "mailbox_day", "campaign_hour", "window"):
        assert why(Barrier(reason, SOON)) == WaitingFor(Reason(reason), SOON)


MORNING = Window(frozenset({5, 6}), 13 * 60, 14 * 60, "UTC")  # Saturday, as NOW, and Sunday, 13 to 14 h
OPENS, NEXT_DAY = NOW + timedelta(hours=1), NOW + timedelta(hours=25)


def test_sending_hours_count_from_the_moment_at_which_all_else_would_let_it_go() -> None:
    assert why(windows=[MORNING]) == WaitingFor(Reason.WINDOW, OPENS)
    assert why(due_at=SOON, windows=[MORNING]) == WaitingFor(Reason.WINDOW, OPENS)
    inside, after = OPENS + timedelta(minutes=30), OPENS + timedelta(hours=1)
    assert why(due_at=inside, windows=[MORNING]) == WaitingFor(Reason.TIME, inside)
    assert why(due_at=after, windows=[MORNING]) == WaitingFor(Reason.WINDOW, NEXT_DAY)
    assert why(Barrier("mailbox_hour", inside), windows=[MORNING]) == WaitingFor(Reason.MAILBOX_HOUR, inside)
    assert why(Barrier("mailbox_hour", after), windows=[MORNING]) == WaitingFor(Reason.WINDOW, NEXT_DAY)
    assert why(windows=[MORNING], sender_active=False) == WaitingFor(Reason.SENDER_PAUSED, None)


def test_hours_that_never_meet_have_no_next_time() -> None:
    evening = Window(frozenset({5, 6}), 20 * 60, 21 * 60, "UTC")
    assert why(windows=[MORNING, evening]) == WaitingFor(Reason.WINDOW, None)


def test_what_is_held_waits_for_a_person() -> None:
    assert why(Barrier("gap", LATER), status=Status.HELD, sender_active=False) == WaitingFor(Reason.LATE, None)


@pytest.mark.parametrize("status", sorted(set(Status) - WAITING - {Status.HELD}))
def test_only_what_waits_has_a_reason(status: Status) -> None:
    assert why(Barrier("gap", LATER), status=status, due_at=LATER) is None
