"""What `paceline verify` finds and what it must not: by example, and against a model that compares all with all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.findings import MOST, Check, Findings, microseconds_of, moment_of
from app.domain.pacing import DAY
from app.domain.proof import SECOND, Clock, Dispatch, DuplicateProof, ScopeProof, Tally

HOUR, GAP = 3600 * SECOND, 2 * SECOND
DEADLINE = 2 * SECOND  # of an hour's window


@dataclass(frozen=True)
class D:
    """A dispatch; times in seconds."""

    at: float
    dot: float | None = None
    n: int = 1
    hour: int | None = None
    day: int | None = None
    gap: float = 0
    window: float = 3600

    def row(self, id: int, scope: str = "m") -> Dispatch:
        micro = [None if each is None else round(each * SECOND) for each in (self.at, self.dot, self.window, self.gap)]
        at, dot, window, gap = micro
        return (scope, id, at or 0, dot, self.n, window or 0, self.hour, self.day, gap or 0)


def prove(*dispatches: D, since: float | None = None) -> tuple[ScopeProof, Findings]:
    rows = [each.row(id) for id, each in enumerate(dispatches)]
    return prove_rows(rows, since=None if since is None else round(since * SECOND))


def prove_rows(rows: list[Dispatch], *, since: int | None = None, batch: int = 3) -> tuple[ScopeProof, Findings]:
    findings = Findings()
    reach = max((row[5] for row in rows), default=0) * DAY
    proof = ScopeProof(findings, Check.MAILBOX_HOUR, Check.MAILBOX_DAY, reach=reach, since=since)
    for start in range(0, len(rows), batch):
        proof.feed(rows[start : start + batch])
    proof.finish()
    return proof, findings


def totals(findings: Findings) -> dict[str, int]:
    return {check.value: count for check, count in findings.totals.items()}


# Limits


def test_a_window_takes_its_last_moment_and_not_its_first() -> None:
    full = [D(t, t, hour=2) for t in (0, 1800, 3600)]
    proof, findings = prove(*full)
    assert totals(findings) == {}
    assert (proof.hour.count, proof.hour.limit, proof.hour.scopes, proof.hour.dispatches) == (2, 2, 1, 3)
    _, findings = prove(*full[:2], D(3599.999999, 3600, hour=2))
    assert totals(findings) == {"mailbox_hour": 1}
    [violation] = findings.shown()
    assert (violation.found, violation.allowed, violation.dispatch_id) == (3, 2, 2)
    assert violation.at == moment_of(3599_999999)
    assert "gate" in violation.message


def test_the_wire_counts_by_itself() -> None:
    # An hour apart by the gate, but the first dot was late and the last at once.
    _, findings = prove(D(0, 1.5, hour=2), D(1800, 1800, hour=2), D(3600, 3600.1, hour=2))
    assert totals(findings) == {"mailbox_hour": 1}
    assert "wire" in findings.shown()[0].message


def test_recipients_count_not_messages() -> None:
    assert totals(prove(D(0, 0, n=3, hour=5), D(1, 1, n=2, hour=5))[1]) == {}
    assert totals(prove(D(0, 0, n=3, hour=5), D(1, 1, n=3, hour=5))[1]) == {"mailbox_hour": 2}


def test_what_was_sent_without_a_limit_counts_once_there_is_one() -> None:
    free = [D(t, t) for t in range(10)]
    assert totals(prove(*free, D(20, 20, hour=10))[1]) == {"mailbox_hour": 2}
    assert totals(prove(*free, D(20, 20, hour=11))[1]) == {}


def test_a_limit_is_lowered_or_raised_while_mail_is_under_way() -> None:
    before = [D(t, t, hour=10) for t in range(10)]
    assert totals(prove(*before, D(3600 + 8, 3600 + 8, hour=2))[1]) == {}
    assert totals(prove(*before, D(3600 + 7, 3600 + 7, hour=2))[1]) == {"mailbox_hour": 2}
    # The dot of the fifth comes last, after the limit was raised and used: the limit of the wire is the raised one.
    overtaken = [*[D(t / 10, t / 10, hour=5) for t in range(4)], D(0.5, 2.4, hour=5)]
    raised = [D(1 + t / 10, 1 + t / 10, hour=10) for t in range(5)]
    assert totals(prove(*overtaken, *raised)[1]) == {}
    assert totals(prove(*overtaken, *raised, D(1.6, 1.6, hour=10))[1]) == {"mailbox_hour": 2}


def test_each_dispatch_is_judged_by_the_window_of_its_time() -> None:
    short = [D(t, t, hour=1, window=10) for t in (0, 10, 20)]
    assert totals(prove(*short)[1]) == {}
    assert totals(prove(*short, D(30, 30, hour=3, window=60))[1]) == {"mailbox_hour": 2}
    assert totals(prove(*short, D(30, 30, hour=4, window=60), D(40, 40, hour=1, window=10))[1]) == {}


def test_a_day_is_24_windows() -> None:
    day = 24 * 3600
    assert totals(prove(*[D(t, t, day=2) for t in (0, 10, day, day + 10)])[1]) == {}
    proof, findings = prove(*[D(t, t, day=2, hour=9) for t in (0, 10, day - 1)])
    assert totals(findings) == {"mailbox_day": 2}
    assert proof.day is not None
    assert (proof.day.count, proof.day.limit, proof.day.at) == (3, 2, (day - 1) * SECOND)


def test_scopes_do_not_mix() -> None:
    rows = [D(t, t, hour=1).row(id, scope) for id, (scope, t) in enumerate([("a", 0), ("b", 0), ("b", 3600), ("c", 1)])]
    proof, findings = prove_rows(rows)
    assert totals(findings) == {}
    assert proof.hour.scopes == 3


def test_since_counts_what_came_before_and_does_not_judge_it() -> None:
    broken = [D(t, t, hour=1, gap=5) for t in (0, 1, 3601)]
    assert totals(prove(*broken)[1]) == {"mailbox_hour": 2, "gap": 1}
    assert totals(prove(*broken, since=2)[1]) == {}
    assert totals(prove(*broken, since=1)[1]) == {"mailbox_hour": 2, "gap": 1}


# Gaps


@pytest.mark.parametrize(
    ("later", "broken"),
    [
        (D(2, 3, gap=2), False),
        (D(2, 2.999, gap=2), True),  # a millisecond too short on the wire
        (D(1.5, 3.5, gap=2), False),  # the gate may be early, the wire counts
        (D(3, 2.5, gap=2), False),  # no dot comes before its commit, whatever the worker's clock said
        (D(2, 2, gap=0), False),  # the gap was lifted
        (D(1.5, None, gap=2), False),  # its dot may have come at 3.5
        (D(0.9, None, gap=2), True),  # at the latest at 2.9
    ],
)
def test_a_gap_is_measured_between_dots(later: D, broken: bool) -> None:
    _, findings = prove(D(0.5, 1, gap=2), later)
    assert totals(findings) == ({"gap": 1} if broken else {})


def test_a_dot_that_nobody_knows_gives_no_alibi_to_its_neighbours() -> None:
    assert totals(prove(D(0, None, gap=5), D(4.9, 5, gap=5))[1]) == {}
    assert totals(prove(D(0, None, gap=5), D(4.9, 4.999, gap=5))[1]) == {"gap": 1}
    assert totals(prove(D(0, 0, gap=2), D(0.5, None, gap=2), D(1, 1, gap=2))[1]) == {"gap": 1}
    proof, findings = prove(D(0, 0, gap=2), D(0.5, None, gap=0.1), D(1, 1, gap=2))
    assert (totals(findings), proof.gaps.slack) == ({"gap": 1}, -SECOND)
    # The unknown one may have been overtaken: its dot at 2, the other's at 0.5.
    assert totals(prove(D(0, None, gap=1), D(0.5, 0.5, gap=1))[1]) == {}


def test_the_smallest_slack_is_kept() -> None:
    proof, _ = prove(D(0, 0, gap=2), D(2.25, 2.5, gap=2), D(4.75, 4.75, gap=2), D(9, 9, gap=2))
    assert (proof.gaps.slack, proof.gaps.at, proof.gaps.gap) == (SECOND // 4, 4_750_000, GAP)
    assert (proof.gaps.mailboxes, proof.gaps.dispatches) == (1, 4)


# Duplicates


def repeats(*outcomes: str) -> tuple[DuplicateProof, Findings]:
    """Of one email; a `!` marks what a person ordered."""
    findings = Findings()
    proof = DuplicateProof(findings)
    proof.feed(("w", "e", id, id, each.rstrip("!"), each.endswith("!")) for id, each in enumerate(outcomes))
    return proof, findings


@pytest.mark.parametrize(
    ("outcomes", "broken"),
    [
        ("accepted", 0),
        ("accepted accepted", 1),
        ("accepted unknown", 1),
        ("unknown accepted", 1),
        ("unknown unknown", 1),
        ("accepted pending", 1),
        ("pending pending", 1),
        ("void accepted", 0),
        ("accepted void rejected", 0),
        ("rejected rejected accepted", 0),
        ("unknown accepted!", 0),
        ("unknown! accepted", 1),  # the order was for the one before
        ("unknown accepted! accepted", 1),
        ("unknown unknown! accepted!", 0),
        ("accepted accepted accepted", 2),
    ],
)
def test_duplicates(outcomes: str, broken: int) -> None:
    _, findings = repeats(*outcomes.split())
    assert findings.totals[Check.DUPLICATE] == broken


def test_emails_and_workspaces_do_not_mix() -> None:
    findings = Findings()
    proof = DuplicateProof(findings)
    for workspace, email in (("w", "a"), ("w", "b"), ("x", "b")):
        proof.feed([(workspace, email, 1, 0, "accepted", False)])
    assert (proof.repeated, totals(findings)) == (0, {})
    proof.feed([("x", "b", 2, 0, "unknown", True)])  # of a later batch
    assert (proof.repeated, proof.ordered, totals(findings)) == (1, 1, {})


def test_duplicates_before_since_are_history() -> None:
    findings = Findings()
    rows = [("w", "e", 1, 10, "accepted", False), ("w", "e", 2, 20, "accepted", False)]
    DuplicateProof(findings, since=21).feed(rows)
    assert totals(findings) == {}
    DuplicateProof(findings, since=20).feed(rows)
    assert totals(findings) == {"duplicate": 1}


# Findings


def test_every_kind_is_shown_however_many_there_are_of_another() -> None:
    findings = Findings()
    for _ in range(5 * MOST):
        findings.add(Check.MAILBOX_HOUR, id="m", found=2, allowed=1, message="")
    findings.add(Check.DUPLICATE, id="e", found=2, allowed=1, message="")
    shown = findings.shown()
    assert len(shown) == MOST
    assert {each.check for each in shown} == {Check.MAILBOX_HOUR, Check.DUPLICATE}
    assert findings.totals.total() == 5 * MOST + 1


def test_moments_are_exact() -> None:
    assert microseconds_of(moment_of(1_799_999_999_999_999)) == 1_799_999_999_999_999


# Against a model: each window and each pair counted anew


@st.composite
def ledgers(draw: st.DrawFn) -> list[Dispatch]:
    """A few dispatches of a few mailboxes, close together, in the ledger's order; some break rules, some do not."""
    limit = st.one_of(st.none(), st.integers(1, 6))
    rows: list[Dispatch] = []
    for scope in draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True).map(sorted)):
        for _ in range(draw(st.integers(1, 14))):
            at = draw(st.integers(0, 40)) * SECOND // 10
            window = draw(st.sampled_from([SECOND // 10, SECOND, 2 * SECOND]))
            dot = draw(st.one_of(st.none(), st.integers(at - SECOND // 50, at + SECOND // 6)))
            gap = draw(st.sampled_from([0, 0, 5_000, 300_000]))
            rows.append((scope, len(rows), at, dot, draw(st.integers(1, 3)), window, draw(limit), draw(limit), gap))
    rows.sort(key=lambda row: (row[0], row[2], row[1]))
    return rows


def model(rows: list[Dispatch], since: int) -> tuple[set[tuple[str, str, int, int]], set[int]]:
    """({(check, clock, dispatch, count)} over a limit, {dispatch} too close to the one before)."""
    over: set[tuple[str, str, int, int]] = set()
    close: set[int] = set()

    def wire(row: Dispatch) -> int:
        return row[2] if row[3] is None else max(row[2], row[3])

    def earliest(row: Dispatch) -> tuple[int, int, int]:
        return (wire(row), row[2], row[1])

    def latest(row: Dispatch) -> int:
        return wire(row) if row[3] is not None else row[2] + row[5] // 200

    for row in rows:
        if row[2] < since:
            continue
        of_scope = [other for other in rows if other[0] == row[0]]
        by_gate = [(other[2], other) for other in of_scope if (other[2], other[1]) <= (row[2], row[1])]
        by_wire = [(wire(other), other) for other in of_scope if earliest(other) <= earliest(row)]
        last = max((other for _, other in by_wire), key=lambda other: (other[2], other[1]))
        for clock, ends, seen, force in (("gate", row[2], by_gate, row), ("wire", wire(row), by_wire, last)):
            for check, limit, window in (("hour", force[6], force[5]), ("day", force[7], force[5] * DAY)):
                count = sum(other[4] for at, other in seen if at > ends - window)
                if limit is not None and count > limit:
                    over.add((check, clock, row[1], count))
        before = sorted((other for _, other in by_wire if other is not row), key=earliest)
        known = [other for other in before if other[3] is not None]
        for other in before[-1:] + known[-1:]:
            in_order = latest(row) - earliest(other)[0]
            overtaken = latest(other) - earliest(row)[0]
            if row[8] and in_order < row[8] and (overtaken <= 0 or overtaken < other[8]):
                close.add(row[1])
    return over, close


class Recorder(Findings):
    """Keeps what a test compares."""

    def __init__(self) -> None:
        super().__init__()
        self.over: set[tuple[str, str, int, int]] = set()
        self.close: set[int] = set()

    def add(self, check: Check, **more: Any) -> None:
        if check is Check.GAP:
            self.close.add(more["dispatch_id"])
            return
        clock = Clock.GATE if "gate" in more["message"] else Clock.WIRE
        self.over.add((check.removeprefix("mailbox_"), clock, more["dispatch_id"], more["found"]))


@given(rows=ledgers(), batch=st.integers(1, 9), since=st.sampled_from([0, 0, 2 * SECOND]))
def test_one_pass_finds_what_comparing_everything_finds(rows: list[Dispatch], batch: int, since: int) -> None:
    findings = Recorder()
    reach = max(row[5] for row in rows) * DAY
    proof = ScopeProof(findings, Check.MAILBOX_HOUR, Check.MAILBOX_DAY, reach=reach, since=since)
    for start in range(0, len(rows), batch):
        proof.feed(rows[start : start + batch])
    proof.finish()
    assert (findings.over, findings.close) == model(rows, since)


@given(
    steps=st.lists(st.tuples(st.integers(0, 30), st.integers(1, 5), st.sampled_from([1, 7, 100])), max_size=60),
    trim_at=st.integers(1, 8),
)
def test_a_tally_that_forgets_counts_like_one_that_does_not(steps: list[tuple[int, int, int]], trim_at: int) -> None:
    tally = Tally(100)
    seen: list[tuple[int, int]] = []
    at = 0
    for later, recipients, window in steps:
        tally._trim_at = min(tally._trim_at, trim_at)
        at += later
        tally.add(at, recipients)
        seen.append((at, recipients))
        assert tally.within(window) == sum(n for t, n in seen if t > at - window)
