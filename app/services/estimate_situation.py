"""What a forecast starts from: the mailboxes that a campaign leaves by, all that waits in their lanes and what their
limits count now. No message is looked at: a lane knows how many wait, its campaign when they are due, and of single
emails that are due later `lane_dues` keeps a count a minute.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from app.db.pool import FOREVER, Conn
from app.db.queries import queries, rows
from app.domain.campaigns import State, pace_on
from app.domain.forecast_lanes import Bound, Hours, Lane, Mailbox, Run
from app.domain.hosts import is_local
from app.domain.pacing import DAY, Counter
from app.domain.waiting import Barrier
from app.domain.windows import Window
from app.services import windows
from app.services.campaign_timing import Timing
from app.services.email_views import windows_of

FAR: Final = 0.25  # seconds that a message takes at a mail server of which nothing is known yet
NEAR: Final = 0.002  # the same at one on this machine
ROUND_TRIPS: Final = 2  # that a message takes; the ledger knows the time of the last
PASSING: Final = 0.004  # seconds from a dot and its gap to the next dot, besides what is known of a mailbox


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The campaign that is asked about. Once scheduled its messages are in their lanes."""

    count: int
    timing: Timing
    hourly_limit: int | None
    senders: Sequence[Mapping[str, Any]]
    id: UUID | None = None
    state: State = State.DRAFT


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    boxes: list[Mailbox]
    mailboxes: list[Mapping[str, Any]]  # the rows, in the same order
    workspace_limit: int | None
    ahead: int  # messages of others that wait on the mailboxes of ours


class _Reading(msgspec.Struct):
    """What was read so far. Counters and hours are shared by all who have the same."""

    now: datetime
    window: float
    counters: dict[tuple[str, UUID], Counter]
    hours: dict[tuple[Window, ...], Hours]

    def hours_of(self, wanted: Sequence[Window]) -> Hours:
        key = tuple(wanted)
        return self.hours.setdefault(key, Hours(key))


async def look(conn: Conn, workspace_id: UUID, asked: Asked, *, window: float, now: datetime) -> Situation:
    """`window`: seconds of an hour."""
    limit = asked.senders[0]["workspace_limit"] if asked.senders else None
    ids = {sender["mailbox_id"] for sender in asked.senders}
    boxes = await rows(
        queries.forecast.mailboxes(conn, workspace_id=workspace_id, ids=list(ids), all=limit is not None)
    )
    lanes = await rows(
        queries.forecast.lanes(
            conn, workspace_id=workspace_id, mailbox_ids=[box["id"] for box in boxes], campaign_id=asked.id
        )
    )
    single = [lane["id"] for lane in lanes if lane["campaign_id"] is None]
    later: dict[int, list[Run]] = defaultdict(list)
    for due in await rows(queries.forecast.dues(conn, workspace_id=workspace_id, lane_ids=single, now=now)):
        later[due["lane_id"]].append(Run(due["starts"], due["seconds"] / due["count"], due["count"]))
    scopes = _scopes(workspace_id, limit, boxes, lanes, asked)
    reading = _Reading(now, window, await _counters(conn, workspace_id, scopes, window), {})

    queued: dict[UUID, list[Lane]] = defaultdict(list)
    for row in lanes:
        queued[row["mailbox_id"]].append(_lane(row, later[row["id"]], reading, asked))
    ahead = sum(lane.left for id in ids for lane in queued[id] if not lane.is_ours)
    if asked.state is State.DRAFT:
        for sender, lane in zip(asked.senders, _drafted(asked, reading), strict=False):
            queued[sender["mailbox_id"]].append(lane)
    return Situation(
        boxes=[_mailbox(box, workspace_id, queued[box["id"]], reading) for box in boxes],
        mailboxes=list(boxes),
        workspace_limit=limit,
        ahead=ahead,
    )


def _scopes(
    workspace_id: UUID,
    limit: int | None,
    boxes: Sequence[Mapping[str, Any]],
    lanes: Sequence[Mapping[str, Any]],
    asked: Asked,
) -> dict[tuple[str, UUID], int]:
    """The limits that are in force, by kind and whose they are."""
    limits: dict[tuple[str, UUID], int | None] = {("workspace_hour", workspace_id): limit}
    for box in boxes:
        limits["mailbox_day", box["id"]] = box["daily_limit"]
        limits["mailbox_hour", box["id"]] = box["hourly_limit"]
    for lane in lanes:
        if lane["campaign_id"] is not None:
            limits["campaign_hour", lane["campaign_id"]] = lane["hourly_limit"]
    return {scope: limit for scope, limit in limits.items() if limit is not None}


async def _counters(
    conn: Conn, workspace_id: UUID, scopes: Mapping[tuple[str, UUID], int], window: float
) -> dict[tuple[str, UUID], Counter]:
    spans = {scope: window * DAY if scope[0] == "mailbox_day" else window for scope in scopes}
    found = await rows(
        queries.forecast.counters(
            conn,
            workspace_id=workspace_id,
            kinds=[kind for kind, _ in scopes],
            ids=[id for _, id in scopes],
            windows=[*spans.values()],
        )
    )
    counters = {scope: Counter(limit, spans[scope]) for scope, limit in scopes.items()}
    for row in found:
        scope = (row["kind"], row["id"])
        slots = [(row["head"] - age, count) for age, count in enumerate(row["counts"])]
        counters[scope] = Counter(scopes[scope], spans[scope], reversed(slots))
    return counters


def _lane(row: Mapping[str, Any], later: list[Run], reading: _Reading, asked: Asked) -> Lane:
    """A lane that there is."""
    now, waiting = reading.now.timestamp(), row["waiting"]
    if row["campaign_id"] is None:
        runs = [Run(now, 0.0, max(0, waiting - sum(run.count for run in later))), *later]
    else:
        runs = _dealt(row, waiting, row["sender_ids"].index(row["sender_id"]), row["recipient_count"])
    is_ours = asked.id is not None and row["campaign_id"] == asked.id
    return Lane(
        runs,
        hours=reading.hours_of([*windows_of(row, "sender"), *windows_of(row, "campaign")]),
        not_before=_held_until(row, reading.now),
        held_by=Bound.TROUBLE,
        campaign=reading.counters.get(("campaign_hour", row["campaign_id"])),
        is_ours=is_ours,
    )


def _dealt(row: Mapping[str, Any], waiting: int, sender: int, count: int) -> list[Run]:
    """The last `waiting` messages of a campaign's lane: they leave in their order."""
    delay = row["delay_ms"] / 1000
    first, step, dealt = pace_on(sender, min(len(row["sender_ids"]), max(count, 1)), count, delay)
    gone = max(0, dealt - waiting)
    start = row["start_at"].timestamp() + first + gone * step + delay * row["jitter_percent"] / 200
    return [Run(start, step, min(waiting, dealt)), Run(start, 0.0, max(0, waiting - dealt))]


def _drafted(asked: Asked, reading: _Reading) -> list[Lane]:
    """The lanes that the campaign will have, by sender."""
    senders = asked.senders[: asked.count]
    timing = asked.timing
    start = timing.start_at.timestamp() + timing.delay_ms * timing.jitter_percent / 200_000
    limit = asked.hourly_limit
    campaign = None if limit is None else Counter(limit, reading.window)
    lanes = []
    for at, sender in enumerate(senders):
        first, step, count = pace_on(at, len(senders), asked.count, timing.delay_ms / 1000)
        own = windows.of_row(sender, sender["window_timezone"])
        run = Run(start + first, step, count)
        lanes.append(
            Lane(
                [run],
                hours=reading.hours_of([each for each in (own, timing.window) if each]),
                campaign=campaign,
                is_ours=True,
            )
        )
    return lanes


def _mailbox(box: Mapping[str, Any], workspace_id: UUID, lanes: Sequence[Lane], reading: _Reading) -> Mailbox:
    scopes = [
        (Bound.WORKSPACE_HOUR, workspace_id),
        (Bound.MAILBOX_DAY, box["id"]),
        (Bound.MAILBOX_HOUR, box["id"]),
    ]
    known = box["reply_seconds"]
    gap = box["min_delay_ms"] / 1000
    per_message = known * ROUND_TRIPS if known is not None else NEAR if is_local(box["host"]) else FAR
    return Mailbox(
        lanes,
        counters=[
            (kind, reading.counters[kind.value, id]) for kind, id in scopes if (kind.value, id) in reading.counters
        ],
        gap=gap + PASSING + (box["dot_seconds"] or 0.0) if gap else 0.0,
        per_message=per_message,
        concurrency=box["concurrency"],
        free_at=box["free_at"].timestamp() if box["free_at"] > reading.now else -math.inf,
        not_before=_held_until(box, reading.now),
    )


def _held_until(row: Mapping[str, Any], now: datetime) -> float:
    """Until when something holds it back that no rule foretells: a server in trouble. What a person holds back is
    foretold as if it was let go."""
    until: datetime = row["blocked_until"]
    barrier = Barrier(row["blocked_reason"], None if until == FOREVER else until)
    is_held = barrier.holds(now) and barrier.until is not None and not barrier.follows
    return until.timestamp() if is_held else -math.inf
