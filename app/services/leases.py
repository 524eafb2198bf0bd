"""Who runs which mailbox. A lease lives as long as its worker's heartbeat; its fence tells the gate who may send."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from app.db.pool import FOREVER, Pool
from app.db.queries import queries, rows
from app.db.transaction import retrying, transaction
from app.domain.lateness import Downtime
from app.queue import defer_knock
from app.services import webhook_calls


class Lease(msgspec.Struct, frozen=True):
    workspace_id: UUID
    mailbox_id: UUID
    worker_id: UUID
    fence: int
    host: str
    port: int
    username: str

    @property
    def key(self) -> dict[str, object]:
        """What every statement names that only the runner may make."""
        return {"mailbox_id": self.mailbox_id, "worker_id": self.worker_id, "fence": self.fence}


class Outlook(msgspec.Struct, frozen=True):
    """All that decides when a runner looks next; times by the database's clock."""

    now: datetime
    wake_at: datetime | None  # the earliest lane; None: nothing waits at all
    blocked_until: datetime
    blocked_reason: str | None
    min_delay_ms: int
    concurrency: int
    hourly_limit: int | None
    daily_limit: int | None
    workspace_limit: int | None
    late_after_seconds: int


async def beat(pool: Pool, worker_id: UUID, *, host: str, pid: int, lease_seconds: float) -> datetime:
    """Keeps the worker's leases alive for `lease_seconds` from now. Returns the database's time."""
    async with pool.connection() as conn:
        now: datetime = await queries.workers.beat(conn, worker_id=worker_id, host=host, pid=pid, lease=lease_seconds)
        return now


async def retire(pool: Pool, worker_id: UUID) -> None:
    """The worker ends: its row goes, and the rows of workers that died long ago."""
    async with transaction(pool) as tx:
        await queries.workers.retire(tx, worker_id=worker_id)
        await queries.workers.bury(tx)


async def take(pool: Pool, mailbox_id: UUID, worker_id: UUID) -> Lease | None:
    """The lease, or None if a living worker has it. What the last runner left half done becomes `uncertain`."""
    async with transaction(pool) as tx:
        found = await queries.mailboxes.lease(tx, mailbox_id=mailbox_id, worker_id=worker_id)
        if found is None:
            return None
        await rows(queries.delivery.doubt(tx, mailbox_id=mailbox_id))
    return Lease(
        workspace_id=found["workspace_id"],
        mailbox_id=mailbox_id,
        worker_id=worker_id,
        fence=found["fence"],
        host=found["host"],
        port=found["port"],
        username=found["username"],
    )


async def release(pool: Pool, lease: Lease) -> None:
    """Gives the lease back at once, and has the mailbox looked at by another worker if something waits."""
    async with transaction(pool) as tx:
        outlook = await queries.mailboxes.outlook(tx, **lease.key)
        await queries.mailboxes.release(tx, **lease.key)
        if outlook is not None and outlook["wake_at"] is not None:
            due = max(outlook["wake_at"], outlook["blocked_until"])
            if due != FOREVER:
                await defer_knock(tx, lease.mailbox_id, due=due, now=outlook["now"])


async def release_if_quiet(pool: Pool, lease: Lease, *, horizon: datetime, wake_at: datetime | None) -> bool:
    """Gives the lease back if nothing is due before `horizon`, leaving a knock for `wake_at`. False: something is."""
    async with transaction(pool) as tx:
        given = await queries.mailboxes.release_if_quiet(tx, **lease.key, horizon=horizon)
        if given and wake_at is not None:
            await defer_knock(tx, lease.mailbox_id, due=wake_at, now=horizon)
        return bool(given)


async def outlook(pool: Pool, lease: Lease) -> Outlook | None:
    """None: the lease is another's."""
    async with pool.connection() as conn:
        found = await queries.mailboxes.outlook(conn, **lease.key)
    return None if found is None else msgspec.convert(found, Outlook, strict=False)


async def settle_lanes(pool: Pool, mailbox_id: UUID, *, until: datetime) -> None:
    """Brings `next_due` of the lanes up to date whose time has come. Only while nothing claimed is in hand."""

    async def work(tx: object) -> None:
        found = await rows(queries.mailboxes.lock_due_lanes(tx, mailbox_id=mailbox_id, until=until))
        await queries.mailboxes.refresh_next_due(tx, lane_ids=[row["id"] for row in found])

    await retrying(pool, work)


async def downtimes(pool: Pool, *, days: int = 30) -> list[Downtime]:
    """The spans without a worker of the last `days` days."""
    async with pool.connection() as conn:
        return [Downtime(**row) for row in await rows(queries.workers.downtimes(conn, days=days))]


async def orphans(
    pool: Pool, *, ahead: float = 0.0, worker_id: UUID | None = None, running: Sequence[UUID] = ()
) -> list[UUID]:
    """Mailboxes whose worker died, that have something due within `ahead` seconds though nobody came, or that
    `worker_id` leased and does not run.
    """
    async with pool.connection() as conn:
        found = await rows(queries.workers.orphans(conn, ahead=ahead, worker_id=worker_id, running=list(running)))
    return [row["id"] for row in found]


async def hint(pool: Pool, workspace_ids: Sequence[UUID]) -> None:
    """Tells the dashboards of these workspaces to read again, and has their webhooks looked at."""
    async with pool.connection() as conn:
        await queries.workers.hint(conn, workspace_ids=list(workspace_ids))
    await webhook_calls.call(pool, workspace_ids)
