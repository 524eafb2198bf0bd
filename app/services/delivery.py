"""What the worker does to messages: read what is due, pass the gate, write down what became of it. No network here.

Whoever calls `gate` may touch the network only after it returned: then the dispatch is committed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from app.db.arrays import array, of_ids
from app.db.pool import Pool
from app.db.queries import queries, rows
from app.db.transaction import retrying, transaction
from app.domain.status import Status
from app.services import lanes
from app.services.leases import Lease


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A message that may be tried now. Reading it is the claim: the gate checks revision, status and fence again."""

    id: UUID
    revision: int
    lane_id: int
    sender_id: UUID
    campaign_id: UUID | None
    content_id: UUID
    due_at: datetime
    position: int
    first_tried_at: datetime | None
    attempts: int  # of its present lifetime
    to_address: str
    to_name: str | None
    recipients: list[dict[str, Any]] | None
    recipient_count: int
    variables: dict[str, Any] | None
    message_id: str
    late_policy: str  # send, skip, ask
    freed_at: datetime  # when a person last let its lane go
    suppressed: bool  # one of its addresses is on the suppression list

    @property
    def order(self) -> tuple[datetime, int, UUID]:
        return (self.due_at, self.position, self.id)


class Verdict(msgspec.Struct, frozen=True):
    verdict: str  # see gate() in sql/migrations/0002_gate.sql
    dispatch_id: int | None
    at: datetime
    next_at: datetime | None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one dispatch."""

    workspace_id: UUID
    dispatch_id: int
    email_id: UUID
    outcome: str  # accepted, rejected, unknown
    status: Status
    dot_at: datetime
    code: int | None
    reply: str
    preview_url: str | None = None
    due_at: datetime | None = None  # of the retry
    recipients: list[dict[str, Any]] | None = None  # with the outcome of each, where there are several
    bounced: str | None = None  # an address that does not exist


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a message that did not reach the gate."""

    email_id: UUID
    revision: int
    status: Status
    reply: str
    due_at: datetime | None = None
    recipients: list[dict[str, Any]] | None = None
    bounced: str | None = None


class Look(msgspec.Struct, frozen=True):
    """What a runner asks for: the messages of its mailbox that are due by `until`.

    Not those under way (`busy`), nor those in hand (`held`) unless they were changed since.
    """

    lease: Lease
    now: datetime
    until: datetime
    busy: Sequence[UUID] = ()
    held: Sequence[Due] = ()


async def due_of_all(pool: Pool, looks: Sequence[Look], *, limit: int) -> list[list[Due]]:
    """For each of several mailboxes its next `limit` messages, in order."""
    busy = [(look.lease.mailbox_id, id) for look in looks for id in look.busy]
    held = [(look.lease.mailbox_id, message) for look in looks for message in look.held]
    found: dict[UUID, list[Due]] = {look.lease.mailbox_id: [] for look in looks}
    async with pool.connection() as conn:
        read = await rows(
            queries.delivery.due(
                conn,
                mailbox_ids=of_ids(look.lease.mailbox_id for look in looks),
                nows=[look.now for look in looks],
                untils=[look.until for look in looks],
                busy_boxes=of_ids(mailbox_id for mailbox_id, _ in busy),
                busy=of_ids(id for _, id in busy),
                held_boxes=of_ids(mailbox_id for mailbox_id, _ in held),
                held=of_ids(message.id for _, message in held),
                revisions=array([str(message.revision) for _, message in held]),
                limit=limit,
            )
        )
    for row in read:
        found[row.pop("mailbox_id")].append(Due(**row))
    return [found[look.lease.mailbox_id] for look in looks]


async def due(
    pool: Pool,
    lease: Lease,
    *,
    now: datetime,
    until: datetime,
    limit: int,
    busy: Sequence[UUID] = (),
    held: Sequence[Due] = (),
) -> list[Due]:
    """The same for one mailbox."""
    (found,) = await due_of_all(pool, [Look(lease, now, until, busy, held)], limit=limit)
    return found


async def campaign_limits(pool: Pool, workspace_id: UUID, ids: Sequence[UUID]) -> dict[UUID, int]:
    async with pool.connection() as conn:
        found = await rows(queries.delivery.campaign_limits(conn, workspace_id=workspace_id, ids=list(ids)))
    return {row["id"]: row["hourly_limit"] for row in found}


async def gate(
    pool: Pool, lease: Lease, *, window: float, prior_dot: datetime | None, offers: Sequence[Due]
) -> dict[UUID, Verdict]:
    """One commit that decides which of `offers` may have their dot now, and books them. Verdicts: see the SQL."""
    async with pool.connection() as conn:
        found = await rows(
            queries.delivery.gate(
                conn,
                workspace_id=lease.workspace_id,
                **lease.key,
                window=window,
                prior_dot=prior_dot,
                email_ids=[offer.id for offer in offers],
                revisions=[offer.revision for offer in offers],
            )
        )
    return {row["email_id"]: Verdict(row["verdict"], row["dispatch_id"], row["at"], row["next_at"]) for row in found}


async def gate_unlimited(pool: Pool, *, window: float, offers: Sequence[tuple[Lease, Due]]) -> dict[UUID, Verdict]:
    """The same for messages of several mailboxes of one worker and workspace. What needs a count is `counted`."""
    async with pool.connection() as conn:
        found = await rows(
            queries.delivery.gate_unlimited(
                conn,
                workspace_id=offers[0][0].workspace_id,
                worker_id=offers[0][0].worker_id,
                window=window,
                mailbox_ids=of_ids(lease.mailbox_id for lease, _ in offers),
                fences=array([str(lease.fence) for lease, _ in offers]),
                email_ids=of_ids(offer.id for _, offer in offers),
                revisions=array([str(offer.revision) for _, offer in offers]),
            )
        )
    return {row["email_id"]: Verdict(row["verdict"], row["dispatch_id"], row["at"], row["next_at"]) for row in found}


async def void(pool: Pool, lease: Lease, dispatch_ids: Sequence[int]) -> None:
    """Takes back dispatches whose dot was provably never written: quota and message return."""

    async def work(tx: Any) -> None:
        voided = await rows(
            queries.delivery.void(
                tx,
                workspace_id=lease.workspace_id,
                mailbox_id=lease.mailbox_id,
                worker_id=lease.worker_id,
                dispatch_ids=list(dispatch_ids),
            )
        )
        # The lease may be another's by now, whose runner took these messages for gone.
        email_ids = [row["email_id"] for row in voided]
        for lane in await rows(queries.delivery.due_by_lane(tx, workspace_id=lease.workspace_id, email_ids=email_ids)):
            await lanes.retry_later(tx, lease.workspace_id, lane["lane_id"], due=lane["due_at"])

    await retrying(pool, work)


async def void_unsent(pool: Pool, lease: Lease, email_ids: Sequence[UUID]) -> None:
    """After a gate of whose commit nothing is known, and no dot: what it may have booked is taken back."""
    async with transaction(pool) as tx:
        # Its connection is lost, but it may be deciding still: until it has, there is nothing to be seen of it.
        await queries.delivery.wait_for_gate(
            tx, workspace_id=lease.workspace_id, mailbox_id=lease.mailbox_id, email_ids=list(email_ids)
        )
        found = await rows(
            queries.delivery.unsettled(
                tx,
                workspace_id=lease.workspace_id,
                email_ids=list(email_ids),
                worker_id=lease.worker_id,
                fence=lease.fence,
            )
        )
    if found:
        await void(pool, lease, [row["id"] for row in found])


async def record(pool: Pool, outcomes: Sequence[Outcome]) -> None:
    """Writes down outcomes, a batch in one commit. Doing it twice changes nothing."""

    async def work(tx: Any) -> None:
        for each in _one_a_message(outcomes):
            await _record(tx, each)

    # Nearly always it is one statement, which needs no transaction around it: one round trip instead of three.
    is_one = len({o.email_id for o in outcomes}) == len(outcomes)
    if is_one and all(o.due_at is None and o.bounced is None for o in outcomes):
        await retrying(pool, work, in_transaction=False)
    else:
        await retrying(pool, work)


def _one_a_message(outcomes: Sequence[Outcome]) -> list[Sequence[Outcome]]:
    """Nearly always the batch as it is. Of a message that a person has had sent again two dispatches may end together:
    then one after the other, what arrived first."""
    if len({o.email_id for o in outcomes}) == len(outcomes):
        return [outcomes]
    batches: list[dict[UUID, Outcome]] = []
    for o in sorted(outcomes, key=lambda o: o.status is not Status.SENT):
        batch = next((batch for batch in batches if o.email_id not in batch), None)
        if batch is None:
            batches.append(batch := {})
        batch[o.email_id] = o
    return [[*batch.values()] for batch in batches]


async def _record(tx: Any, outcomes: Sequence[Outcome]) -> None:
    waiting = await rows(queries.delivery.record(tx, outcomes=msgspec.json.encode(outcomes).decode()))
    for lane in waiting:
        await lanes.retry_later(tx, lane["workspace_id"], lane["lane_id"], due=lane["due_at"])
    for o in outcomes:
        if o.bounced is not None:
            await _suppress(tx, o.workspace_id, o.bounced, o)


async def refuse(pool: Pool, lease: Lease, refusals: Sequence[Refusal]) -> None:
    """Writes down what was refused before the gate. Changes nothing without the lease or on an edited message."""

    async def work(tx: Any) -> None:
        waiting = await rows(
            queries.delivery.refuse(
                tx,
                workspace_id=lease.workspace_id,
                **lease.key,
                email_ids=[r.email_id for r in refusals],
                revisions=[r.revision for r in refusals],
                statuses=[r.status.value for r in refusals],
                replies=[r.reply for r in refusals],
                dues=[r.due_at for r in refusals],
                recipients=_jsonb([r.recipients for r in refusals]),
            )
        )
        for lane in waiting:
            await lanes.retry_later(tx, lease.workspace_id, lane["lane_id"], due=lane["due_at"])
        for r in refusals:
            if r.bounced is not None:
                await _suppress(tx, lease.workspace_id, r.bounced, r)

    await retrying(pool, work)


async def set_late(pool: Pool, lease: Lease, email_ids: Sequence[UUID]) -> None:
    """What a downtime made late is missed or held, by its own policy."""

    async def work(tx: Any) -> None:
        await rows(
            queries.delivery.set_late(tx, workspace_id=lease.workspace_id, **lease.key, email_ids=list(email_ids))
        )

    await retrying(pool, work)


async def why_suppressed(pool: Pool, lease: Lease, email_id: UUID) -> str:
    """In words, which of its addresses is suppressed and why."""
    async with pool.connection() as conn:
        found = await queries.suppressions.why(conn, workspace_id=lease.workspace_id, email_id=email_id)
    return found or "The address was on the suppression list."


async def _suppress(tx: Any, workspace_id: UUID, address: str, last: Outcome | Refusal) -> None:
    await queries.delivery.suppress(
        tx, workspace_id=workspace_id, addresses=[address], details=[last.reply], source_ids=[last.email_id]
    )


def _jsonb(values: Sequence[Any]) -> list[str | None]:
    return [None if value is None else msgspec.json.encode(value).decode() for value in values]
