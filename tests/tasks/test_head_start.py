"""How long before its time a message is offered: what the last ones took says it."""

from __future__ import annotations

import pytest

from tasks.head_start import MARGIN, MOST, RECENT, HeadStart


def test_it_is_twice_what_the_slowest_of_the_last_few_took() -> None:
    start = HeadStart()
    for seconds in (0.02, 0.1, 0.01):
        start.took(seconds)
    assert start.seconds == pytest.approx(0.2 + MARGIN)
    for _ in range(RECENT):
        start.took(0.01)
    assert start.seconds == pytest.approx(0.02 + MARGIN), "one slow moment is forgotten in time"


def test_it_never_holds_a_connection_for_long() -> None:
    start = HeadStart()
    assert start.seconds == MOST, "nothing is known of the server"
    start.took(60.0)
    assert start.seconds == MOST
