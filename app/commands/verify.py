"""`paceline verify`: does the ledger show that every limit and gap was kept, and nothing sent twice?"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
import traceback
from typing import Final

import msgspec

from app.commands.surroundings import beside
from app.db.migrate import pending
from app.db.outage import UNAVAILABLE
from app.db.pool import connect
from app.errors import ConfigurationError, PacelineError, Unavailable
from app.services.proof import GapProof, LimitProof, Proof, verify
from app.settings import Settings, load

EXIT_ON_ERROR: Final = 2  # 1 is the verdict that a promise was broken
QUIET: Final = 1.0  # seconds before progress is shown
EVERY: Final = 10.0  # seconds between two words of it, in a log; on a terminal it is always QUIET
LISTED: Final = 20  # violations that a person is shown


def run(options: argparse.Namespace) -> int:
    """Prints the proof; 0: all was kept, 1: something was not, 2: it cannot tell. Raises PacelineError for the same."""
    settings = load(beside(os.environ, options.data_dir))
    try:
        proof = asyncio.run(_verify(settings, options))
    except PacelineError:
        raise
    except Exception:
        traceback.print_exc()  # a fault of ours, which must not look like the verdict 1
        return EXIT_ON_ERROR
    if options.json:
        print(msgspec.json.encode(proof).decode())
    else:
        for line in _table(proof):
            print(line)
    return 0 if proof.kept else 1


async def _verify(settings: Settings, options: argparse.Namespace) -> Proof:
    try:
        async with await connect(settings, name="verify") as conn:
            missing = await pending(conn)
            if missing:
                raise ConfigurationError(f"The schema is not up to date ({missing[0]}): run `paceline migrate`.")
            progress = _Progress()
            try:
                return await verify(conn, workspace_id=options.workspace, since=options.since, progress=progress)
            finally:
                progress.end()
    except UNAVAILABLE as error:
        raise Unavailable(f"Postgres does not answer: {str(error).strip()}. Check DATABASE_URL.") from error


class _Progress:
    """Says on standard error how far it is, once it takes longer than a moment; on a terminal in one line."""

    def __init__(self) -> None:
        self._quiet_until = self._due = time.monotonic() + QUIET
        self._terminal = sys.stderr.isatty()
        self._what = ""
        self._shown = False

    def __call__(self, what: str, rows: int) -> None:
        now = time.monotonic()
        if now < self._quiet_until or (now < self._due and what == self._what):
            return
        self._due = now + (QUIET if self._terminal else EVERY)
        self._what, self._shown = what, True
        words = f"verify: {what}" + (f", {rows:,} rows" if rows else "")
        print(f"\r\033[K{words}" if self._terminal else words, end="" if self._terminal else "\n", file=sys.stderr)
        sys.stderr.flush()

    def end(self) -> None:
        if self._shown and self._terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def _table(proof: Proof) -> list[str]:
    rows = [("", "scopes", "dispatches", "broken", "tightest")]
    rows += [_limit_row(limit) for limit in proof.limits]
    rows += [_gap_row(proof.gaps)]
    repeats, states = proof.duplicates, proof.states
    seen = f"{repeats.repeated:,} emails may have been sent again, {repeats.ordered:,} times by a person's order"
    rows += [("duplicates", "", f"{proof.dispatches:,}", f"{repeats.violations:,}", seen)]
    rows += [("states", "", "", f"{states.violations:,}", f"{states.emails:,} emails")]
    rows += [("lane counts", "", "", f"{states.lane_count_violations:,}", "")]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    table = [
        f"{name:<{widths[0]}}  {scopes:>{widths[1]}}  {count:>{widths[2]}}  {broken:>{widths[3]}}  {words}".rstrip()
        for name, scopes, count, broken, words in rows
    ]
    return [*table, "", *_violations(proof), _verdict(proof)]


def _limit_row(limit: LimitProof) -> tuple[str, str, str, str, str]:
    words = "no limit was set"
    if (worst := limit.worst) is not None:
        share = f"{worst.count:,} of {worst.limit:,} ({worst.count / worst.limit:.1%})"
        words = f"{share} in {worst.window_seconds:g} s until {worst.until:%Y-%m-%d %H:%M:%S.%fZ}, {worst.scope_id}"
    name = limit.check.replace("_", " ")
    return name, f"{limit.scopes:,}", f"{limit.dispatches:,}", f"{limit.violations:,}", words


def _gap_row(gaps: GapProof) -> tuple[str, str, str, str, str]:
    words = "no gap was set" if not gaps.dispatches else "no two dots to compare"
    if (smallest := gaps.smallest) is not None:
        words = f"{smallest.slack_ms:+,.3f} ms beyond {smallest.gap_ms:g} ms"
        words += f" at {smallest.at:%Y-%m-%d %H:%M:%S.%fZ}, {smallest.mailbox_id}"
    return "gap", f"{gaps.mailboxes:,}", f"{gaps.dispatches:,}", f"{gaps.violations:,}", words


def _violations(proof: Proof) -> list[str]:
    lines = [
        f"BROKEN  {each.check.replace('_', ' ')}  {each.id}"
        + (f"  {each.at:%Y-%m-%d %H:%M:%S.%fZ}" if each.at else "")
        + f"  {each.message}"
        for each in proof.violations[:LISTED]
    ]
    if proof.violations_total > len(lines) > 0:
        lines.append(f"Listed: {len(lines)} of {proof.violations_total:,}; --json gives up to a hundred.")
    return [*lines, ""] if lines else []


def _verdict(proof: Proof) -> str:
    span = "" if proof.since is None else f" since {proof.since.isoformat()}"
    judged = f"{proof.dispatches:,} dispatches{span}, {proof.voided:,} of them void, in {proof.seconds:.1f} s"
    if proof.kept:
        return f"KEPT: every limit, every gap, nothing sent twice unasked, every row in a legal state ({judged})."
    return f"BROKEN: {proof.violations_total:,} violations ({judged})."
