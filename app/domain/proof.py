"""What the ledger proves: every limit in any rolling window, every gap on the wire, no duplicate.

Pure and streaming: dispatches come in the ledger's order, a batch at a time; only what a window still holds is kept.
Times, windows and gaps are whole microseconds (since the epoch), so that the edges of a window are exact.

Two clocks judge a limit. By the gate's, a window ends at a dispatch's commit and the limit is that dispatch's. By the
wire's, it ends at a dot, and the limit is that of the last dispatch committed by then: dots may overtake each other.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from heapq import heappop, heappush
from typing import Final, NamedTuple, TypeAlias

from app.domain.findings import Check, Findings
from app.domain.pacing import DAY, dot_deadline

SECOND: Final = 1_000_000

# scope, dispatch, committed, dot (None: unknown), recipients, window, limit of a window, limit of a day, gap
Dispatch: TypeAlias = tuple[str, int, int, int | None, int, int, int | None, int | None, int]


class Clock(StrEnum):
    GATE = "gate"
    WIRE = "wire"


class Tally:
    """Recipients in rolling windows of one scope: 16 bytes for each instant within `reach`, the longest window."""

    def __init__(self, reach: int) -> None:
        self._reach = reach
        self._times = array("q")
        self._sums = array("q")  # of all recipients up to and including that instant
        self._forgotten = 0  # recipients before the first instant
        self._starts: dict[int, int] = {}  # of each window, the place of its first instant
        self._trim_at = 1024

    def add(self, at: int, recipients: int) -> None:
        """`at` never goes back."""
        times, sums = self._times, self._sums
        if not times:
            times.append(at)
            sums.append(self._forgotten + recipients)
        elif times[-1] == at:
            sums[-1] += recipients
        else:
            times.append(at)
            sums.append(sums[-1] + recipients)
            if len(times) >= self._trim_at:
                self._trim()

    def within(self, window: int) -> int:
        """Recipients in (t - window, t], where t is the instant added last. Any number of windows may be asked for."""
        times, sums = self._times, self._sums
        edge = times[-1] - window
        start = self._starts.get(window)
        if start is None:
            start = bisect_right(times, edge)
        while times[start] <= edge:
            start += 1
        self._starts[window] = start
        return sums[-1] - (sums[start - 1] if start else self._forgotten)

    def _trim(self) -> None:
        old = bisect_right(self._times, self._times[-1] - self._reach)
        if old:
            self._forgotten = self._sums[old - 1]
            del self._times[:old], self._sums[:old]
            self._starts = {window: max(0, start - old) for window, start in self._starts.items()}
        self._trim_at = 2 * len(self._times) + 1024


@dataclass(slots=True)
class LimitRecord:
    """What was seen of one kind of limit, and its tightest window: the one that used the most of its limit."""

    check: Check
    scopes: int = 0
    dispatches: int = 0
    scope: str | None = None
    at: int = 0
    window: int = 0
    count: int = 0
    limit: int = 1
    clock: Clock = Clock.GATE


@dataclass(slots=True)
class GapRecord:
    """What was seen of the gaps, and the one with the least to spare (negative: too short)."""

    mailboxes: int = 0
    dispatches: int = 0
    scope: str | None = None
    at: int = 0
    slack: int = 0
    gap: int = 0


class Dot(NamedTuple):
    """When a dot was written at the earliest and the latest, and the gap before it."""

    earliest: int
    latest: int
    gap: int


def too_close(earlier: Dot, later: Dot) -> bool:
    """Whether no two moments within their bounds would have kept the gap of the one that was written second."""
    if later.latest - earlier.earliest >= later.gap:
        return False
    overtaken = earlier.latest - later.earliest
    return overtaken <= 0 or overtaken < earlier.gap


_OnWire: TypeAlias = tuple[int, int, int, int, int, int | None, int | None, int, bool]


class ScopeProof:
    """Proves the limits and gaps of one scope after another, from dispatches ordered by (scope, committed, id).

    Void dispatches must be left out. `since`: dispatches committed before are counted, but not judged.
    """

    def __init__(
        self, findings: Findings, hour: Check, day: Check | None = None, *, reach: int, since: int | None = None
    ) -> None:
        self.hour = LimitRecord(hour)
        self.day = LimitRecord(day) if day is not None else None
        self.gaps = GapRecord()
        self._findings = findings
        self._reach = reach
        self._since = -(2**62) if since is None else since
        self._scope: str | None = None
        self._begin(None)

    def _begin(self, scope: str | None) -> None:
        self._scope = scope
        self._by_gate = Tally(self._reach)
        self._by_wire = Tally(self._reach)
        self._in_flight: list[_OnWire] = []  # a heap: committed, and the dot comes after the last commit seen
        self._in_force: tuple[int, int, int, int | None, int | None] = (-(2**62), 0, 0, None, None)
        self._last_dot: Dot | None = None
        self._last_known: Dot | None = None
        self._limited: set[Check] = set()

    def feed(self, dispatches: Iterable[Dispatch]) -> None:
        for scope, id, at, dot, recipients, window, hour, day, gap in dispatches:
            if scope != self._scope:
                self.finish()
                self._begin(scope)
            in_flight = self._in_flight
            while in_flight and in_flight[0][0] <= at:
                self._on_wire(heappop(in_flight))
            self._by_gate.add(at, recipients)
            if at >= self._since:
                self._judge(self._by_gate, Clock.GATE, id, at, window, hour, day)
            # No dot was written before its commit, whatever the worker's estimate of the database's clock.
            wire = at if dot is None or dot < at else dot
            heappush(in_flight, (wire, at, id, recipients, window, hour, day, gap, dot is not None))

    def finish(self) -> None:
        """The last scope is complete."""
        while self._in_flight:
            self._on_wire(heappop(self._in_flight))

    def _on_wire(self, entry: _OnWire) -> None:
        wire, at, id, recipients, window, hour, day, gap, known = entry
        self._by_wire.add(wire, recipients)
        if (at, id) > self._in_force[:2]:
            self._in_force = (at, id, window, hour, day)
        if at >= self._since:
            self._judge(self._by_wire, Clock.WIRE, id, wire, *self._in_force[2:])
        dot = Dot(wire, wire if known else at + round(dot_deadline(window / SECOND) * SECOND), gap)
        if gap and at >= self._since:
            self._judge_gap(dot, id, known=known)
        self._last_dot = dot
        if known:
            self._last_known = dot

    def _judge(
        self, tally: Tally, clock: Clock, id: int, at: int, window: int, hour: int | None, day: int | None
    ) -> None:
        if hour is not None:
            self._hold(self.hour, clock, id, at, window, tally.within(window), hour)
        if day is not None and self.day is not None:
            self._hold(self.day, clock, id, at, window * DAY, tally.within(window * DAY), day)

    def _hold(self, record: LimitRecord, clock: Clock, id: int, at: int, window: int, count: int, limit: int) -> None:
        if clock is Clock.GATE:
            record.dispatches += 1
            if record.check not in self._limited:
                self._limited.add(record.check)
                record.scopes += 1
        if count * record.limit > record.count * limit:
            record.scope, record.at, record.window, record.clock = self._scope, at, window, clock
            record.count, record.limit = count, limit
        if count > limit:
            self._findings.add(
                record.check,
                id=self._scope or "",
                dispatch_id=id,
                at=at,
                found=count,
                allowed=limit,
                message=f"{count} recipients in {window / SECOND:g} s by the {clock}'s clock; {limit} were allowed.",
            )

    def _judge_gap(self, dot: Dot, id: int, *, known: bool) -> None:
        record = self.gaps
        record.dispatches += 1
        if Check.GAP not in self._limited:
            self._limited.add(Check.GAP)
            record.mailboxes += 1
        if known and self._last_known is not None:
            slack = dot.earliest - self._last_known.earliest - dot.gap
            if record.scope is None or slack < record.slack:
                record.scope, record.at, record.slack, record.gap = self._scope, dot.earliest, slack, dot.gap
        for earlier in (self._last_known, self._last_dot):
            if earlier is not None and too_close(earlier, dot):
                found = (dot.latest - earlier.earliest) // 1000
                self._findings.add(
                    Check.GAP,
                    id=self._scope or "",
                    dispatch_id=id,
                    at=dot.earliest,
                    found=found,
                    allowed=dot.gap // 1000,
                    message=f"At most {found} ms after the dot before it; the gap was {dot.gap // 1000} ms.",
                )
                return


# workspace, email, dispatch, committed, outcome, whether a person ordered it
Repeat: TypeAlias = tuple[str, str, int, int, str, bool]
COUNTS_AS_SENT: Final = frozenset({"accepted", "unknown", "pending"})


class DuplicateProof:
    """Proves that nothing was, or may have been, sent twice unless a person ordered it. Takes dispatches ordered by
    (workspace, email, id)."""

    def __init__(self, findings: Findings, *, since: int | None = None) -> None:
        self.repeated = 0  # emails with more than one dispatch that arrived or may have
        self.ordered = 0  # of their later dispatches, those that a person ordered
        self._findings = findings
        self._since = -(2**62) if since is None else since
        self._email: tuple[str, str] | None = None
        self._before: list[str] = []  # the first outcome, and a second one

    def feed(self, dispatches: Iterable[Repeat]) -> None:
        for workspace, email, id, at, outcome, ordered in dispatches:
            if outcome not in COUNTS_AS_SENT:
                continue
            if (workspace, email) != self._email:
                self._email, self._before = (workspace, email), [outcome]
                continue
            if len(self._before) == 1:
                self.repeated += 1
                self._before.append(outcome)
            if ordered:
                self.ordered += 1
            elif at >= self._since:
                self._findings.add(
                    Check.DUPLICATE,
                    id=email,
                    dispatch_id=id,
                    at=at,
                    found=2,
                    allowed=1,
                    message=f"Dispatched again ({outcome}) after one that is {self._before[0]}, and nobody ordered it.",
                )
