"""`paceline verify`: proves from the ledger that every promise about sending was kept, all in one snapshot.

Nothing that the gate counted with (`pacing`, today's settings) is believed: each dispatch carries the limits, the
window and the gap that were in force at its moment. Rows are streamed; memory holds the longest window of one scope.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from app.db.pool import Conn
from app.db.queries import queries
from app.db.streaming import BATCH, batches, snapshot
from app.domain.findings import Check, Findings, Violation, microseconds_of, moment_of
from app.domain.legality import Row, problem
from app.domain.proof import SECOND, DuplicateProof, GapRecord, LimitRecord, ScopeProof
from app.domain.status import Status
from app.errors import NotFound

Progress = Callable[[str, int], None]  # what is read, and how many rows of it so far

DOT_MARGIN: Final = timedelta(seconds=2)  # no dot trails its commit by more


class Worst(msgspec.Struct, frozen=True):
    """The window that used the most of its limit; it ends with `until` and begins just after its first moment."""

    scope_id: str
    until: datetime
    window_seconds: float
    count: int
    limit: int
    clock: str  # gate or wire


class LimitProof(msgspec.Struct, frozen=True):
    check: Check
    scopes: int
    dispatches: int
    worst: Worst | None
    violations: int


class Smallest(msgspec.Struct, frozen=True):
    """The gap with the least to spare."""

    mailbox_id: str
    at: datetime
    gap_ms: float
    slack_ms: float


class GapProof(msgspec.Struct, frozen=True):
    mailboxes: int
    dispatches: int
    smallest: Smallest | None
    violations: int


class RepeatProof(msgspec.Struct, frozen=True):
    repeated: int  # emails that were, or may have been, sent more than once
    ordered: int  # of their later dispatches, those that a person ordered
    violations: int


class RowProof(msgspec.Struct, frozen=True):
    emails: int
    violations: int
    lane_count_violations: int


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    kept: bool
    workspace_id: UUID | None
    since: datetime | None
    dispatches: int
    voided: int  # of them; their dot was provably never written
    limits: list[LimitProof]
    gaps: GapProof
    duplicates: RepeatProof
    states: RowProof
    seconds: float
    violations_total: int
    violations: list[Violation]  # the first hundred, every kind among them


async def verify(conn: Conn, *, workspace_id: UUID | None, since: datetime | None, progress: Progress) -> Proof:
    """Proves everything, or what was dispatched (for rows: also made) from `since` on. Raises NotFound."""
    started = time.monotonic()
    async with snapshot(conn) as tx:
        if workspace_id is not None and await queries.workspaces.get(tx, workspace_id=workspace_id) is None:
            raise NotFound(f"There is no workspace {workspace_id}.")
        ledger = _Ledger(tx, workspace_id, since, progress)
        bounds = await ledger.bounds()
        mailboxes = await ledger.mailboxes()
        campaigns = await ledger.scopes(queries.ledger.of_campaigns, Check.CAMPAIGN_HOUR)
        workspaces = await ledger.scopes(queries.ledger.of_workspaces, Check.WORKSPACE_HOUR)
        repeats = await ledger.repeats()
        emails = await ledger.states()
        await ledger.strays()
        await ledger.lane_counts()
    found = ledger.findings
    records = (workspaces.hour, campaigns.hour, mailboxes.day, mailboxes.hour)
    total = found.totals.total()
    return Proof(
        kept=total == 0,
        workspace_id=workspace_id,
        since=since,
        dispatches=bounds["dispatches"],
        voided=bounds["voided"],
        limits=[_limit_proof(record, found) for record in records if record is not None],
        gaps=_gap_proof(mailboxes.gaps, found),
        duplicates=RepeatProof(repeats.repeated, repeats.ordered, found.totals[Check.DUPLICATE]),
        states=RowProof(emails, found.totals[Check.STATE], found.totals[Check.LANE_COUNT]),
        seconds=round(time.monotonic() - started, 3),
        violations_total=total,
        violations=found.shown(),
    )


class _Ledger:
    """The checks, each one pass over rows in the order that it needs."""

    def __init__(self, tx: Conn, workspace_id: UUID | None, since: datetime | None, progress: Progress) -> None:
        self.findings = Findings()
        self._tx = tx
        self._asked: dict[str, Any] = {"workspace_id": workspace_id, "since": since, "earliest": None}
        self._since = None if since is None else microseconds_of(since)
        self._progress = progress
        self._window_reach = self._day_reach = 0

    async def bounds(self) -> dict[str, Any]:
        self._progress("ledger", 0)
        bounds: dict[str, Any] = await queries.ledger.bounds(self._tx, **self._asked)
        self._window_reach = round(bounds["window_reach"] * SECOND)
        self._day_reach = max(self._window_reach, round(bounds["day_reach"] * SECOND))
        if self._asked["since"] is not None:
            reach = max(timedelta(microseconds=self._day_reach), timedelta(seconds=float(bounds["gap_reach"])))
            self._asked["earliest"] = self._asked["since"] - reach - DOT_MARGIN
        return bounds

    async def mailboxes(self) -> ScopeProof:
        proof = ScopeProof(
            self.findings, Check.MAILBOX_HOUR, Check.MAILBOX_DAY, reach=self._day_reach, since=self._since
        )
        await self._read("mailboxes", queries.ledger.of_mailboxes, proof.feed)
        proof.finish()
        return proof

    async def scopes(self, query: Any, check: Check) -> ScopeProof:
        proof = ScopeProof(self.findings, check, reach=self._window_reach, since=self._since)
        await self._read(check.replace("_hour", "s"), query, proof.feed)
        proof.finish()
        return proof

    async def repeats(self) -> DuplicateProof:
        proof = DuplicateProof(self.findings, since=self._since)
        await self._read("duplicates", queries.ledger.repeated, proof.feed)
        return proof

    async def states(self) -> int:
        """Judges the rows and returns how many there are."""
        emails = 0

        def judge(batch: list[tuple[Any, ...]]) -> None:
            nonlocal emails
            for status, accepted, pending, unknown, ordered, sent, ended, dispatched, count, first in batch:
                emails += count
                row = Row(
                    status=Status(status),
                    accepted=accepted,
                    pending=pending,
                    unknown=unknown,
                    ordered=ordered,
                    has_sent_at=sent,
                    has_ended_at=ended,
                    has_dispatched_at=dispatched,
                )
                wrong = problem(row)
                if wrong is not None:
                    also = f" {count - 1} more are so." if count > 1 else ""
                    message = f"It is {status}, but {wrong}.{also}"
                    self.findings.add(Check.STATE, id=first, found=count, allowed=0, message=message, times=count)

        await self._read("states", queries.ledger.states, judge)
        return emails

    async def strays(self) -> None:
        """No row of `emails` goes while the ledger has its dispatches, or goes to another workspace."""

        def judge(batch: list[tuple[Any, ...]]) -> None:
            for email_id, times, first, owner in batch:
                wrong = "there is no such email" if owner is None else f"the email is workspace {owner}'s"
                message = f"It was dispatched, but {wrong}."
                self.findings.add(
                    Check.STATE, id=email_id, found=times, allowed=0, message=message, dispatch_id=first, times=times
                )

        await self._read("strays", queries.ledger.strays, judge)

    async def lane_counts(self) -> None:
        def judge(batch: list[tuple[Any, ...]]) -> None:
            for lane_id, status, counted, real in batch:
                message = f"The lane counts {counted} that are {status}; there are {real}."
                self.findings.add(Check.LANE_COUNT, id=str(lane_id), found=counted, allowed=real, message=message)

        await self._read("lane counts", queries.ledger.miscounted, judge)

    async def _read(self, what: str, query: Any, take: Callable[[list[tuple[Any, ...]]], None]) -> None:
        done = 0
        self._progress(what, done)
        async with aclosing(batches(self._tx, query, **self._asked)) as stream:
            async for batch in stream:
                take(batch)
                if len(batch) == BATCH:
                    done += BATCH
                    self._progress(what, done)


def _limit_proof(record: LimitRecord, found: Findings) -> LimitProof:
    worst = None
    if record.scope is not None:
        seconds = record.window / SECOND
        worst = Worst(record.scope, moment_of(record.at), seconds, record.count, record.limit, record.clock.value)
    return LimitProof(record.check, record.scopes, record.dispatches, worst, found.totals[record.check])


def _gap_proof(record: GapRecord, found: Findings) -> GapProof:
    smallest = None
    if record.scope is not None:
        smallest = Smallest(record.scope, moment_of(record.at), record.gap / 1000, record.slack / 1000)
    return GapProof(record.mailboxes, record.dispatches, smallest, found.totals[Check.GAP])
