"""How long a mailbox waits when its server lets nobody in, and a message when this machine is too slow for its dot."""

from __future__ import annotations

from typing import Final

FIRST: Final = 1.0  # seconds
LONGEST: Final = 300.0
SOON: Final = 0.02
LATER: Final = 5.0


class Troubles:
    """Of the server. Several connections that fail together count once."""

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


class Overload:
    """Of this machine: dots miss their deadlines. To try at once again would keep it overloaded, with nothing sent."""

    def __init__(self) -> None:
        self._missed = 0

    def missed(self, *, jitter: float) -> float:
        """Seconds until the message is tried again, twice as long each time; `jitter` in 0..1 is a random number."""
        wait = min(LATER, SOON * 2.0**self._missed)
        self._missed = min(self._missed + 1, 10)
        return wait * (0.5 + jitter / 2)

    def in_time(self) -> None:
        """A dot was in time."""
        self._missed //= 2
