"""The same as email_controls for many messages: of a list of ids, or of a filter, in batches of bounded size."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from app.contract.email_controls import (
    BulkAnswer,
    CancelEmails,
    EmailFilter,
    EmailRefusal,
    EmailStatus,
    ResolveEmails,
    RetryEmails,
)
from app.db.pool import Conn, Pool
from app.db.queries import queries, rows
from app.db.transaction import retrying
from app.domain.actors import Actor
from app.domain.scheduling import read_moment
from app.domain.status import Status
from app.errors import Problem, ValidationError
from app.services import feed
from app.services.email_controls import cancel_some, resolve_some, retry_some
from app.services.email_decisions import (
    CHANGEABLE,
    DECISIONS,
    RETRYABLE,
    stands_as,
    waits_on_order,
    why_not_cancelled,
    why_not_resolved,
    why_not_retried,
)
from app.services.email_lists import HIGHEST, LOWEST

BATCH: Final = 500  # messages in one transaction
MOST: Final = 20_000  # messages of a filter in one request

Change = Callable[[Conn, Sequence[UUID]], Awaitable[set[UUID]]]  # changes those that it may and returns them


async def cancel_many(pool: Pool, *, workspace_id: UUID, wanted: CancelEmails, by: Actor) -> BulkAnswer:
    """Once this returns none of those it names will be sent. Raises ValidationError."""
    _check(wanted.ids, wanted.filter, [status for status in Status if status in CHANGEABLE])

    async def change(tx: Conn, ids: Sequence[UUID]) -> set[UUID]:
        return await cancel_some(tx, workspace_id, ids, by=by)

    if wanted.filter is not None:
        return await _of_filter(pool, workspace_id, wanted.filter, change, again=False, certain=False)
    return await _of_ids(
        pool,
        workspace_id,
        wanted.ids or [],
        change,
        why_not=lambda found: None if found["status"] == Status.CANCELLED else why_not_cancelled(found),
    )


async def retry_many(pool: Pool, *, workspace_id: UUID, wanted: RetryEmails, by: Actor, now: datetime) -> BulkAnswer:
    """A filter leaves out what a person gave up in doubt: only its id brings that back. Raises ValidationError."""
    _check(wanted.ids, wanted.filter, RETRYABLE)
    due_at = None if wanted.scheduled_at is None else read_moment(wanted.scheduled_at, now)

    async def change(tx: Conn, ids: Sequence[UUID]) -> set[UUID]:
        return await retry_some(tx, workspace_id, ids, due_at=due_at, by=by, now=now)

    if wanted.filter is not None:
        return await _of_filter(pool, workspace_id, wanted.filter, change, again=True, certain=True)
    return await _of_ids(
        pool,
        workspace_id,
        wanted.ids or [],
        change,
        why_not=lambda found: None if due_at is None and waits_on_order(found) else why_not_retried(found),
    )


async def resolve_many(
    pool: Pool, *, workspace_id: UUID, wanted: ResolveEmails, by: Actor, now: datetime
) -> BulkAnswer:
    """Raises ValidationError."""
    action, decisions = wanted.action, DECISIONS[wanted.action]
    again = any(decision.new is Status.SCHEDULED for decision in decisions)
    _check(wanted.ids, wanted.filter, [decision.old for decision in decisions])
    if wanted.filter is not None:
        decisions = [decision for decision in decisions if decision.old is wanted.filter.status]

    async def change(tx: Conn, ids: Sequence[UUID]) -> set[UUID]:
        done: set[UUID] = set()
        for decision in decisions:
            done |= await resolve_some(tx, workspace_id, ids, action=action, decision=decision, by=by, now=now)
        return done

    if wanted.filter is not None:
        return await _of_filter(pool, workspace_id, wanted.filter, change, again=again, certain=False)
    return await _of_ids(
        pool,
        workspace_id,
        wanted.ids or [],
        change,
        why_not=lambda found: None if stands_as(found, action) else why_not_resolved(found, action),
    )


def _check(ids: Sequence[UUID] | None, filter: EmailFilter | None, statuses: Sequence[Status]) -> None:
    if (ids is None) == (filter is None):
        raise ValidationError.of([Problem("ids", "Give either ids or a filter.")])
    if filter is not None and filter.status not in statuses:
        raise ValidationError.at("filter.status", f"This is for what is {' or '.join(statuses)}.")


async def _of_ids(
    pool: Pool,
    workspace_id: UUID,
    ids: Sequence[UUID],
    change: Change,
    *,
    why_not: Callable[[dict[str, object]], str | None],
) -> BulkAnswer:
    """Each id by itself: what cannot be changed is named and holds nothing else up."""
    ids = list(dict.fromkeys(ids))

    async def work(tx: Conn) -> BulkAnswer:
        changed = await change(tx, ids)
        found = {
            row["id"]: row
            for row in await rows(queries.email_controls.statuses(tx, workspace_id=workspace_id, ids=ids))
        }
        data, errors = [], []
        for id in ids:
            row = found.get(id)
            why = "There is no such message in this workspace." if row is None else why_not(row)
            if row is not None and (id in changed or why is None):
                data.append(EmailStatus(id=id, status=Status(row["status"])))
            else:
                errors.append(EmailRefusal(id=id, message=why or ""))
        return BulkAnswer(count=len(changed), data=data, errors=errors, has_more=False)

    answer = await retrying(pool, work)
    feed.announce(pool, workspace_id)
    return answer


async def _of_filter(
    pool: Pool, workspace_id: UUID, filter: EmailFilter, change: Change, *, again: bool, certain: bool
) -> BulkAnswer:
    """All that match, a batch in a transaction of its own, up to MOST in a request."""
    above, below = LOWEST, HIGHEST
    if filter.campaign_id is not None:
        async with pool.connection() as conn:
            span = await queries.emails.campaign_span(conn, workspace_id=workspace_id, campaign_id=filter.campaign_id)
        if span is None or span["first"] is None:
            return BulkAnswer(count=0, data=[], errors=[], has_more=False)
        above, below = UUID(int=span["first"].int - 1), UUID(int=span["last"].int + 1)
    count = seen = 0
    while seen < MOST:

        async def work(tx: Conn, above: UUID = above) -> tuple[list[UUID], set[UUID]]:
            batch = await rows(
                queries.email_controls.matching(
                    tx,
                    workspace_id=workspace_id,
                    status=filter.status.value,
                    campaign_id=filter.campaign_id,
                    above=above,
                    below=below,
                    again=again,
                    certain=certain,
                    count=BATCH,
                )
            )
            ids = [row["id"] for row in batch]
            return ids, await change(tx, ids) if ids else set()

        ids, changed = await retrying(pool, work)
        count += len(changed)
        seen += len(ids)
        feed.announce(pool, workspace_id)
        if len(ids) < BATCH:
            return BulkAnswer(count=count, data=[], errors=[], has_more=False)
        above = ids[-1]
    return BulkAnswer(count=count, data=[], errors=[], has_more=True)
