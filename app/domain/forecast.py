"""When a campaign will leave, foretold from the rules that lanes and the gate keep. Pure.

Mailboxes are followed from one moment to the next at which something changes: a limit has room again, a window opens,
a message is due. What leaves in between is a run of evenly spaced dispatches, not single messages; and where the same
cycle comes again and again (`forecast_cycles`) many of it are taken at once. So the cost depends on the number of lanes
and on what limits do before a cycle shows, not on the number of messages.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from app.domain.forecast_cycles import Cycles
from app.domain.forecast_lanes import NEVER, Bound, Lane, Mailbox, Run
from app.domain.forecast_sharing import Sharing
from app.domain.forecast_turns import TINY, frontier, shares, side_by_side
from app.domain.pacing import Counter

MOST_LOOKS: Final = 4_000  # at mailboxes; what is left then goes on at the pace so far
COARSE: Final = 0.05  # parts of a run of dispatches below this are not told apart


class Forecast(msgspec.Struct, frozen=True):
    """What becomes of our lanes. Times are seconds since the epoch, None where nothing leaves."""

    count: int
    first: float | None
    last: float | None
    runs: list[Run]  # when ours leave
    waits: dict[Bound, float]  # seconds that our lanes spend waiting for each
    never: int  # how many never leave
    is_rough: bool  # the end is drawn on from the pace before it


def forecast(mailboxes: Sequence[Mailbox], *, now: float, window: float) -> Forecast:
    """Follows the mailboxes from `now` until our lanes are empty. Uses up the lanes and counters given.

    `window`: seconds of an hour.
    """
    plan = _Plan(mailboxes, now, window)
    cycles = Cycles(mailboxes, now=now, window=window)
    turns = _turns(len(mailboxes), now)
    looks, is_rough = len(turns), False
    while turns and any(lane.left for lane in plan.ours):
        moment, served, at = heapq.heappop(turns)
        jump = cycles.jump(moment, plan.waits)
        if jump is not None:
            for bound, seconds in jump.waits.items():
                plan.waits[bound] += seconds
            for counter in plan.counters:
                counter.shift(jump.seconds)
            plan.sharing.shift(jump.resume)
            turns = _turns(len(mailboxes), jump.resume)
            continue
        box = mailboxes[at]
        waited = sum(lane.left for lane in box.lanes)
        following = plan.look(box, moment)
        plan.sharing.end(box, following)
        looks += 1
        if waited > sum(lane.left for lane in box.lanes):
            served = looks
        if looks >= MOST_LOOKS:
            is_rough = True
            plan.draw_on(moment)
        elif following < NEVER:
            heapq.heappush(turns, (following, served, at))
    runs = [run for lane in plan.ours for run in lane.runs_gone]
    return Forecast(
        count=sum(run.count for run in runs),
        first=min((run.first for run in runs), default=None),
        last=max((run.last for run in runs), default=None),
        runs=runs,
        waits=dict(plan.waits),
        never=sum(lane.left for lane in plan.ours),
        is_rough=is_rough,
    )


def _turns(count: int, moment: float) -> list[tuple[float, int, int]]:
    """When to look at which mailbox: in order of time; of several first at that from which nothing left for longest."""
    return [(moment, at, at) for at in range(count)]


class _Plan:
    def __init__(self, mailboxes: Sequence[Mailbox], now: float, window: float) -> None:
        self._began = now
        self._is_scarce = False  # places of the limits that the mailbox at hand shares
        self.ours = [lane for box in mailboxes for lane in box.lanes if lane.is_ours]
        self.sharing = Sharing(mailboxes, now)
        self.counters = {id(counter): counter for box in mailboxes for counter in box.all_counters}.values()
        self.waits: dict[Bound, float] = defaultdict(float)

    def look(self, box: Mailbox, now: float) -> float:
        """Has leave what may. When to look again: `now`, later or NEVER."""
        if now < box.not_before:
            return self._wait(dict.fromkeys(box.lanes, box.held_by), box, now, box.not_before)
        if now < box.free_at:
            return box.free_at
        lanes, reasons, wake = self._open(box, now)
        ready = [lane for lane in lanes if lane.due <= now]
        coming = [lane for lane in lanes if lane.due > now]
        if not ready:
            return self._wait(reasons, box, now, min([wake, *(lane.due for lane in coming)]))
        full = [(counter.free_at(now), bound) for bound, counter in box.counters if counter.room(now) <= 0]
        if full:
            free_at, bound = max(full)
            return self._wait(reasons | dict.fromkeys(ready, bound), box, now, free_at)
        until = min([wake, *(lane.span(now)[1] for lane in lanes)])
        until = self.sharing.begin(box, now, until)
        self._is_scarce = until <= now
        following = self._in_time(box, ready, coming, now, until, reasons)
        if following is None:
            following = self._in_line(box, ready, now, until, reasons)
        return self._wait(reasons, box, now, following)

    def draw_on(self, moment: float) -> None:
        """What is left leaves as fast as what has left so far, in the hours at which it may. Only whole days tell how
        fast that is: after a pause the limits are free at once."""
        begun = min((lane.span(moment)[0] for lane in self.ours if lane.left), default=moment)
        start = begun if self._began < begun < moment else moment
        gone = sum(run.due_by(start - TINY) for lane in self.ours for run in lane.runs_gone)
        if not gone:
            start, gone = moment, sum(lane.gone for lane in self.ours)
        since = sum(lane.gone for lane in self.ours) - gone
        left = sum(lane.left for lane in self.ours)
        spent = {hours: max(hours.seconds(self._began, start), 1.0) for hours in {lane.hours for lane in self.ours}}
        for lane in self.ours:
            if gone and lane.left:
                end = max(moment, lane.hours.after(start, spent[lane.hours] / gone * (since + left)))
                lane.leave([Run(moment, (end - moment) / lane.left, lane.left)])
                lane.take(lane.left)

    def _open(self, box: Mailbox, now: float) -> tuple[list[Lane], dict[Lane, Bound], float]:
        """The lanes that may send now or are early, what keeps back the rest, and when one of the rest may."""
        lanes, reasons, wake = [], {}, NEVER
        for lane in box.lanes:
            if not lane.left:
                continue
            opens = lane.span(now)[0]
            if opens > now:
                wake = min(wake, opens)
                reasons[lane] = lane.held_by if now < lane.not_before else Bound.WINDOW
            elif lane.due <= now and lane.campaign is not None and lane.campaign.room(now) <= 0:
                wake = min(wake, lane.campaign.free_at(now))
                reasons[lane] = Bound.CAMPAIGN_HOUR
            else:
                lanes.append(lane)
                if lane.due > now:
                    reasons[lane] = Bound.DELAY
        return lanes, reasons, wake

    def _in_time(
        self,
        box: Mailbox,
        ready: Sequence[Lane],
        coming: Sequence[Lane],
        now: float,
        until: float,
        reasons: dict[Lane, Bound],
    ) -> float | None:
        """While nothing piles up messages leave when they are due, as far ahead as the same holds.

        When to look again, or None: more is due than can leave at once.
        """
        if any(lane.due_by(now) > 1 for lane in ready):
            return None
        lanes = [*ready, *(lane for lane in coming if lane.due - now <= lane.run.step)]
        if box.pace * sum(1 / lane.run.step for lane in lanes if lane.run.count > 1) >= 1:
            return None
        ahead = [until - TINY, *(lane.due - TINY for lane in coming if lane not in lanes)]
        ahead += [lane.run.last for lane in lanes if lane.run.count < lane.left or len(lanes) == 1]
        until = max(now, min(ahead))
        step = lanes[0].run.step if len(lanes) == 1 else 0.0
        for _, counter in box.counters:
            until = min(until, frontier(lanes, self._room(box, counter, now, step), now, until))
        for counter in {id(lane.campaign): lane.campaign for lane in lanes if lane.campaign}.values():
            ours = [lane for lane in lanes if lane.campaign is counter]
            until = min(until, frontier(ours, self._room(box, counter, now, step), now, until))
        if until < now:
            return None
        last = now
        for lane in lanes:
            for run in lane.take(min(lane.due_by(until), lane.run.count)):
                box.frontier = max(box.frontier, run.last)
                run.first = max(run.first, now)
                last = max(last, run.last)
                self._count(box, lane, run)
        reasons.update(dict.fromkeys(ready, Bound.DELAY))
        box.free_at = last + box.pace
        return max(until, now)

    def _in_line(
        self, box: Mailbox, ready: Sequence[Lane], now: float, until: float, reasons: dict[Lane, Bound]
    ) -> float:
        """What has piled up leaves in the order in which it is due, at the mailbox's own pace. When to look again."""
        for lane in ready:
            if lane.campaign is not None and lane.due_by(now) > (room := self._room(box, lane.campaign, now)):
                until = min(until, max(lane.campaign.loosens_at(now), now + room * box.pace))
        count = min(
            [
                sum(lane.due_by(now) for lane in ready),
                *(self._room(box, each, now, box.pace) for _, each in box.counters),
            ]
        )
        if box.pace and until < NEVER:
            count = min(count, max(1, math.ceil((until - now) / box.pace - TINY)))
        if len(ready) > 1:
            count = self._alike(box, ready, count, now)
        taken: list[tuple[Lane, list[Run]]] = []
        campaigns = {id(lane.campaign): lane.campaign for lane in ready if lane.campaign is not None}
        rooms = {key: self._room(box, campaign, now) for key, campaign in campaigns.items()}
        for lane, wanted in shares(ready, count, now):
            share = wanted if lane.campaign is None else min(wanted, rooms[id(lane.campaign)])
            reasons[lane] = box.paced_by if share else Bound.QUEUE
            if share:
                runs = lane.take(share)
                if lane.campaign is not None:
                    lane.campaign.add(now, box.pace, share)
                    rooms[id(lane.campaign)] -= share
                taken.append((lane, runs))
        at = now
        for group in side_by_side(taken):
            whole = sum(run.count for _, runs in group for run in runs)
            for place, (lane, runs) in enumerate(group):
                share = sum(run.count for run in runs)
                lane.leave([Run(at + place * box.pace, box.pace * whole / share, share)])
                box.frontier = max(box.frontier, runs[-1].last)
            at += whole * box.pace
            for _, counter in box.counters:
                counter.add(at - whole * box.pace, box.pace, whole)
        box.free_at = at
        return at

    def _alike(self, box: Mailbox, lanes: Sequence[Lane], count: int, now: float) -> int:
        """How many of `count` leave before lanes begin or end to take turns; small differences are let be."""
        turns = []
        for lane in lanes:
            turns += [lane.due - TINY * 2, lane.run.last]
            if lane.campaign is not None and (room := self._room(box, lane.campaign, now)) < lane.run.count:
                turns.append(lane.run.first + (room - 1) * lane.run.step)
        ends = [sum(lane.due_by(min(moment, now)) for lane in lanes) for moment in sorted(turns)]
        first = min(lane.due for lane in lanes)
        at_once = [lane for lane in lanes if lane.due == first and lane.run.step == 0]
        if box.pace and len(at_once) > 1:  # they take turns by their places until one of them ends
            free = {
                lane: self._room(box, lane.campaign, now) if lane.campaign is not None else count for lane in at_once
            }
            levels = {lane.gone + many for lane in at_once for many in (0, min(lane.run.count, free[lane]))}
            ends += [
                sum(max(0, min(level - lane.gone, lane.run.count)) for lane in at_once) for level in sorted(levels)
            ]
        return min((until for until in ends if count * COARSE < until < count), default=count)

    def _count(self, box: Mailbox, lane: Lane, run: Run) -> None:
        for _, counter in box.counters:
            counter.add(run.first, run.step, run.count)
        if lane.campaign is not None:
            lane.campaign.add(run.first, run.step, run.count)
        lane.leave([run])

    def _room(self, box: Mailbox, counter: Counter, now: float, step: float = 0.0) -> int:
        """What this mailbox may take of it, `step` seconds apart: where others want some too and there is too little,
        its part of what is free now."""
        if not self.sharing.is_shared(counter):
            return counter.reach(now, step) if counter.room(now) > 0 else 0
        return self.sharing.part(counter, box, now) if self._is_scarce else max(0, counter.room(now))

    def _wait(self, reasons: dict[Lane, Bound], box: Mailbox, now: float, until: float) -> float:
        for lane in box.lanes:
            if lane.is_ours and lane in reasons and until < NEVER:
                self.waits[reasons[lane]] += max(0.0, until - max(now, lane.begins))
        return until


def spread(runs: Iterable[Run], width: float, origin: float) -> Tally[float]:
    """How many leave in each bucket of `width` seconds that begins at `origin` plus a multiple of it, by its start."""
    counts: Tally[float] = Tally()
    for run in runs:
        first, left = run.first, run.count
        while left > 0:
            start = origin + math.floor((first - origin) / width) * width
            here = left
            if run.step > 0:
                here = min(left, max(1, math.ceil((start + width - first) / run.step - TINY)))
            counts[start] += here
            left -= here
            first += here * run.step
    return counts
