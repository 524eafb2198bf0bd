"""The state that people see of a campaign."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.campaigns import OPEN, State, due_at, jitter_of, shown_state
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


@given(st.uuids(), st.integers(0, 2**40), st.integers(1, 100), st.integers(1, 10**9))
def test_jitter_keeps_the_order_and_comes_out_the_same_again(
    campaign_id: UUID, position: int, percent: int, delay_ms: int
) -> None:
    first = jitter_of(campaign_id, position, percent)
    assert 0 <= first < percent / 100
    assert first == jitter_of(campaign_id, position, percent)
    position %= 10**4
    due = [due_at(NOW, delay_ms, i, jitter=jitter_of(campaign_id, i, percent)) for i in (position, position + 1)]
    assert due_at(NOW, delay_ms, position) <= due[0] <= due[1]


def test_jitter_is_spread_evenly_and_not_the_same_for_two_campaigns() -> None:
    def spread(campaign_id: UUID) -> list[float]:
        return [jitter_of(campaign_id, i, 50) for i in range(10_000)]

    first, second = spread(UUID(int=1)), spread(UUID(int=2))
    tenths = Counter(int(each / 0.05) for each in first)
    assert set(tenths) == set(range(10))
    assert all(850 < count < 1150 for count in tenths.values()), tenths
    assert first != second
    assert {jitter_of(UUID(int=1), i, 0) for i in range(10)} == {0.0}
