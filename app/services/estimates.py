"""Forecasts of campaigns: what is asked about, foretold by `domain.forecast` from what lanes and counters say now."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from app.contract.estimates import Estimate, NewEstimate
from app.db.pool import Conn, Pool
from app.db.queries import queries, rows
from app.domain.campaigns import State
from app.domain.forecast import forecast
from app.domain.recipients import collect
from app.errors import Problem, ValidationError
from app.services import campaign_timing, estimate_words
from app.services.campaign_drafts import entry_of
from app.services.campaign_timing import Timing
from app.services.estimate_situation import Asked, look
from app.settings import Settings


async def estimate(
    pool: Pool, settings: Settings, *, workspace_id: UUID, wanted: NewEstimate, now: datetime
) -> Estimate:
    """Books nothing and looks at no message, however many there are. Raises ValidationError."""
    window = settings.rate_window_seconds
    async with pool.connection() as conn:
        if wanted.campaign_id is None:
            asked = await _new(conn, workspace_id, wanted, now)
        else:
            asked = await _existing(conn, workspace_id, wanted, now)
        situation = await look(conn, workspace_id, asked, window=window, now=now)

    def foretell() -> Estimate:
        found = forecast(situation.boxes, now=now.timestamp(), window=window)
        return estimate_words.told(found, asked, situation, window=window)

    try:
        return await asyncio.to_thread(foretell)  # a limit of one an hour and hours that hardly open take a while
    except (ValueError, OverflowError):  # where the calendar ends
        path = "count" if wanted.campaign_id is None else "campaign_id"
        why = "At this pace it goes on after the year 9999: raise a limit, or widen the sending hours."
        raise ValidationError.at(path, why) from None


async def _new(conn: Conn, workspace_id: UUID, wanted: NewEstimate, now: datetime) -> Asked:
    problems: list[Problem] = []
    senders = await _senders(conn, workspace_id, wanted.sender_ids, problems)
    count = await _count(conn, workspace_id, wanted, problems)
    default = Timing(start_at=now, timezone=await queries.campaigns.timezone(conn, workspace_id=workspace_id))
    given = {field: value for field in campaign_timing.FIELDS if (value := getattr(wanted, field)) is not None}
    timing = campaign_timing.changed(default, given, now, problems)
    problems.extend(campaign_timing.check_span(timing, count))
    problems.extend(campaign_timing.check_hours(timing, senders, now))
    if problems:
        raise ValidationError.of(problems)
    return Asked(count=count, timing=timing, hourly_limit=wanted.hourly_limit, senders=senders)


async def _existing(conn: Conn, workspace_id: UUID, wanted: NewEstimate, now: datetime) -> Asked:
    if wanted != NewEstimate(campaign_id=wanted.campaign_id):
        raise ValidationError.at("campaign_id", "Give the campaign_id alone: all else is known of it.")
    row = await queries.forecast.campaign(conn, workspace_id=workspace_id, id=wanted.campaign_id)
    if row is None:
        raise ValidationError.at("campaign_id", "There is no such campaign in this workspace.")
    senders = await rows(queries.forecast.senders(conn, workspace_id=workspace_id, ids=row["sender_ids"]))
    timing, state = campaign_timing.of_row(row), State(row["state"])
    if state is State.DRAFT:
        timing = msgspec.structs.replace(timing, start_at=max(timing.start_at, now))
    return Asked(
        count=row["recipient_count"],
        timing=timing,
        hourly_limit=row["hourly_limit"],
        senders=senders,
        id=wanted.campaign_id,
        state=state,
    )


async def _senders(
    conn: Conn, workspace_id: UUID, ids: Sequence[UUID] | None, problems: list[Problem]
) -> list[dict[str, Any]]:
    """In the order of `ids`; without any the default one."""
    found = await rows(queries.forecast.senders(conn, workspace_id=workspace_id, ids=list(ids or [])))
    known = {row["id"] for row in found}
    if ids is None and not found:
        problems.append(Problem("sender_ids", "There is no sender yet: add one with POST /v1/senders."))
    for index, id in enumerate(ids or []):
        if id not in known:
            problems.append(Problem(f"sender_ids[{index}]", "There is no such sender: GET /v1/senders lists them."))
    return found


async def _count(conn: Conn, workspace_id: UUID, wanted: NewEstimate, problems: list[Problem]) -> int:
    """How many it goes to."""
    given = [field for field in ("count", "recipients", "import_id") if getattr(wanted, field) is not None]
    if len(given) != 1:
        problems.append(Problem("count", "Give one of count, recipients, import_id and campaign_id."))
        return 0
    if wanted.count is not None:
        return wanted.count
    if wanted.recipients is not None:
        return len(collect(entry_of(index, each) for index, each in enumerate(wanted.recipients)).valid)
    found: Mapping[str, Any] | None = await queries.imports.get(conn, workspace_id=workspace_id, id=wanted.import_id)
    if found is None or found["purpose"] != "recipients":
        problems.append(Problem("import_id", "There is no such import in this workspace."))
        return 0
    return int(found["valid"])
