"""How long before its time a message is offered to the mail server, so that at its time only the gate is left."""

from __future__ import annotations

from collections import deque
from typing import Final

MOST: Final = 0.5  # seconds; also where nothing is known of the server yet
MARGIN: Final = 0.02  # seconds, for what else the process does meanwhile
RECENT: Final = 8  # messages


class HeadStart:
    """Of one mailbox. A message that was offered holds a connection until its time, so it is no longer than it must be:
    twice what the slowest of the last few took, with the sign-in where a connection was opened for it."""

    def __init__(self) -> None:
        self._took: deque[float] = deque(maxlen=RECENT)

    def took(self, seconds: float) -> None:
        """From the start of a message's delivery until its body was handed over."""
        self._took.append(seconds)

    @property
    def seconds(self) -> float:
        return min(MOST, 2 * max(self._took) + MARGIN) if self._took else MOST
