"""When a message is tried again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.retry import FIRST, LIFETIME, LONGEST, SPREAD, delay, next_delay

CHANCES = st.floats(0, 1)


def test_the_schedule_without_chance() -> None:
    assert [delay(attempt, jitter=0.5) for attempt in range(1, 9)] == [
        60.0, 150.0, 375.0, 937.5, 2343.75, 5859.375, 14400.0, 14400.0,
    ]  # fmt: skip


@given(st.integers(1, 10**9), CHANCES)
def test_every_delay_stays_within_its_spread(attempt: int, jitter: float) -> None:
    middle = delay(attempt, jitter=0.5)
    assert FIRST <= middle <= LONGEST
    assert middle * (1 - SPREAD) <= delay(attempt, jitter=jitter) <= middle * (1 + SPREAD) + 1e-9
    assert delay(attempt + 1, jitter=0.5) >= middle


@given(st.lists(CHANCES, min_size=200, max_size=200))
def test_a_message_is_tried_until_its_life_ends_and_not_after(chances: list[float]) -> None:
    age, attempts = 0.0, 0
    for jitter in chances:
        attempts += 1
        wait = next_delay(attempts, age=age, jitter=jitter)
        if wait is None:
            break
        age += wait
    else:
        pytest.fail("it never ends")
    assert age <= LIFETIME + 1e-6
    assert LIFETIME - age < FIRST
    assert 12 <= attempts <= 30


@pytest.mark.parametrize(("attempt", "jitter"), [(0, 0.5), (-1, 0.5), (1, -0.1), (1, 1.1)])
def test_nonsense_is_refused(attempt: int, jitter: float) -> None:
    with pytest.raises(ValueError, match="counts from 1"):
        delay(attempt, jitter=jitter)
