"""Why a waiting message has not left yet, and when that may change. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from app.domain.status import WAITING, Status
from app.domain.windows import Window, next_open


class Reason(StrEnum):
    TIME = "time"  # its moment has not come
    RETRY = "retry"  # the server said "not now"; it is tried again
    MAILBOX_HOUR = "mailbox_hour"
    MAILBOX_DAY = "mailbox_day"
    CAMPAIGN_HOUR = "campaign_hour"
    WORKSPACE_HOUR = "workspace_hour"
    GAP = "gap"  # the delay between two messages of the mailbox
    WINDOW = "window"  # outside of its sending hours
    CONNECTION = "connection"  # the mail server cannot be reached now
    FAULT = "fault"  # something failed here; it is tried again in seconds
    LATE = "late"  # a downtime made it late and a person is asked
    SENDER_PAUSED = "sender_paused"
    CAMPAIGN_PAUSED = "campaign_paused"
    CAMPAIGN_CANCELLED = "campaign_cancelled"  # it will not leave; it is marked as cancelled in a moment
    QUEUE = "queue"  # it is due and being worked off


FOLLOWING: Final = frozenset(
    {
        Reason.MAILBOX_HOUR,
        Reason.MAILBOX_DAY,
        Reason.CAMPAIGN_HOUR,
        Reason.WORKSPACE_HOUR,
        Reason.GAP,
        Reason.WINDOW,
    }
)


class WaitingFor(msgspec.Struct, frozen=True):
    reason: Reason
    next_at: datetime | None  # null: no clock decides it


class Barrier(msgspec.Struct, frozen=True):
    """What holds a lane or a mailbox back. `until` None with a reason: until a person says otherwise."""

    reason: str | None
    until: datetime | None

    def holds(self, now: datetime) -> bool:
        return self.reason is not None and (self.until is None or self.until > now)

    @property
    def follows(self) -> bool:
        """Whether it only repeats what limits, the gap and sending hours say by themselves."""
        return self.reason in FOLLOWING


def waiting_for(
    *,
    status: Status,
    due_at: datetime,
    now: datetime,
    sender_active: bool,
    campaign_paused: bool,
    barriers: tuple[Barrier, ...],
    windows: Sequence[Window] = (),
) -> WaitingFor | None:
    """The one thing that decides: a person before all else, then the latest of its time and what holds it back, then
    the sending hours at that moment.

    None where the message does not wait.
    """
    if status is Status.HELD:
        return WaitingFor(Reason.LATE, None)
    if status not in WAITING:
        return None
    if not sender_active:
        return WaitingFor(Reason.SENDER_PAUSED, None)
    if campaign_paused:
        return WaitingFor(Reason.CAMPAIGN_PAUSED, None)
    reason, at = Reason.RETRY if status is Status.DEFERRED else Reason.TIME, due_at
    for barrier in barriers:
        if not barrier.holds(now):
            continue
        if barrier.until is None:
            return WaitingFor(_reason(barrier.reason), None)
        if barrier.until > at:
            reason, at = _reason(barrier.reason), barrier.until
    at = max(at, now)
    opening = next_open(windows, at)
    if opening is None or opening > at:
        return WaitingFor(Reason.WINDOW, opening)
    return WaitingFor(reason, at) if at > now else WaitingFor(Reason.QUEUE, None)


def _reason(text: str | None) -> Reason:
    try:
        return Reason(text or "")
    except ValueError:
        return Reason.QUEUE
