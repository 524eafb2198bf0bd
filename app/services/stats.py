"""The overview, from counters and the ledger's index: no message is looked at, however many there are."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app.contract.campaigns import Counts
from app.contract.senders import Allowance
from app.contract.stats import SenderLoad, Stats
from app.db.pool import Pool
from app.db.queries import queries, rows
from app.domain.status import WAITING, Status
from app.settings import Settings


async def overview(pool: Pool, settings: Settings, *, workspace_id: UUID) -> Stats:
    window = settings.rate_window_seconds
    async with pool.connection() as conn:
        found = {
            row["status"]: row["count"] for row in await rows(queries.stats.counts(conn, workspace_id=workspace_id))
        }
        next_due = await queries.stats.next_due(conn, workspace_id=workspace_id)
        sent = await queries.stats.sent_since(conn, workspace_id=workspace_id, window=window)
        whole = await queries.stats.workspace_hour(conn, workspace_id=workspace_id, window=window)
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
        senders=[_load(row) for row in senders],
    )


def _load(row: dict[str, Any]) -> SenderLoad:
    hour = Allowance(used=row.pop("used"), limit=row.pop("hourly_limit"), next_at=row.pop("next_at"))
    return SenderLoad(hour=hour, **row)
