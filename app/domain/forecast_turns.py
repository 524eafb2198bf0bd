"""Whose turn it is on a mailbox: what is due earlier leaves earlier, whatever lane it waits in. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from app.domain.forecast_lanes import Lane, Run

TINY: Final = 1e-6  # seconds


def frontier(lanes: Sequence[Lane], most: int, low: float, high: float) -> float:
    """The last moment up to which no more than `most` are due, from `low` to `high`; before `low` if there is none."""
    if sum(lane.due_by(high) for lane in lanes) <= most:
        return high
    high = min(high, max(lane.ends for lane in lanes))
    if sum(lane.due_by(low) for lane in lanes) > most:
        return -math.inf
    if len(lanes) == 1 and most <= (run := lanes[0].run).count:
        return max(low, run.first + (most - 1) * run.step)
    while high - low > TINY * 10:
        middle = (low + high) / 2
        if sum(lane.due_by(middle) for lane in lanes) <= most:
            low = middle
        else:
            high = middle
    return low


def shares(lanes: Sequence[Lane], count: int, now: float) -> list[tuple[Lane, int]]:
    """Of the `count` that are due first, how many are each lane's."""
    due = [lane.due_by(now) for lane in lanes]
    if count >= sum(due):
        return [*zip(lanes, due, strict=True)]
    if len(lanes) == 1:
        return [(lanes[0], count)]
    moment = frontier(lanes, count, min(lane.due for lane in lanes) - 1, now)
    parts = [lane.due_by(moment) for lane in lanes]
    more = [lane.due_by(moment + TINY * 20) - share for lane, share in zip(lanes, parts, strict=True)]
    level = _level(
        [(lane.gone + share, n) for lane, share, n in zip(lanes, parts, more, strict=True)], count - sum(parts)
    )
    for i, lane in enumerate(lanes):
        parts[i] += max(0, min(level - lane.gone - parts[i], more[i]))
    for i, lane in enumerate(lanes):  # at the same place: the first of them
        if sum(parts) < count and lane.due_by(moment + TINY * 20) > parts[i]:
            parts[i] += 1
    return [*zip(lanes, parts, strict=True)]


def _level(ties: Sequence[tuple[int, int]], count: int) -> int:
    """Messages due at the same moment go by their places: up to which place `count` of them come. (place, how many)"""
    low, high = 0, max(place + many for place, many in ties)
    while low < high:
        middle = (low + high + 1) // 2
        if sum(max(0, min(middle - place, many)) for place, many in ties) <= count:
            low = middle
        else:
            high = middle - 1
    return low


def side_by_side(taken: list[tuple[Lane, list[Run]]]) -> list[list[tuple[Lane, list[Run]]]]:
    """In groups one after the other: within a group one is due before another has ended."""
    groups: list[list[tuple[Lane, list[Run]]]] = []
    start = end = -math.inf
    for lane, runs in sorted(taken, key=lambda each: each[1][0].first):
        first = runs[0].first
        if first > end or first == end > start:
            groups.append([])
            start = first
        groups[-1].append((lane, runs))
        end = max(end, runs[-1].last)
    return groups
