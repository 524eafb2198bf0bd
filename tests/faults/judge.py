"""What a scenario did to the promises, by the server's record and the ledger, which must say the same."""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tests.faults.recorder import ROOT, Dot
from tests.support.up import clean_environment

Row = Mapping[str, Any]

DAY = 24  # windows, as in app/domain/pacing.py
SCOPES = (
    ("workspace_hour_limit", "workspace_id", 1),
    ("campaign_hour_limit", "campaign_id", 1),
    ("mailbox_day_limit", "mailbox_id", DAY),
    ("mailbox_hour_limit", "mailbox_id", 1),
)


@dataclass
class Findings:
    """Each list says what is wrong, one line for each fault; `uncertain` alone is no fault."""

    lost: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    uncertain: set[UUID] = field(default_factory=set)


@dataclass(frozen=True)
class Seen:
    """A dot at the server together with the dispatch that allowed it."""

    dot: Dot
    dispatch: Row


def judge(
    emails: Sequence[Row],
    ledger: Sequence[Row],
    dots: Sequence[Dot],
    *,
    orders: Mapping[UUID, int],
    ends: Iterable[str],
) -> Findings:
    """`orders`: how many second dispatches a person ordered of a message. `ends`: the statuses a message may end in,
    besides `sent` and `uncertain`, where the script asks for them."""
    found = Findings()
    by_email: dict[UUID, list[Dot]] = defaultdict(list)
    for dot in dots:
        by_email[dot.email_id].append(dot)
    booked: dict[UUID, list[Row]] = defaultdict(list)
    for row in ledger:
        if row["outcome"] != "void":
            booked[row["email_id"]].append(row)
    for email in emails:
        _one(found, email, booked[email["id"]], by_email[email["id"]], orders.get(email["id"], 0), {*ends})
    known = {email["id"] for email in emails}
    found.lost += [f"{each} has no row any more" for each in by_email if each not in known]
    seen = list(_pair(found, booked, by_email))
    _limits_on_the_wire(found, seen)
    _gaps_on_the_wire(found, seen)
    _limits_in_the_ledger(found, [row for rows in booked.values() for row in rows])
    return found


def _one(found: Findings, email: Row, booked: list[Row], dots: list[Dot], orders: int, ends: set[str]) -> None:
    name, status = f"{email['id']} ({email['to_address']})", email["status"]
    delivered = sum(dot.delivered for dot in dots)
    if delivered > 1 + orders:
        found.duplicates.append(f"{name} came {delivered} times, {orders} ordered")
    if status == "uncertain":
        found.uncertain.add(email["id"])
        if not booked:
            found.violations.append(f"{name} is uncertain though it never passed the gate")
    elif status == "sent":
        if not delivered:
            found.lost.append(f"{name} is called sent and never came")
    elif status not in ends:
        found.lost.append(f"{name} is {status}: {email['reply']}")
    elif delivered or (dots and status == "cancelled"):
        found.violations.append(f"{name} was delivered and is {status}")
    accepted = sum(row["outcome"] == "accepted" for row in booked)
    if accepted > 1 + orders:
        found.violations.append(f"{name} has {accepted} accepted dispatches")


def _pair(found: Findings, booked: dict[UUID, list[Row]], by_email: dict[UUID, list[Dot]]) -> Iterable[Seen]:
    """Every dot has its dispatch; a dispatch without a dot is one whose worker ended in between."""
    for email_id, dots in by_email.items():
        rows = booked.get(email_id, [])
        if len(dots) > len(rows):
            found.violations.append(f"{email_id}: {len(dots)} dots, {len(rows)} dispatches that are not void")
        if len(dots) < len(rows):
            # Those without a word from the server are the ones whose dot may be missing.
            answered = [row for row in rows if row["outcome"] in ("accepted", "rejected")]
            silent = [row for row in rows if row["outcome"] not in ("accepted", "rejected")]
            rows = sorted([*answered, *silent][: len(dots)], key=lambda row: row["dispatched_at"])
        for dot, row in zip(dots, rows, strict=False):
            yield Seen(dot, row)


def _limits_on_the_wire(found: Findings, seen: Sequence[Seen]) -> None:
    for limit, scope, windows in SCOPES:
        groups: dict[Any, list[Seen]] = defaultdict(list)
        for each in seen:
            if each.dispatch[scope] is not None:
                groups[each.dispatch[scope]].append(each)
        for key, group in groups.items():
            group.sort(key=lambda each: each.dot.monotonic)
            start = count = 0
            for end in group:
                count += end.dispatch["recipients"]
                window = end.dispatch["window_seconds"] * windows
                # Only what provably lies within one window counts against it: the server may have been late to look.
                while end.dot.monotonic - group[start].dot.earliest >= window:
                    count -= group[start].dispatch["recipients"]
                    start += 1
                most = end.dispatch[limit]
                if most is not None and count > most:
                    found.violations.append(f"wire: {count} of {most} by {limit} {key} within {window:g} s")


def _gaps_on_the_wire(found: Findings, seen: Sequence[Seen]) -> None:
    groups: dict[UUID, list[Seen]] = defaultdict(list)
    for each in seen:
        groups[each.dispatch["mailbox_id"]].append(each)
    for key, group in groups.items():
        group.sort(key=lambda each: each.dot.monotonic)
        for before, after in itertools.pairwise(group):
            apart = after.dot.monotonic - before.dot.earliest  # at most
            if apart < after.dispatch["gap_ms"] / 1000:
                found.violations.append(f"wire: mailbox {key} dots {apart * 1000:.1f} ms apart")


def _limits_in_the_ledger(found: Findings, ledger: Sequence[Row]) -> None:
    for limit, scope, windows in SCOPES:
        groups: dict[Any, list[Row]] = defaultdict(list)
        for row in ledger:
            if row[scope] is not None:
                groups[row[scope]].append(row)
        for key, group in groups.items():
            group.sort(key=lambda row: row["dispatched_at"])
            start = count = 0
            for row in group:
                count += row["recipients"]
                window = row["window_seconds"] * windows
                while (row["dispatched_at"] - group[start]["dispatched_at"]).total_seconds() >= window:
                    count -= group[start]["recipients"]
                    start += 1
                if row[limit] is not None and count > row[limit]:
                    found.violations.append(f"ledger: {count} of {row[limit]} by {limit} {key} within {window:g} s")


async def verify(environment: Mapping[str, str]) -> list[str]:
    """What `paceline verify` finds."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.cli", "verify"),
        cwd=ROOT,
        env=clean_environment() | {"PYTHONPATH": str(ROOT)} | dict(environment),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return [] if process.returncode == 0 else [f"paceline verify: {line}" for line in said.decode().splitlines()]


def summary(lines: Sequence[str], most: int = 5) -> list[str]:
    """The first few of many lines."""
    return [*lines[:most], *([f"... and {len(lines) - most} more"] if len(lines) > most else [])]


def events(lines: Sequence[Row]) -> list[str]:
    """The kinds of events that workers logged, each once and short."""
    return sorted({str(line.get("event")).partition("\n")[0].partition("(")[0] for line in lines})


def tally(emails: Sequence[Row]) -> dict[str, int]:
    return dict(Counter(email["status"] for email in emails))
