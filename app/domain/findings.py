"""What a proof found to be broken: all counted, the first of each kind kept. Pure."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import zip_longest
from typing import Final

import msgspec

MOST: Final = 100  # violations that a proof shows
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Check(StrEnum):
    WORKSPACE_HOUR = "workspace_hour"
    CAMPAIGN_HOUR = "campaign_hour"
    MAILBOX_DAY = "mailbox_day"
    MAILBOX_HOUR = "mailbox_hour"
    GAP = "gap"
    DUPLICATE = "duplicate"
    STATE = "state"
    LANE_COUNT = "lane_count"


class Violation(msgspec.Struct, frozen=True, kw_only=True):
    """One promise that was not kept. `found` and `allowed` are recipients, milliseconds or rows, by the check."""

    check: Check
    id: str  # of the workspace, campaign, mailbox, email or lane
    dispatch_id: int | None
    at: datetime | None
    found: int
    allowed: int
    message: str


class Findings:
    def __init__(self) -> None:
        self.totals: Counter[Check] = Counter()
        self._kept: dict[Check, list[Violation]] = {check: [] for check in Check}

    def add(
        self,
        check: Check,
        *,
        id: str,
        found: int,
        allowed: int,
        message: str,
        dispatch_id: int | None = None,
        at: int | None = None,
        times: int = 1,
    ) -> None:
        """`at` in microseconds since the epoch; `times`: how many rows are broken in just this way."""
        self.totals[check] += times
        kept = self._kept[check]
        if len(kept) < MOST:
            moment = None if at is None else moment_of(at)
            kept.append(
                Violation(
                    check=check,
                    id=id,
                    dispatch_id=dispatch_id,
                    at=moment,
                    found=found,
                    allowed=allowed,
                    message=message,
                )
            )

    def shown(self) -> list[Violation]:
        """At most MOST, every kind among them."""
        in_turn = (each for row in zip_longest(*self._kept.values()) for each in row if each is not None)
        return sorted([each for _, each in zip(range(MOST), in_turn, strict=False)], key=lambda each: each.check)


def moment_of(microseconds: int) -> datetime:
    """The moment that many microseconds after the epoch, exactly."""
    return EPOCH + timedelta(microseconds=microseconds)


def microseconds_of(moment: datetime) -> int:
    """Whole microseconds since the epoch, exactly."""
    return (moment - EPOCH) // timedelta(microseconds=1)
