"""Who runs which mailbox. A lease lives as long as its worker's heartbeat; its fence tells the gate who may send."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from app.db.arrays import of_ids
from app.db.coalescing import Coalescer
from app.db.pool import FOREVER, Conn, Pool
from app.db.queries import queries, rows
from app.db.transaction import retrying, transaction
from app.domain.lateness import Downtime
from app.queue import defer_knock, defer_knocks
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


async def clock(pool: Pool) -> tuple[datetime, float, float]:
    """The database's time, and the monotonic times between which it was."""
    async with pool.connection() as conn:
        asked = time.monotonic()
        now: datetime = await queries.workers.clock(conn)
        return now, asked, time.monotonic()


async def retire(pool: Pool, worker_id: UUID) -> None:
    """The worker ends: its row goes, and the rows of workers that died long ago. What it leased and does not know of,
    since the answer came too late, goes back."""
    async with transaction(pool) as tx:
        await _give_back(
            tx, [_lease(row, worker_id) for row in await rows(queries.mailboxes.held(tx, worker_id=worker_id))]
        )
        await queries.workers.retire(tx, worker_id=worker_id)
        await queries.workers.bury(tx)


async def take(pool: Pool, mailbox_id: UUID, worker_id: UUID) -> Lease | None:
    """The lease, or None if a living worker has it. What the last runner left half done becomes `uncertain`."""
    return await _TAKEN.ask((pool, worker_id), mailbox_id)


async def _take(whose: tuple[Pool, UUID], mailbox_ids: Sequence[UUID]) -> Sequence[Lease | None]:
    pool, worker_id = whose
    async with transaction(pool) as tx:
        found = await rows(queries.mailboxes.lease(tx, mailbox_ids=list(mailbox_ids), worker_id=worker_id))
        if found:
            await rows(queries.delivery.doubt(tx, mailbox_ids=[row["id"] for row in found]))
    taken = {row["id"]: _lease(row, worker_id) for row in found}
    return [taken.get(mailbox_id) for mailbox_id in mailbox_ids]


async def release(pool: Pool, lease: Lease) -> None:
    """Gives the lease back at once, and has the mailbox looked at by another worker if something waits."""
    await _RELEASED.ask(pool, lease)


async def _release(pool: Pool, given: Sequence[Lease]) -> Sequence[None]:
    async with transaction(pool) as tx:
        await _give_back(tx, given)
    return [None] * len(given)


async def _give_back(tx: Conn, given: Sequence[Lease]) -> None:
    outlooks = await _look(tx, given)
    await queries.mailboxes.release(tx, **_keys(given))
    dues = {
        lease.mailbox_id: max(seen.wake_at, seen.blocked_until)
        for lease, seen in zip(given, outlooks, strict=True)
        if seen is not None and seen.wake_at is not None
    }
    if dues:
        now = next(seen.now for seen in outlooks if seen is not None)
        await defer_knocks(tx, {id: due for id, due in dues.items() if due != FOREVER}, now=now)


async def release_if_quiet(pool: Pool, lease: Lease, *, horizon: datetime, wake_at: datetime | None) -> bool:
    """Gives the lease back if nothing is due before `horizon`, leaving a knock for `wake_at`. False: something is."""
    async with transaction(pool) as tx:
        given = await queries.mailboxes.release_if_quiet(tx, **lease.key, horizon=horizon)
        if given and wake_at is not None:
            await defer_knock(tx, lease.mailbox_id, due=wake_at, now=horizon)
        return bool(given)


async def outlook(pool: Pool, lease: Lease) -> Outlook | None:
    """None: the lease is another's."""
    return await _SEEN.ask(pool, lease)


async def _outlooks(pool: Pool, given: Sequence[Lease]) -> Sequence[Outlook | None]:
    async with pool.connection() as conn:
        return await _look(conn, given)


async def settle(pool: Pool, lease: Lease, *, until: datetime) -> Outlook | None:
    """Brings `next_due` of the lanes up to date whose time has come, then looks. Only while nothing claimed is in hand.

    None: the lease is another's.
    """
    return await _SETTLED.ask(pool, (lease, until))


async def _settle(pool: Pool, given: Sequence[tuple[Lease, datetime]]) -> Sequence[Outlook | None]:
    async def work(tx: Conn) -> Sequence[Outlook | None]:
        due = queries.mailboxes.lock_due_lanes(
            tx, mailbox_ids=[lease.mailbox_id for lease, _ in given], untils=[until for _, until in given]
        )
        lane_ids = [row["id"] for row in await rows(due)]
        if lane_ids:
            await queries.mailboxes.refresh_next_due(tx, lane_ids=lane_ids)
        return await _look(tx, [lease for lease, _ in given])

    return await retrying(pool, work)


async def _look(conn: Conn, given: Sequence[Lease]) -> list[Outlook | None]:
    found = {row.pop("mailbox_id"): row for row in await rows(queries.mailboxes.outlook(conn, **_keys(given)))}
    seen = {mailbox_id: msgspec.convert(row, Outlook, strict=False) for mailbox_id, row in found.items()}
    return [seen.get(lease.mailbox_id) for lease in given]


def _lease(row: dict[str, Any], worker_id: UUID) -> Lease:
    return Lease(mailbox_id=row["id"], worker_id=worker_id, **{name: row[name] for name in row if name != "id"})


def _keys(given: Sequence[Lease]) -> dict[str, object]:
    """What every statement names that only the runners may make."""
    return {
        "mailbox_ids": [lease.mailbox_id for lease in given],
        "worker_ids": [lease.worker_id for lease in given],
        "fences": [lease.fence for lease in given],
    }


# One worker may run thousands of mailboxes: what their runners ask at the same time is one transaction.
_TAKEN: Final = Coalescer(_take)
_RELEASED: Final = Coalescer(_release)
_SEEN: Final = Coalescer(_outlooks)
_SETTLED: Final = Coalescer(_settle)


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
        found = await rows(queries.workers.orphans(conn, ahead=ahead, worker_id=worker_id, running=of_ids(running)))
    return [row["id"] for row in found]


async def forgotten(pool: Pool) -> list[UUID]:
    """Mailboxes that nobody runs although a message of theirs is between gate and reply: whoever takes the lease finds
    that nobody knows what became of it. Reads what is on the wire everywhere: for now and then."""
    async with pool.connection() as conn:
        return [row["id"] for row in await rows(queries.workers.forgotten(conn))]


async def hint(pool: Pool, workspace_ids: Sequence[UUID]) -> None:
    """Tells the dashboards of these workspaces to read again, and has their webhooks looked at."""
    async with pool.connection() as conn:
        await queries.workers.hint(conn, workspace_ids=list(workspace_ids))
    await webhook_calls.call(pool, workspace_ids)
