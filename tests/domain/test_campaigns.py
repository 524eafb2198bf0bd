"""The state that people see of a campaign."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.campaigns import OPEN, State, due_at, shown_state
from app.domain.status import ENDED, Status

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("kept", [State.DRAFT, State.PAUSED, State.CANCELLED])
@pytest.mark.parametrize("waiting", [0, 3])
def test_what_people_decided_stands(kept: State, waiting: int) -> None:
    assert shown_state(kept, start_at=NOW, now=NOW, counts={Status.SCHEDULED: waiting}) is kept


@pytest.mark.parametrize(
    ("counts", "starts_in", "state"),
    [
        ({Status.SCHEDULED: 1}, 1, State.SCHEDULED),
        ({Status.SCHEDULED: 1}, 0, State.RUNNING),
        ({Status.SENT: 5, Status.DEFERRED: 1}, -60, State.RUNNING),
        ({Status.SENT: 5, Status.SENDING: 1}, -60, State.RUNNING),
        ({Status.SENT: 5, Status.HELD: 1}, -60, State.RUNNING),
        ({Status.SENT: 5, Status.FAILED: 1, Status.UNCERTAIN: 1}, -60, State.COMPLETED),
        ({Status.SENT: 5, Status.SCHEDULED: 0}, -60, State.COMPLETED),
    ],
)
def test_the_rest_follows_from_the_messages(counts: dict[Status, int], starts_in: int, state: State) -> None:
    start_at = NOW + timedelta(seconds=starts_in)
    assert shown_state(State.SCHEDULED, start_at=start_at, now=NOW, counts=counts) is state


def test_nothing_open_has_ended() -> None:
    assert not OPEN & ENDED


def test_delays_are_exact_to_the_millisecond() -> None:
    assert due_at(NOW, 50, 0) == NOW
    assert due_at(NOW, 50, 999_999) == NOW + timedelta(seconds=49_999.95)
