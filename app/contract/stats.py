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
    senders: list[SenderLoad]
