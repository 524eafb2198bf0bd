"""When a runner reads, settles and looks again: all in seconds since the epoch by the database's clock.

Nothing here asks or waits. One worker may run thousands of mailboxes, so that what can wait a little waits for what
others do at the same moment: together it is one question to the database.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Final

from app.db.pool import FOREVER
from app.services.leases import Outlook

LOOKAHEAD: Final = 2.0  # seconds: what is due so soon is read already
READ_LEAD: Final = 0.5  # seconds before it is due that what comes next is read
TOGETHER: Final = 0.2  # seconds that what can wait waits at most
KEEP: Final = 90.0  # seconds: with nothing due for longer, the lease is given back
LINGER: Final = 5.0  # seconds that an idle mailbox is kept, connections and all, for what may follow
AWAY: Final = 5.0  # seconds without a read at most, while others want connections too
SPIN: Final = 0.2  # seconds between looks at lanes that say again and again that something is due


class Schedule:
    def __init__(self, now: float) -> None:
        self.read_at = 0.0
        self.settle_at = 0.0  # when to bring the lanes up to date, once nothing is in hand
        self._active_at = now
        self._last_read = 0.0
        self._moved = True  # something was handed over since the last look at an idle mailbox

    def reads_at(self, *, is_waiting: bool) -> float:
        """When to read again. Thousands of mailboxes that wait for a connection (`is_waiting`) do not read what would
        only wait with them, or they had no time left to send: not before something of this one has come back."""
        waits = is_waiting and self._active_at < self._last_read and self.read_at > 0.0
        return max(self.read_at, self._last_read + AWAY) if waits else self.read_at

    def reads(self, now: float) -> None:
        self._last_read = now

    def has_read(self, now: float, *, is_all: bool) -> None:
        """What is due within LOOKAHEAD is known, or with `is_all` false a part of it."""
        self.read_at = now + LOOKAHEAD / 2 if is_all else 0.0  # unless a limit holds back some of it

    def handed_over(self) -> None:
        self._moved = True

    def ended(self, now: float) -> None:
        """A message is not under way any more."""
        self._active_at = now
        self.settle_at = shared(now)

    def idle_until(self, outlook: Outlook, now: float) -> float | None:
        """With nothing in hand: the moment to look again. None: nothing is due for so long that the lease may go."""
        due = due_by(outlook)
        wake = math.inf if due is None else due.timestamp()
        if wake <= now:
            # The lanes say that something is due: read it, but do not spin should they be wrong.
            self.read_at = 0.0
            moved, self._moved = self._moved, False
            return now if moved else now + SPIN
        linger = self._active_at + LINGER
        if wake - now >= KEEP and now >= linger:
            return None
        self.read_at = wake
        if self._last_read + LOOKAHEAD < wake < math.inf and outlook.blocked_until.timestamp() <= now:
            self.read_at = shared(wake - READ_LEAD - TOGETHER)
        return min(wake, max(linger, now + 0.001)) if wake - now >= KEEP else wake


def shared(moment: float) -> float:
    """The next moment at which all do what can wait so long."""
    return math.ceil(moment / TOGETHER) * TOGETHER


def due_by(outlook: Outlook) -> datetime | None:
    """When the first message is due and nothing holds the mailbox back; None: nobody knows."""
    due = None if outlook.wake_at is None else max(outlook.wake_at, outlook.blocked_until)
    return None if due == FOREVER else due
