"""Whether an email's row agrees with its dispatches in the ledger. Pure."""

from __future__ import annotations

from typing import Final

import msgspec

from app.domain.status import ENDED, Status

DELIVERED: Final = frozenset({Status.SENT, Status.BOUNCED})
DISPATCHED: Final = frozenset({Status.SENDING, Status.UNCERTAIN})


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What a row says and how many of its dispatches are in each open or good outcome."""

    status: Status
    accepted: int = 0
    pending: int = 0
    unknown: int = 0
    ordered: bool = False  # a person ordered one of its dispatches, or gave it up while in doubt
    has_sent_at: bool = False
    has_ended_at: bool = False
    has_dispatched_at: bool = False


def problem(row: Row) -> str | None:
    """What is wrong with it, or None.

    Once a person decided what was in doubt, its dispatch may still be answered late: then an accepted dispatch does
    not say how the message ends.
    """
    status = row.status
    late_answer = row.ordered and row.accepted > 0
    if status in DELIVERED and not row.accepted:
        return "no dispatch of it was accepted"
    if status not in DELIVERED and row.accepted and not late_answer:
        return "a dispatch of it was accepted"
    if status is Status.SENDING and row.pending != 1:
        return f"{row.pending} dispatches of it are pending, not one"
    if status is not Status.SENDING and row.pending and not late_answer:
        return "a dispatch of it is pending"
    if status is Status.UNCERTAIN and not row.unknown:
        return "the end of no dispatch of it is unknown"
    if (status in DELIVERED) is not row.has_sent_at:
        return "it has a time of sending" if row.has_sent_at else "it has no time of sending"
    if (status in ENDED) is not row.has_ended_at:
        return "it has a time of ending" if row.has_ended_at else "it has no time of ending"
    if status in DISPATCHED and not row.has_dispatched_at:
        return "it has no time of dispatch"
    return None
