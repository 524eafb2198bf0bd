"""The overview, from counters and the ledger's index: no message is looked at, however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from app.contract.campaigns import Counts
from app.contract.senders import Allowance
from app.contract.stats import OnTime, SenderLoad, SentHour, Stats
from app.db.pool import Pool
from app.db.queries import queries, rows
from app.domain.status import WAITING, Status
from app.settings import Settings

LOOKED_AT: Final = 1000  # dispatches, for how punctual they were


async def overview(pool: Pool, settings: Settings, *, workspace_id: UUID) -> Stats:
    window = settings.rate_window_seconds
    async with pool.connection() as conn:
        found = {
            row["status"]: row["count"] for row in await rows(queries.stats.counts(conn, workspace_id=workspace_id))
        }
        next_due = await queries.stats.next_due(conn, workspace_id=workspace_id)
        sent = await queries.stats.sent_since(conn, workspace_id=workspace_id, window=window)
        whole = await queries.stats.workspace_hour(conn, workspace_id=workspace_id, window=window)
        hours = await rows(queries.stats.hours(conn, workspace_id=workspace_id))
        on_time = await queries.stats.on_time(conn, workspace_id=workspace_id, count=LOOKED_AT)
        timezone = await queries.campaigns.timezone(conn, workspace_id=workspace_id)
        senders = await rows(queries.stats.senders(conn, workspace_id=workspace_id, window=window))
    counts = {status: found.get(status, 0) for status in Status}
    waiting = sum(counts[status] for status in (*WAITING, Status.HELD))
    return Stats(
        object="stats",
        counts=Counts(**counts),
        waiting=waiting,
        next_due_at=next_due if waiting else None,
        sending=counts[Status.SENDING],
        sent=counts[Status.SENT],
        sent_last_hour=sent,
        failed=counts[Status.FAILED],
        uncertain=counts[Status.UNCERTAIN],
        window_seconds=window,
        workspace_hour=None if whole is None else Allowance(**whole),
        hours=[SentHour(**row) for row in hours],
        hour_limit=_hour_limit(None if whole is None else whole["limit"], senders, window),
        timezone=timezone,
        on_time=OnTime(**on_time),
        senders=[_load(row) for row in senders],
    )


def _load(row: dict[str, Any]) -> SenderLoad:
    hour = Allowance(used=row["used"], limit=row["hourly_limit"], next_at=row["next_at"])
    hidden = ("used", "hourly_limit", "next_at", "mailbox_id")
    return SenderLoad(hour=hour, **{field: value for field, value in row.items() if field not in hidden})


def _hour_limit(whole: int | None, senders: Sequence[dict[str, Any]], window: float) -> int | None:
    """All mailboxes together, and no more than the workspace's own limit. Where an hour is shortened it has several."""
    of_mailboxes = {row["mailbox_id"]: row["hourly_limit"] for row in senders}.values()
    together = None if not of_mailboxes or None in of_mailboxes else sum(of_mailboxes)
    limits = [limit for limit in (whole, together) if limit is not None]
    return round(min(limits) * 3600 / window) if limits else None
