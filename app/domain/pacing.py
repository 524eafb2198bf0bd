"""The arithmetic of limits that hold in any rolling window. Times and windows are seconds by the database's clock.

A scope's counter is a ring of sub-windows ("slots") of window / 128. A dispatch stays counted until 129 slots lie
between: at least 129/128 of a window, which covers the window and the dot deadline (at most window / 200), so that the
wire keeps the limit too and not only the ledger. In steady state 128/130 of a limit, 98 %, is usable.

The gate's SQL and the Redis script (app/pacing/reserve.lua) do the same sums; tests hold them equal.
"""

from __future__ import annotations

import math
from typing import Final

SLOTS_PER_WINDOW: Final = 128
SLOTS_KEPT: Final = 130  # the current one and the 129 before it
DAY: Final = 24  # a day is 24 windows, rolling


def dot_deadline(window: float) -> float:
    """How long after its gate commit a dot may still be written: min(2 s, window / 200)."""
    return min(2.0, window / 200)


def slot_of(moment: float, window: float) -> int:
    """The number of the slot that `moment` (seconds since the epoch) lies in."""
    return math.floor(moment / (window / SLOTS_PER_WINDOW))


def freed_at(slot: int, window: float) -> float:
    """The moment from which what was dispatched in `slot` no longer counts."""
    return (slot + SLOTS_KEPT) * window / SLOTS_PER_WINDOW
