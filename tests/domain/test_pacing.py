"""The arithmetic of limits: no rolling window is over and nearly all of it is usable."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.pacing import DAY, SLOTS_KEPT, SLOTS_PER_WINDOW, dot_deadline, freed_at, slot_of
from tests.support.ring import START, Ring

windows = st.sampled_from([1.0, 10.0, 60.0, 3600.0, 24 * 3600.0, 7.3])


@given(
    window=windows,
    limit=st.integers(1, 30),
    steps=st.lists(
        st.tuples(st.floats(0, 0.2), st.integers(1, 5), st.floats(0, 1), st.booleans()), min_size=1, max_size=200
    ),
)
def test_no_rolling_window_is_over_the_limit_on_the_wire(
    window: float, limit: int, steps: list[tuple[float, int, float, bool]]
) -> None:
    """Dispatches of any size at any time, each dot anywhere within its deadline; some come the moment there is room."""
    ring, now = Ring(limit, window), START
    dots: list[float] = []
    for wait, count, lag, eager in steps:
        now = max(now, ring.free_at(now, min(count, limit))) if eager else now + wait * window
        if ring.take(now, count):
            dots += [now + lag * dot_deadline(window)] * count
    dots.sort()
    for i in range(len(dots) - limit):
        assert dots[i + limit] - dots[i] >= window * (1 - 1e-9)


@settings(deadline=None, max_examples=50)
@given(window=windows, limit=st.integers(1, 300), batch=st.integers(1, 20))
def test_in_steady_state_nearly_all_of_a_limit_is_usable(window: float, limit: int, batch: int) -> None:
    """At least 97 %, when whoever waits comes at the next free moment."""
    ring, now, sent, rounds = Ring(limit, window), START, 0, 20
    while now < START + rounds * window:
        count = min(batch, limit)
        now = ring.free_at(now, count)
        assert ring.take(now, count), "free_at promised room"
        sent += count
    unused_remainder = limit - limit // min(batch, limit) * min(batch, limit)
    assert sent >= 0.97 * (limit - unused_remainder) * rounds


@given(window=windows, offset=st.floats(0, 1e6))
def test_a_dispatch_counts_for_the_window_and_the_deadline_and_hardly_longer(window: float, offset: float) -> None:
    moment = START + offset
    kept = freed_at(slot_of(moment, window), window) - moment
    assert window + dot_deadline(window) < kept <= window * SLOTS_KEPT / SLOTS_PER_WINDOW + 1e-6


def test_the_deadline_is_short_and_never_more_than_the_margin() -> None:
    assert dot_deadline(3600) == 2.0
    assert dot_deadline(10) == 0.05
    for window in (1, 10, 60, 400, 3600, 24 * 3600):
        assert dot_deadline(window) <= window / SLOTS_PER_WINDOW
    assert DAY == 24
