"""The counter of one scope as the gate keeps it, in a few lines of Python: what the real ones are measured against."""

from __future__ import annotations

from collections import deque

from app.domain.pacing import SLOTS_KEPT, freed_at, slot_of

START = 1_800_000_000.0  # seconds since the epoch; floats are this coarse in real life


class Ring:
    """The counter of one scope as the gate keeps it, without a database."""

    def __init__(self, limit: int, window: float) -> None:
        self.limit = limit
        self.window = window
        self.slots: deque[tuple[int, int]] = deque()

    def used(self, now: float) -> int:
        while self.slots and slot_of(now, self.window) - self.slots[0][0] >= SLOTS_KEPT:
            self.slots.popleft()
        return sum(count for _, count in self.slots)

    def take(self, now: float, count: int) -> bool:
        if self.used(now) + count > self.limit:
            return False
        self.slots.append((slot_of(now, self.window), count))
        return True

    def free_at(self, now: float, count: int) -> float:
        """When `count` more fit, if nothing else is dispatched until then."""
        excess = self.used(now) + count - self.limit
        for slot, taken in self.slots:
            if excess <= 0:
                break
            excess -= taken
            now = freed_at(slot, self.window) + 1e-6  # the clocks' own grain
        return now
