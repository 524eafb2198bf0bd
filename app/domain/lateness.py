"""Which mail a downtime made late. Mail that waits for a limit, a window or a pause is not late. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec


class LatePolicy(StrEnum):
    """What becomes of mail that a downtime made late."""

    SEND = "send"
    SKIP = "skip"  # it is missed
    ASK = "ask"  # it is held for a person


class Downtime(msgspec.Struct, frozen=True):
    """A span in which no worker lived."""

    started_at: datetime
    ended_at: datetime


def is_late(due_at: datetime, downtimes: Iterable[Downtime], *, after: timedelta) -> bool:
    """Whether mail due then came due in a downtime and was overdue by more than `after` when it ended."""
    return any(span.started_at <= due_at < span.ended_at - after for span in downtimes)
