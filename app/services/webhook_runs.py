"""What the worker does to deliveries: take the lease, read what is due, write down how it went.

The same pattern as mailboxes: the rows decide, a knock says "look at webhook X", a webhook has one runner.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from app.db.pool import Pool
from app.db.queries import queries, rows
from app.db.transaction import transaction
from app.domain.webhooks import is_given_up, next_delay, pause
from app.outbound.http import Answer
from app.queue import defer_webhook_knock
from app.services import webhook_payloads
from app.services.secrets import unseal
from app.settings import Settings

GONE = 410  # RFC 9110, 15.5.11: the receiver wants nothing any more


class Lease(msgspec.Struct, frozen=True):
    workspace_id: UUID
    webhook_id: UUID
    worker_id: UUID
    fence: int

    @property
    def key(self) -> dict[str, object]:
        return {
            "workspace_id": self.workspace_id,
            "id": self.webhook_id,
            "worker_id": self.worker_id,
            "fence": self.fence,
        }


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What a runner goes by; times by the database's clock."""

    endpoint: str
    secrets: list[str]  # in force: the newest first
    failures: int  # in a row
    blocked_until: datetime
    now: datetime
    next_at: datetime | None  # of the earliest that waits; None: nothing does


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery to try now."""

    id: UUID
    body: bytes
    tries: int
    first_try_at: datetime | None


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """How a delivery was tried."""

    delivery: Due
    at: datetime
    headers: dict[str, str]  # of the request
    answer: Answer

    @property
    def is_delivered(self) -> bool:
        return self.answer.code is not None and 200 <= self.answer.code < 300

    @property
    def error(self) -> str | None:
        """Why it was not delivered, in plain words."""
        if self.is_delivered:
            return None
        code = self.answer.code
        if code is None:
            return self.answer.error
        return f"The answer was {code}: redirects are not followed." if 300 <= code < 400 else f"The answer was {code}."


async def orphans(pool: Pool, worker_id: UUID, running: Sequence[UUID]) -> list[UUID]:
    """Webhooks that have something to deliver though nobody came."""
    async with pool.connection() as conn:
        found = await rows(queries.webhooks.orphans(conn, worker_id=worker_id, running=list(running)))
    return [row["id"] for row in found]


async def take(pool: Pool, webhook_id: UUID, worker_id: UUID) -> Lease | None:
    """The lease, or None if a living worker has it, or the webhook is disabled."""
    async with pool.connection() as conn:
        found = await queries.webhooks.lease(conn, id=webhook_id, worker_id=worker_id)
    return None if found is None else Lease(found["workspace_id"], webhook_id, worker_id, found["fence"])


async def look(pool: Pool, settings: Settings, lease: Lease) -> Run | None:
    """None: the lease is another's, or the webhook was disabled. Raises ConfigurationError for a foreign SECRET_KEY."""
    async with pool.connection() as conn:
        row = await queries.webhooks.run(conn, **lease.key)
    if row is None:
        return None
    sealed = [each for each in (row["secret"], row["previous_secret"]) if each is not None]
    return Run(
        endpoint=row["endpoint"],
        secrets=[unseal(settings.secret_key, bytes(each), bound_to=lease.webhook_id.bytes) for each in sealed],
        failures=row["failures"],
        blocked_until=row["blocked_until"],
        now=row["now"],
        next_at=row["next_at"],
    )


async def release(pool: Pool, lease: Lease) -> None:
    """Gives the lease back, with a knock for the next delivery that waits for its time."""
    async with transaction(pool) as tx:
        row = await queries.webhooks.run(tx, **lease.key)
        await queries.webhooks.release(tx, **lease.key)
        if row is not None and row["next_at"] is not None:
            due = max(row["next_at"], row["blocked_until"])
            await defer_webhook_knock(tx, lease.webhook_id, due=due, now=row["now"])


async def rest(pool: Pool, lease: Lease, seconds: float) -> None:
    """After a fault of ours: whoever comes next does not run into it at once."""
    async with pool.connection() as conn:
        await queries.webhooks.rest(conn, **lease.key, seconds=seconds)


async def due(pool: Pool, lease: Lease, *, busy: Sequence[UUID], limit: int) -> list[Due]:
    """The next deliveries to try, but for those in hand, the longest due first."""
    async with pool.connection() as conn:
        found = await rows(
            queries.webhooks.due(
                conn,
                workspace_id=lease.workspace_id,
                webhook_id=lease.webhook_id,
                busy=list(busy),
                limit=limit,
            )
        )
    bodies = await webhook_payloads.bodies(pool, lease.workspace_id, found)
    if len(bodies) < len(found):
        async with pool.connection() as conn:
            untold = [row["id"] for row in found if row["id"] not in bodies]
            await queries.webhooks.give_up(conn, workspace_id=lease.workspace_id, ids=untold)
    return [
        Due(id=row["id"], body=bodies[row["id"]], tries=row["tries"], first_try_at=row["first_try_at"])
        for row in found
        if row["id"] in bodies
    ]


async def record(pool: Pool, lease: Lease, attempts: Sequence[Attempt], *, now: datetime) -> bool:
    """Writes attempts down, in the order in which they ended. False: the lease is another's, nothing was written."""
    async with transaction(pool) as tx:
        webhook = await queries.webhooks.lock_run(tx, **lease.key)
        if webhook is None:
            return False
        fates = [_fate(attempt) for attempt in attempts]
        await queries.webhooks.record(
            tx,
            workspace_id=lease.workspace_id,
            ids=[a.delivery.id for a in attempts],
            statuses=[status for status, _ in fates],
            nexts=[next_at for _, next_at in fates],
            bodies=[a.delivery.body.decode() for a in attempts],
            ats=[a.at for a in attempts],
            durations=[round(a.answer.took * 1000) for a in attempts],
            headers=[msgspec.json.encode(a.headers).decode() for a in attempts],
            codes=[a.answer.code for a in attempts],
            answers=[a.answer.body for a in attempts],
            errors=[a.error for a in attempts],
        )
        await _note_health(tx, lease, webhook, attempts, now)
    return True


def _fate(attempt: Attempt) -> tuple[str, datetime | None]:
    """(status, next attempt) of its delivery."""
    if attempt.is_delivered:
        return "delivered", None
    delivery, at = attempt.delivery, attempt.at
    wait = next_delay(
        delivery.tries + 1,
        age=at - (delivery.first_try_at or at),
        jitter=random.random(),  # noqa: S311 - spreads load
        asked=attempt.answer.retry_after or 0.0,
    )
    return ("failed", None) if wait is None else ("pending", at + timedelta(seconds=attempt.answer.took + wait))


async def _note_health(
    tx: Any, lease: Lease, webhook: dict[str, Any], attempts: Sequence[Attempt], now: datetime
) -> None:
    failures, failing_since = webhook["failures"], webhook["failing_since"]
    for attempt in attempts:
        if attempt.is_delivered:
            failures, failing_since = 0, None
        else:
            failures, failing_since = failures + 1, failing_since or attempt.at
    await queries.webhooks.note_health(
        tx,
        workspace_id=lease.workspace_id,
        id=lease.webhook_id,
        failures=failures,
        failing_since=failing_since,
        blocked_until=now + timedelta(seconds=pause(failures)),
        success_at=max((a.at for a in attempts if a.is_delivered), default=None),
        failure_at=max((a.at for a in attempts if not a.is_delivered), default=None),
    )
    if any(attempt.answer.code == GONE for attempt in attempts):
        reason = "gone"
    elif is_given_up(failing_since, now):
        reason = "failing"
    else:
        return
    await queries.webhooks.disable(tx, workspace_id=lease.workspace_id, id=lease.webhook_id, reason=reason)
