"""When the messages of a campaign are due and what state it is in. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from app.domain.status import Status


class State(StrEnum):
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


# What still goes out if nobody does anything, or waits for somebody to decide.
OPEN = frozenset({Status.SCHEDULED, Status.DEFERRED, Status.HELD, Status.SENDING})


def due_at(start: datetime, delay_ms: int, position: int, *, jitter: float = 0.0) -> datetime:
    """The moment of message `position`, counted from 0. `jitter`: the part of one delay that is added, below 1."""
    return start + timedelta(milliseconds=delay_ms * position) + timedelta(milliseconds=delay_ms * jitter)


def jitter_of(campaign_id: UUID, position: int, percent: int) -> float:
    """Uniform in [0, percent / 100), always the same for this message; less than a delay, so that the order stays."""
    if percent == 0:
        return 0.0
    said = hashlib.blake2b(position.to_bytes(8), key=campaign_id.bytes, digest_size=8).digest()
    return (int.from_bytes(said) >> 11) / 2**53 * percent / 100


def open_count(counts: Mapping[Status, int]) -> int:
    return sum(counts.get(status, 0) for status in OPEN)


def shown_state(
    kept: State, *, start_at: datetime, now: datetime, counts: Mapping[Status, int], unplaced: int = 0
) -> State:
    """The state that people see: what is kept is what they decided; `running`, `completed` follow from the messages,
    of which `unplaced` are not written yet.

    So no worker writes to the campaign's row, and a retried message makes a completed campaign run again.
    """
    if kept in (State.DRAFT, State.PAUSED, State.CANCELLED):
        return kept
    if open_count(counts) + unplaced == 0:
        return State.COMPLETED
    return State.RUNNING if start_at <= now else State.SCHEDULED


def pace_on(sender: int, senders: int, count: int, delay: float) -> tuple[float, float, int]:
    """Of `count` messages, dealt in turn, those of sender number `sender`: (seconds from the start to its first, from
    one to the next, how many)."""
    return sender * delay, senders * delay, max(0, (count - sender + senders - 1) // senders)
