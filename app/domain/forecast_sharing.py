"""Limits that several mailboxes share: how far one may look ahead, and how much of what is free is its. Pure.

While there is room for all that they want, each goes its own way. Where it becomes too little they take places in turn,
one at a time: whoever is ready again first, because it has no gap, gets what the others leave.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from app.domain.forecast_lanes import NEVER, Lane, Mailbox
from app.domain.pacing import Counter


class _Round(msgspec.Struct):
    """What was free at its beginning is divided evenly; who comes a second time begins a new one with the rest."""

    moment: float
    room: int
    came: set[int]  # mailboxes


class Sharing:
    def __init__(self, mailboxes: Sequence[Mailbox], now: float) -> None:
        self._sharers: dict[int, list[tuple[Mailbox, list[Lane]]]] = defaultdict(list)
        for box in mailboxes:
            for counter in box.all_counters:
                lanes = [lane for lane in box.lanes if lane.campaign is counter] or list(box.lanes)
                self._sharers[id(counter)].append((box, lanes))
        self._next = {id(box): now for box in mailboxes}
        self._calms: dict[int, tuple[float, float]] = {}  # when and for how long, by counter
        self._rounds: dict[int, _Round] = {}
        self._parts: dict[int, int] = {}  # of the mailbox that is looked at, by counter

    def is_shared(self, counter: Counter) -> bool:
        return len(self._sharers[id(counter)]) > 1

    def begin(self, box: Mailbox, now: float, until: float) -> float:
        """A look at this mailbox. Until when what all want of the limits that it shares has room in them."""
        self._parts = {}
        for counter in box.all_counters:
            if self.is_shared(counter) and until > now:
                until = min(until, now + self._calm(counter, now))
        return until

    def end(self, box: Mailbox, following: float) -> None:
        """It is looked at again then."""
        self._next[id(box)] = following

    def shift(self, moment: float) -> None:
        """All of them are looked at again then."""
        self._next = dict.fromkeys(self._next, moment)

    def part(self, counter: Counter, box: Mailbox, now: float) -> int:
        """How many of the places that are free now it may take, while they are too few for all."""
        room = counter.room(now)
        if room <= 0:
            return 0
        if id(counter) not in self._parts:
            turn = self._rounds.get(id(counter))
            if turn is None or turn.moment != now or id(box) in turn.came:
                turn = self._rounds[id(counter)] = _Round(now, room, set())
            turn.came.add(id(box))
            self._parts[id(counter)] = max(1, turn.room // len(self._sharers[id(counter)]))
        return min(room, self._parts[id(counter)])

    def _calm(self, counter: Counter, now: float) -> float:
        """For how many seconds from `now` on there is room for all; 0: there are too few places for those at hand."""
        moment, calm = self._calms.get(id(counter), (-NEVER, 0.0))
        if moment < now:  # who comes at the same moment takes as much of the room as of what is wanted
            calm = self._reckoned(counter, now)
            self._calms[id(counter)] = (now, calm)
        return calm

    def _reckoned(self, counter: Counter, now: float) -> float:
        room, rate, calm = counter.room(now), 0.0, NEVER
        later: list[tuple[float, float]] = []
        for box, lanes in self._sharers[id(counter)]:
            starts = max(self._next[id(box)], min((lane.due for lane in lanes), default=NEVER))
            if starts == NEVER:
                continue
            if starts > now:
                later.append((starts, box.pace))
                continue
            wanted, pace = _wanted(box, lanes, now)
            room -= wanted
            rate += pace
        if room <= 0:
            return 0.0
        if rate > 0:
            calm = room / rate
        for starts, gap in later:
            if starts < now + calm:
                if gap <= 0:
                    calm = starts - now  # it takes what it finds
                rate += 1 / gap if gap > 0 else 0.0
        return min(calm, room / rate) if rate > 0 else calm


def _wanted(box: Mailbox, lanes: Sequence[Lane], now: float) -> tuple[int, float]:
    """How many leave at once, if they may, and how many a second after that."""
    due = sum(lane.due_by(now) for lane in lanes if lane.left)
    coming = sum(1 / lane.run.step for lane in lanes if lane.left and lane.run.step > 0 and lane.run.count > 1)
    if box.pace <= 0:
        return due, coming
    if due > 1:
        return 1, 1 / box.pace
    return due, min(coming, 1 / box.pace)
