"""The status machine of an email: the only place in Python that knows what may follow what.

The database holds the same table (`status_transitions`) and checks every change; a test holds the two equal.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Status(StrEnum):
    SCHEDULED = "scheduled"  # waits for its time, a limit or a window
    DEFERRED = "deferred"  # a temporary SMTP failure; waits for its retry
    SENDING = "sending"  # the gate has committed, just before the final dot
    SENT = "sent"  # a definite 2xx
    UNCERTAIN = "uncertain"  # the dot was sent, the reply is unknown (RFC 1047)
    HELD = "held"  # overdue after downtime; a person is asked
    MISSED = "missed"  # overdue after downtime; skipped by the late policy
    FAILED = "failed"  # a definite 5xx, or its lifetime ended
    BOUNCED = "bounced"  # was sent; a later bounce message says no
    CANCELLED = "cancelled"
    SUPPRESSED = "suppressed"


WAITING: Final = frozenset({Status.SCHEDULED, Status.DEFERRED})
ENDED: Final = frozenset(
    {Status.SENT, Status.FAILED, Status.BOUNCED, Status.CANCELLED, Status.SUPPRESSED, Status.MISSED}
)

_FROM_WAITING: Final = {
    Status.SENDING,
    Status.FAILED,
    Status.HELD,
    Status.MISSED,
    Status.CANCELLED,
    Status.SUPPRESSED,
}

TRANSITIONS: Final[dict[Status, frozenset[Status]]] = {
    Status.SCHEDULED: frozenset(_FROM_WAITING | {Status.DEFERRED}),
    Status.DEFERRED: frozenset(_FROM_WAITING | {Status.SCHEDULED}),
    # Back to scheduled: the dot was provably never written and the dispatch is void.
    Status.SENDING: frozenset({Status.SENT, Status.FAILED, Status.DEFERRED, Status.UNCERTAIN, Status.SCHEDULED}),
    Status.UNCERTAIN: frozenset({Status.SENT, Status.FAILED, Status.DEFERRED, Status.SCHEDULED, Status.CANCELLED}),
    Status.SENT: frozenset({Status.BOUNCED}),
    Status.HELD: frozenset({Status.SCHEDULED, Status.MISSED, Status.CANCELLED}),
    Status.MISSED: frozenset({Status.SCHEDULED}),
    Status.FAILED: frozenset({Status.SCHEDULED}),
    Status.BOUNCED: frozenset(),
    Status.CANCELLED: frozenset(),
    Status.SUPPRESSED: frozenset(),
}


def may_follow(old: Status, new: Status) -> bool:
    return new in TRANSITIONS[old]
