"""The rules of lanes and the gate played message by message: slow, plain, and what the forecast is measured against."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from app.domain.windows import Window, is_open, next_open
from tests.support.ring import Ring


@dataclass
class PlayedLane:
    dues: list[float]
    windows: Sequence[Window] = ()
    campaign: Ring | None = None
    is_ours: bool = True
    gone: list[float] = field(default_factory=list)  # when each left

    def next_due(self) -> float:
        return self.dues[len(self.gone)] if len(self.gone) < len(self.dues) else math.inf

    def is_open(self, now: float) -> bool:
        return all(is_open(window, datetime.fromtimestamp(now, UTC)) for window in self.windows)

    def opens(self, now: float) -> float:
        opening = next_open(self.windows, datetime.fromtimestamp(now, UTC))
        return math.inf if opening is None else opening.timestamp()


@dataclass(eq=False)
class PlayedMailbox:
    lanes: list[PlayedLane]
    rings: list[Ring] = field(default_factory=list)
    gap: float = 0.0
    free_at: float = -math.inf

    def dispatch(self, now: float) -> bool:
        """Has the one message leave that may leave now, if there is one."""
        if now < self.free_at:
            return False
        ready = [
            lane
            for lane in self.lanes
            if lane.next_due() <= now
            and lane.is_open(now)
            and (lane.campaign is None or lane.campaign.used(now) < lane.campaign.limit)
        ]
        if not ready or any(ring.used(now) >= ring.limit for ring in self.rings):
            return False
        lane = min(ready, key=lambda lane: (lane.next_due(), len(lane.gone)))
        for ring in [*self.rings, *([lane.campaign] if lane.campaign is not None else [])]:
            assert ring.take(now, 1)
        lane.gone.append(now)
        self.free_at = now + self.gap
        return True

    def wakes(self, now: float) -> float:
        """When something may change for it."""
        if now < self.free_at:
            return self.free_at
        moments = [ring.free_at(now, 1) for ring in self.rings if ring.used(now) >= ring.limit]
        if moments:
            return max(moments)
        for lane in self.lanes:
            due = max(lane.next_due(), now)
            if due < math.inf:
                moments.append(due if due > now else lane.opens(now))
                if lane.campaign is not None and lane.campaign.used(now) >= lane.campaign.limit:
                    moments[-1] = max(moments[-1], lane.campaign.free_at(now, 1))
        return min((moment for moment in moments if moment > now), default=math.inf)


def play(mailboxes: Sequence[PlayedMailbox], now: float) -> None:
    """Until all of ours have left, or nothing can leave any more. Mailboxes that could take the same place of a limit
    take such places in turn: who had one last comes last."""
    turns = deque(mailboxes)
    while any(lane.is_ours and lane.next_due() < math.inf for box in mailboxes for lane in box.lanes):
        while (box := next((box for box in turns if box.dispatch(now)), None)) is not None:
            turns.remove(box)
            turns.append(box)
        now = min(box.wakes(now) for box in mailboxes)
        if now == math.inf:
            return
