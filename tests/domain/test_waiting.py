"""Why a message has not left yet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.status import WAITING, Status
from app.domain.waiting import Barrier, Reason, WaitingFor, waiting_for

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
SOON, LATER = NOW + timedelta(minutes=1), NOW + timedelta(hours=1)
PAST = NOW - timedelta(minutes=1)


def why(
    *barriers: Barrier,
    status: Status = Status.SCHEDULED,
    due_at: datetime = PAST,
    sender_active: bool = True,
    campaign_paused: bool = False,
) -> WaitingFor | None:
    return waiting_for(
        status=status,
        due_at=due_at,
        now=NOW,
        sender_active=sender_active,
        campaign_paused=campaign_paused,
        barriers=barriers,
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


def test_a_reason_that_is_not_known_is_the_queue() -> None:
    assert why(Barrier("moonlight", LATER)) == WaitingFor(Reason.QUEUE, LATER)


@pytest.mark.parametrize("status", sorted(set(Status) - WAITING))
def test_only_what_waits_has_a_reason(status: Status) -> None:
    assert why(Barrier("gap", LATER), status=status, due_at=LATER) is None
