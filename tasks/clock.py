"""Postgres's time, kept by this machine's monotonic clock: a wrong wall clock here changes nothing."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from datetime import UTC, datetime


class Clock:
    """Seconds since the epoch by the database. `sync` it with what a query said and when it was asked and answered."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, float]] = deque(maxlen=8)  # (round trip, offset), seconds
        self._offset = 0.0

    def sync(self, database_time: datetime, *, asked: float, answered: float) -> None:
        """The sample with the shortest round trip knows best (RFC 5905, 10)."""
        self._samples.append((answered - asked, database_time.timestamp() - (asked + answered) / 2))
        self._offset = min(self._samples)[1]

    def now(self) -> float:
        return time.monotonic() + self._offset

    def at(self, monotonic: float) -> float:
        """A moment of this machine's monotonic clock, by the database's."""
        return monotonic + self._offset

    def monotonic(self, moment: float) -> float:
        """A moment of the database's clock, by this machine's monotonic clock, which event loops go by as well."""
        return moment - self._offset

    async def until(self, moment: float, event: asyncio.Event) -> None:
        """Waits for a moment by the database's clock, which sets the event, or for the event."""
        timer = None
        if moment < math.inf:
            timer = asyncio.get_running_loop().call_at(self.monotonic(moment), event.set)
        try:
            await event.wait()
        finally:
            if timer is not None:
                timer.cancel()


def instant(moment: float) -> datetime:
    return datetime.fromtimestamp(moment, UTC)
