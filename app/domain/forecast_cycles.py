"""Cycles of a forecast: where limits and sending hours come round again and as much left as the time before, the
cycles that will be the same are taken at once. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import msgspec

from app.domain.forecast_lanes import Bound, Mailbox, Run
from app.domain.pacing import DAY, SLOTS_KEPT, SLOTS_PER_WINDOW

DAY_SECONDS: Final = 86_400
TELLING: Final = 128  # messages of ours that a span must have for its pace to be known to 1 %
MOST_MARKS: Final = 600
MOST_COPIES: Final = 4_000  # runs; above it ours are spread evenly over what is jumped
ALIKE: Final = 0.01  # spans are alike if what left in them differs by no more, or by one message


class Jump(msgspec.Struct, frozen=True):
    """`seconds` are over, and it goes on at `resume`. `waits`: what ours waited for meanwhile."""

    seconds: float
    resume: float
    waits: dict[Bound, float]


class _Mark(msgspec.Struct, frozen=True):
    gone: list[int]  # by lane
    frontiers: list[float]  # by mailbox
    runs: list[int]  # by lane, how many there were
    waits: dict[Bound, float]


class Cycles:
    def __init__(self, mailboxes: Sequence[Mailbox], *, now: float, window: float) -> None:
        self._mailboxes = mailboxes
        self._lanes = [(lane, at) for at, box in enumerate(mailboxes) for lane in box.lanes]
        self._ours = [i for i, (lane, _) in enumerate(self._lanes) if lane.is_ours]
        self.seconds = _length(mailboxes, window)
        self._due = now  # when the next mark is
        self._marks: list[_Mark] = []

    def jump(self, now: float, waits: dict[Bound, float]) -> Jump | None:
        """Takes the cycles up to the last mark before `now` as far as they will be as those before, if any will."""
        if now < self._due:
            return None
        mark = _Mark(
            [lane.gone for lane, _ in self._lanes],
            [box.frontier for box in self._mailboxes],
            [len(lane.runs_gone) for lane, _ in self._lanes],
            dict(waits),
        )
        here = self._due
        while self._due <= now:
            here = self._due
            self._marks.append(mark)
            self._due += self.seconds
        del self._marks[:-MOST_MARKS]
        span = self._telling()
        if span is None:
            return None
        times = self._times(span, here)
        if times < 1:
            return None
        return self._take(span, times, here)

    def _telling(self) -> int | None:
        """How many cycles back a span begins that tells the pace and is like the one before it."""
        last, count = self._marks[-1], len(self._marks)
        for span in range(1, (count - 1) // 2 + 1):
            before, earlier = self._marks[-1 - span], self._marks[-1 - 2 * span]
            if sum(last.gone[i] - before.gone[i] for i in self._ours) < TELLING:
                continue
            alike = all(
                abs((c - b) - (b - a)) <= max(1.0, ALIKE * (c - b))
                for a, b, c in zip(earlier.gone, before.gone, last.gone, strict=True)
            )
            return span if alike else None
        return None

    def _times(self, span: int, here: float) -> int:
        """How many more such spans there are before anything changes."""
        last, before = self._marks[-1], self._marks[-1 - span]
        seconds, least = span * self.seconds, math.inf
        for i, (lane, at) in enumerate(self._lanes):
            went = last.gone[i] - before.gone[i]
            if not lane.left:
                if went:  # it made room for the others since
                    return 0
                continue
            moved = last.frontiers[at] - before.frontiers[at]
            starts = max(lane.due, lane.not_before)
            if went:
                least = min(least, lane.run.count / went - 1)
            elif starts > here:
                least = min(least, (starts - here) / seconds - 1)
            elif moved > 0 and lane.due > last.frontiers[at]:  # waits behind what is due earlier
                least = min(least, (lane.due - last.frontiers[at]) / moved - 1)
            else:
                return 0
        return 0 if least == math.inf else math.floor(least)

    def _take(self, span: int, times: int, here: float) -> Jump:
        last, before = self._marks[-1], self._marks[-1 - span]
        seconds = span * self.seconds
        for i, (lane, _) in enumerate(self._lanes):
            went = last.gone[i] - before.gone[i]
            if not lane.left or not went:
                continue
            if lane.due > here and abs(went * lane.run.step - seconds) <= lane.run.step * 1.5:  # its own pace alone
                count = min(lane.run.count, math.floor(seconds * times / lane.run.step))
                lane.leave(lane.take(count))
            else:
                lane.take(went * times)
                lane.leave(_copies(lane.runs_gone[before.runs[i] : last.runs[i]], seconds, times, went, here))
        for box in self._mailboxes:
            box.free_at += seconds * times
        self._marks.clear()
        resume = here + seconds * times
        self._due = resume + self.seconds
        return Jump(
            seconds * times,
            resume,
            {bound: (total - before.waits.get(bound, 0.0)) * times for bound, total in last.waits.items()},
        )


def _copies(runs: Sequence[Run], seconds: float, times: int, went: int, here: float) -> list[Run]:
    if len(runs) * times > MOST_COPIES:
        return [Run(here, seconds / went, went * times)]
    return [Run(run.first + k * seconds, run.step, run.count) for k in range(1, times + 1) for run in runs]


def _length(mailboxes: Sequence[Mailbox], window: float) -> float:
    """After how many seconds the limits come round again: 130 slots of the widest; with sending hours a day or week."""
    windows = [window for box in mailboxes for lane in box.lanes for window in lane.hours.windows]
    if windows:
        return DAY_SECONDS if all(len(each.days) == 7 for each in windows) else 7 * DAY_SECONDS
    widest = max((counter.window for box in mailboxes for counter in box.all_counters), default=window)
    return min(widest, window * DAY) * SLOTS_KEPT / SLOTS_PER_WINDOW
