"""What a forecast is made from: mailboxes, their lanes, when their messages are due and may leave. Pure.

Times are seconds since the epoch. Nothing here holds a single message: those of a lane are runs, each due a fixed step
after the one before.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

import msgspec

from app.domain.pacing import Counter
from app.domain.windows import Window, closes, next_open

NEVER: Final = math.inf
WEEK: Final = 7 * 86_400  # seconds


class Bound(StrEnum):
    """What keeps a campaign from ending sooner."""

    DELAY = "delay"  # the campaign's own pace
    GAP = "gap"  # the delay between two messages of a mailbox
    CONNECTIONS = "connections"  # how fast the mail server takes them
    MAILBOX_HOUR = "mailbox_hour"
    MAILBOX_DAY = "mailbox_day"
    CAMPAIGN_HOUR = "campaign_hour"
    WORKSPACE_HOUR = "workspace_hour"
    WINDOW = "window"  # sending hours
    QUEUE = "queue"  # other mail of the mailbox that is due earlier
    TROUBLE = "connection"  # the mail server cannot be reached now


class Run(msgspec.Struct):
    """`count` moments: the first at `first`, each `step` seconds after the one before."""

    first: float
    step: float
    count: int

    @property
    def last(self) -> float:
        return self.first + (self.count - 1) * self.step

    def due_by(self, moment: float) -> int:
        """How many are due at `moment`."""
        if moment < self.first:
            return 0
        if self.step <= 0 or moment >= self.last:
            return self.count
        return math.floor((moment - self.first) / self.step + 1e-6) + 1


class Hours:
    """When all of some windows are open, worked out as far as it is asked."""

    def __init__(self, windows: Sequence[Window]) -> None:
        self.windows = windows
        self._spans: list[tuple[float, float]] = []  # (opens, closes), in order
        self._from = math.inf  # they are known from here
        self._known = -math.inf  # up to here

    def span(self, now: float) -> tuple[float, float]:
        """The span that `now` lies in, else the next one; (NEVER, NEVER) where there is none within two weeks."""
        if not self.windows:
            return -math.inf, NEVER
        if now < self._from or now > self._known + WEEK:  # far from what is known
            self._spans, self._from, self._known = [], now, now
        at = bisect_right(self._spans, (now, NEVER))
        if at and now < self._spans[at - 1][1]:
            return self._spans[at - 1]
        if at < len(self._spans):
            return self._spans[at]
        while True:
            moment = datetime.fromtimestamp(max(now, self._known), UTC)
            opens = next_open(self.windows, moment)
            if opens is None:
                return NEVER, NEVER
            shuts = min(closes(window, opens).timestamp() for window in self.windows)
            found = (opens.timestamp(), shuts)
            self._spans.append(found)
            self._known = shuts
            if now < shuts:
                return found

    def seconds(self, start: float, end: float) -> float:
        """For how many seconds of this time they are open; a week is as the one before."""
        if not self.windows:
            return end - start
        weeks = max(0, math.floor((end - start) / WEEK) - 1)
        total = weeks * self.seconds(start, start + WEEK) if weeks else 0.0
        start += weeks * WEEK
        while start < end:
            opens, shuts = self.span(start)
            total += max(0.0, min(shuts, end) - max(opens, start))
            start = shuts
        return total

    def after(self, start: float, seconds: float) -> float:
        """When they will have been open for so many seconds from `start` on. NEVER where they do not open."""
        week = self.seconds(start, start + WEEK)
        if week <= 0:
            return NEVER
        weeks = math.floor(seconds / week)
        start, seconds = start + weeks * WEEK, seconds - weeks * week
        while True:
            opens, shuts = self.span(start)
            begins = max(opens, start)
            if opens == NEVER or shuts - begins >= seconds:
                return begins + seconds
            start, seconds = shuts, seconds - (shuts - begins)


class Lane:
    """The waiting messages of one sender and campaign, in their order."""

    def __init__(
        self,
        runs: Iterable[Run],
        *,
        hours: Hours,
        not_before: float = -math.inf,
        held_by: Bound = Bound.WINDOW,
        campaign: Counter | None = None,
        is_ours: bool = False,
    ) -> None:
        """`not_before`: nothing of it leaves until then, because of `held_by`. `campaign`: the campaign's own limit."""
        self._runs = [run for run in sorted(runs, key=lambda run: run.first) if run.count > 0]
        self._at = 0
        self.hours = hours
        self.not_before = not_before
        self.held_by = held_by
        self.campaign = campaign
        self.is_ours = is_ours
        self.begins = self._runs[0].first if self._runs else NEVER  # before that nothing waits
        self.left = sum(run.count for run in self._runs)
        self.gone = 0
        self.runs_gone: list[Run] = []  # when ours left

    @property
    def run(self) -> Run:
        """What is next. Only while something is left."""
        return self._runs[self._at]

    @property
    def due(self) -> float:
        """When its next message is due."""
        return self._runs[self._at].first if self.left else NEVER

    @property
    def ends(self) -> float:
        """When its last message is due."""
        return self._runs[-1].last if self.left else -math.inf

    def due_by(self, moment: float) -> int:
        """How many of what is left are due at `moment`."""
        total = 0
        for at in range(self._at, len(self._runs)):
            run = self._runs[at]
            if run.first > moment:
                break
            total += run.due_by(moment)
        return total

    def take(self, count: int) -> list[Run]:
        """The next `count` leave: the runs that they were."""
        self.left -= count
        self.gone += count
        taken = []
        while count > 0:
            run = self._runs[self._at]
            here = min(count, run.count)
            taken.append(Run(run.first, run.step, here))
            run.first += here * run.step
            run.count -= here
            count -= here
            if run.count == 0 and self._at + 1 < len(self._runs):
                self._at += 1
        return taken

    def leave(self, runs: Iterable[Run]) -> None:
        """Notes when ours left."""
        if self.is_ours:
            self.runs_gone.extend(runs)

    def span(self, now: float) -> tuple[float, float]:
        """When it may send: now if the first is not later, until the second."""
        opens, shuts = self.hours.span(max(now, self.not_before))
        return max(opens, self.not_before), shuts


class Mailbox:
    """Its lanes share its limits, its gap and its connections."""

    def __init__(
        self,
        lanes: Sequence[Lane],
        *,
        counters: Sequence[tuple[Bound, Counter]] = (),
        gap: float = 0.0,
        per_message: float = 0.0,
        concurrency: int = 1,
        free_at: float = -math.inf,
        not_before: float = -math.inf,
        held_by: Bound = Bound.TROUBLE,
    ) -> None:
        """`gap`: seconds from one dispatch to the next. `per_message`: seconds that one takes on a connection.
        `free_at`: when the gap allows the next. `not_before`: nothing leaves until then, because of `held_by`."""
        self.lanes = lanes
        self.counters = counters
        self.pace = max(gap, per_message / concurrency)
        self.paced_by = Bound.GAP if gap >= self.pace else Bound.CONNECTIONS
        self.free_at = free_at
        self.not_before = not_before
        self.held_by = held_by
        self.frontier = -math.inf  # when the last that left was due
        campaigns = {id(lane.campaign): lane.campaign for lane in lanes if lane.campaign is not None}
        self.all_counters = [*(counter for _, counter in counters), *campaigns.values()]
