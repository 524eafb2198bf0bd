"""Why a waiting message has not left yet, and when that may change. Pure."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from app.domain.status import WAITING, Status


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
    SENDER_PAUSED = "sender_paused"
    CAMPAIGN_PAUSED = "campaign_paused"
    QUEUE = "queue"  # it is due and being worked off


class WaitingFor(msgspec.Struct, frozen=True):
    reason: Reason
    next_at: datetime | None  # null: no clock decides it


class Barrier(msgspec.Struct, frozen=True):
    """What holds a lane or a mailbox back. `until` None with a reason: until a person says otherwise."""

    reason: str | None
    until: datetime | None

    def holds(self, now: datetime) -> bool:
        return self.reason is not None and (self.until is None or self.until > now)


def waiting_for(
    *,
    status: Status,
    due_at: datetime,
    now: datetime,
    sender_active: bool,
    campaign_paused: bool,
    barriers: tuple[Barrier, ...],
) -> WaitingFor | None:
    """The one thing that decides: a pause before all else, then whichever of its time and the limits is later.

    None where the message does not wait.
    """
    if status not in WAITING:
        return None
    if not sender_active:
        return WaitingFor(Reason.SENDER_PAUSED, None)
    if campaign_paused:
        return WaitingFor(Reason.CAMPAIGN_PAUSED, None)
    holding = [barrier for barrier in barriers if barrier.holds(now)]
    for barrier in holding:
        if barrier.until is None:
            return WaitingFor(_reason(barrier.reason), None)
    last = max(holding, key=lambda barrier: barrier.until or now, default=None)
    if last is not None and last.until is not None and last.until > due_at:
        return WaitingFor(_reason(last.reason), last.until)
    if due_at > now:
        return WaitingFor(Reason.RETRY if status is Status.DEFERRED else Reason.TIME, due_at)
    return WaitingFor(Reason.QUEUE, None)


def _reason(text: str | None) -> Reason:
    try:
        return Reason(text or "")
    except ValueError:
        return Reason.QUEUE
