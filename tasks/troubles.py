"""How long a mailbox waits when its server lets nobody in. Several connections that fail together count once."""

from __future__ import annotations

from typing import Final

FIRST: Final = 1.0  # seconds
LONGEST: Final = 300.0


class Troubles:
    def __init__(self) -> None:
        self.count = 0  # in a row
        self._until = 0.0

    def strike(self, now: float) -> float | None:
        """Seconds to wait from `now`, or None while an earlier strike still runs."""
        if now < self._until:
            return None
        self.count += 1
        wait = float(min(LONGEST, FIRST * 2 ** (self.count - 1)))
        self._until = now + wait
        return wait

    def clear(self) -> None:
        """The server took a message."""
        self.count = 0
