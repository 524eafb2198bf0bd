"""The arithmetic of limits that hold in any rolling window. Times and windows are seconds by the database's clock.

A scope's counter is a ring of sub-windows ("slots") of window / 128. A dispatch stays counted until 129 slots lie
between: at least 129/128 of a window, which covers the window and the dot deadline (at most window / 200), so that the
wire keeps the limit too and not only the ledger. In steady state 128/130 of a limit, 98 %, is usable.

The gate's SQL and the Redis script (app/pacing/reserve.lua) do the same sums; tests hold them equal.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
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


class Counter:
    """What one scope counts, for looking ahead: what was dispatched and what will have been."""

    def __init__(self, limit: int, window: float, slots: Iterable[tuple[int, int]] = ()) -> None:
        """`slots`: (number, dispatched in it) as the gate has them now, the oldest first."""
        self.limit = limit
        self.window = window
        self._slots = deque([slot, count] for slot, count in slots if count > 0)
        self._used = sum(count for _, count in self._slots)

    def room(self, now: float) -> int:
        """How many more fit at `now`, which never goes back. Below 0 where a limit was lowered."""
        slots = self._slots
        while slots and freed_at(slots[0][0], self.window) <= now:
            self._used -= slots.popleft()[1]
        return self.limit - self._used

    def free_at(self, now: float) -> float:
        """When one more fits, if nothing else is dispatched until then."""
        excess, moment = 1 - self.room(now), now
        for slot, count in self._slots:
            if excess <= 0:
                break
            excess -= count
            moment = freed_at(slot, self.window)
        return moment

    def reach(self, now: float, step: float) -> int:
        """How many may leave from `now` on, each `step` seconds after the one before, until one would have to wait."""
        most = self.room(now)
        if step > 0:
            for slot, count in self._slots:
                if math.ceil((freed_at(slot, self.window) - now) / step) > most:
                    break
                most += count
        return most

    def loosens_at(self, now: float) -> float:
        """When the next of what is counted no longer is; with nothing counted, of what is dispatched now."""
        self.room(now)
        return freed_at(self._slots[0][0] if self._slots else slot_of(now, self.window), self.window)

    def add(self, first: float, step: float, count: int) -> None:
        """Counts `count` dispatches, the first at `first` and each `step` seconds after the one before."""
        self._used += count
        width = self.window / SLOTS_PER_WINDOW
        while count > 0:
            slot = slot_of(first, self.window)
            here = count
            if step > 0:
                here = min(count, max(1, math.ceil(((slot + 1) * width - first) / step)))
            self._add(slot, here)
            count -= here
            first += here * step

    def _add(self, slot: int, count: int) -> None:
        slots = self._slots
        at = len(slots)
        while at and slots[at - 1][0] > slot:
            at -= 1
        if at and slots[at - 1][0] == slot:
            slots[at - 1][1] += count
        else:
            slots.insert(at, [slot, count])

    def shift(self, seconds: float) -> None:
        """As if all of it had been dispatched so much later."""
        by = round(seconds / (self.window / SLOTS_PER_WINDOW))
        for each in self._slots:
            each[0] += by
