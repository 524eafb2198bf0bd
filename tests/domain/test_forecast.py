"""The forecast against the rules played message by message."""

from __future__ import annotations

import math
from collections import Counter as Tally
from dataclasses import dataclass, replace

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from app.domain.forecast import Forecast, forecast, spread
from app.domain.forecast_lanes import Bound, Hours, Lane, Mailbox, Run
from app.domain.pacing import DAY, Counter, slot_of
from app.domain.windows import Window
from tests.support.dispatching import PlayedLane, PlayedMailbox, play
from tests.support.ring import START, Ring

WINDOW = 10.0  # seconds


@dataclass(frozen=True)
class AnyLane:
    start: float  # seconds from now
    step: float
    count: int
    is_ours: bool
    limit: int | None  # of its campaign


@dataclass(frozen=True)
class AnyMailbox:
    lanes: list[AnyLane]
    hourly: int | None
    daily: int | None
    gap: float
    sent: list[float]  # seconds ago


limits = st.none() | st.integers(1, 60)
lanes = st.builds(
    AnyLane,
    start=st.sampled_from([-100.0, -3.0, 0.0, 0.0, 4.0, 30.0]),
    step=st.sampled_from([0.0, 0.0, 0.05, 0.2, 0.31, 1.0]),
    count=st.integers(1, 250),
    is_ours=st.booleans(),
    limit=limits,
)
mailboxes = st.builds(
    AnyMailbox,
    lanes=st.lists(lanes, min_size=1, max_size=3),
    hourly=limits,
    daily=st.none() | st.integers(40, 400),
    gap=st.sampled_from([0.0, 0.0, 0.02, 0.1, 0.5]),
    sent=st.lists(st.floats(0, 9.9), max_size=20),
)


def foretold(boxes: list[AnyMailbox], whole: int | None, campaign: int | None) -> Forecast:
    ours = Counter(campaign, WINDOW) if campaign else None
    workspace = Counter(whole, WINDOW) if whole else None
    made = []
    for box in boxes:
        counters: list[tuple[Bound, Counter]] = []
        if workspace is not None:
            counters.append((Bound.WORKSPACE_HOUR, workspace))
        for bound, limit, span in (
            (Bound.MAILBOX_DAY, box.daily, WINDOW * DAY),
            (Bound.MAILBOX_HOUR, box.hourly, WINDOW),
        ):
            if limit is not None:
                slots = sorted({slot_of(START - ago, span): 0 for ago in box.sent})
                counts = [sum(slot_of(START - ago, span) == slot for ago in box.sent) for slot in slots]
                counters.append((bound, Counter(limit, span, [*zip(slots, counts, strict=True)])))
        queued = [
            Lane(
                [Run(START + each.start, each.step, each.count)],
                hours=Hours([]),
                campaign=ours if each.is_ours else Counter(each.limit, WINDOW) if each.limit else None,
                is_ours=each.is_ours,
            )
            for each in box.lanes
        ]
        made.append(Mailbox(queued, counters=counters, gap=box.gap))
    return forecast(made, now=START, window=WINDOW)


def played(boxes: list[AnyMailbox], whole: int | None, campaign: int | None) -> list[float]:
    """When ours left."""
    ours = Ring(campaign, WINDOW) if campaign else None
    workspace = Ring(whole, WINDOW) if whole else None
    made = []
    for box in boxes:
        rings = [workspace] if workspace is not None else []
        for limit, span in ((box.daily, WINDOW * DAY), (box.hourly, WINDOW)):
            if limit is not None:
                ring = Ring(limit, span)
                for ago in sorted(box.sent, reverse=True):
                    ring.slots.append((slot_of(START - ago, span), 1))
                rings.append(ring)
        queued = [
            PlayedLane(
                [START + each.start + i * each.step for i in range(each.count)],
                campaign=ours if each.is_ours else Ring(each.limit, WINDOW) if each.limit else None,
                is_ours=each.is_ours,
            )
            for each in box.lanes
        ]
        made.append(PlayedMailbox(queued, rings=rings, gap=box.gap))
    play(made, START)
    return sorted(moment for box in made for lane in box.lanes if lane.is_ours for moment in lane.gone)


def assert_close(told: float | None, real: float) -> None:
    """Within 2 % of the time from now on, or 1 s."""
    assert told is not None
    assert abs(told - real) <= max(1.0, 0.02 * (real - START)), f"told {told - START:.2f}, really {real - START:.2f}"


@st.composite
def situations(draw: st.DrawFn) -> tuple[list[AnyMailbox], int | None, int | None]:
    """Mailboxes, the workspace's limit, our campaign's limit.

    Who gets the places of a limit that mailboxes share is for them to race: only the whole is foretold. So mailboxes
    that share one have no other.
    """
    boxes = draw(st.lists(mailboxes, min_size=1, max_size=3))
    whole, campaign = draw(limits), draw(limits)
    if len(boxes) > 1 and (whole or campaign):
        lanes = [[replace(lane, is_ours=True) for lane in box.lanes] for box in boxes]
        boxes = [AnyMailbox(each, None, None, 0.0, []) for each in lanes]
    return boxes, whole, campaign


@settings(deadline=None, max_examples=100)
@given(situations())
def test_it_agrees_with_the_rules_played_message_by_message(
    situation: tuple[list[AnyMailbox], int | None, int | None],
) -> None:
    real = played(*situation)
    told = foretold(*situation)
    assert told.count == len(real)
    if real:
        event(f"lasts {10 ** math.floor(math.log10(1 + real[-1] - START))} s")
        assert_close(told.last, real[-1])
        assert_close(told.first, real[0])


LONG: dict[str, tuple[list[AnyMailbox], int | None, int | None]] = {
    "a limit": ([AnyMailbox([AnyLane(0, 0, 5000, True, None)], 20, None, 0, [])], None, None),
    "a limit and a gap": ([AnyMailbox([AnyLane(0, 0, 5003, True, None)], 25, None, 0.3, [])], None, None),
    "a pace below the limit": ([AnyMailbox([AnyLane(0, 0.5, 5000, True, None)], 21, None, 0, [])], None, None),
    "a pace above the limit": ([AnyMailbox([AnyLane(0, 0.45, 5000, True, None)], 21, None, 0, [])], None, None),
    "an hour and a day": ([AnyMailbox([AnyLane(0, 0, 5000, True, None)], 40, 300, 0, [])], None, None),
    "others in between": (
        [AnyMailbox([AnyLane(-9, 0.2, 2000, False, None), AnyLane(0, 0.1, 3000, True, None)], 30, None, 0, [])],
        None,
        None,
    ),
    "two that share a limit, one ends early": (
        [AnyMailbox([AnyLane(0, 0, count, True, None)], None, None, 0.0, []) for count in (44, 490)],
        1,
        None,
    ),
    "a limit that two share": (
        [AnyMailbox([AnyLane(0, 0, 2500, True, None)], None, None, 0, []) for _ in range(2)],
        None,
        33,
    ),
}


@pytest.mark.parametrize("name", LONG)
def test_long_campaigns_are_told_by_their_cycles(name: str) -> None:
    real = played(*LONG[name])
    told = foretold(*LONG[name])
    assert told.count == len(real)
    assert told.last == pytest.approx(real[-1], abs=max(1.0, 0.01 * (real[-1] - START)))
    assert not told.is_rough
    assert len(told.runs) < 2500, "in stretches, not message by message"


def test_office_hours_come_round_every_week() -> None:
    hour, count = 3600.0, 9000
    office = Window(frozenset(range(5)), 9 * 60, 17 * 60, "Europe/Berlin")
    ours = PlayedLane([START] * count, windows=[office])
    play([PlayedMailbox([ours], [Ring(50, hour)], gap=20)], START)
    lane = Lane([Run(START, 0, count)], hours=Hours([office]), is_ours=True)
    told = forecast(
        [Mailbox([lane], counters=[(Bound.MAILBOX_HOUR, Counter(50, hour))], gap=20)], now=START, window=hour
    )
    assert told.last == pytest.approx(ours.gone[-1], abs=hour)
    by_day = Tally(int(moment // 86_400) * 86_400 for moment in ours.gone)
    assert spread(told.runs, 86_400, 0.0) == by_day
    assert max(told.waits, key=lambda bound: told.waits[bound]) is Bound.WINDOW
