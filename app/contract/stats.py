"""The overview: what waits, what left, how much of each limit is used."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from app.contract.base import Output
from app.contract.campaigns import Counts
from app.contract.senders import Allowance, SenderState


class SenderLoad(Output):
    """A sender and the mailbox that it leaves by; senders on one mailbox show the same use."""

    id: UUID
    name: str
    from_email: str
    state: SenderState
    state_reason: str | None
    hour: Allowance
    waiting: int
    blocked_reason: str | None  # why the mailbox waits at this moment
    blocked_until: datetime | None


class SentHour(Output):
    start: datetime
    count: int  # recipients whose message was accepted, as limits count


class OnTime(Output):
    """How long after its moment a message left, of the newest 1,000 of the last 24 hours that were first in line:
    nothing else of their mailbox was before them and they had no sending hours to wait for."""

    count: int  # how many these are
    p50_seconds: float | None  # half of them left within it; null: there are none
    p99_seconds: float | None  # all but one in a hundred did


class Stats(Output):
    object: Literal["stats"]
    counts: Counts
    waiting: int  # scheduled, deferred or held
    next_due_at: datetime | None  # when the next one may leave; null: nothing waits, or only for a person
    sending: int
    sent: int
    sent_last_hour: int
    failed: int
    uncertain: int
    window_seconds: float  # what "an hour" is here
    workspace_hour: Allowance | None  # null without a global limit
    hours: list[SentHour]  # the last 24 by the workspace's clock; the last one is not over
    hour_limit: int | None  # the most that may leave in an hour under these limits; null: some sender has none
    timezone: str  # of the workspace
    on_time: OnTime
    senders: list[SenderLoad]
