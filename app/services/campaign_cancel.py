"""Campaigns cancelled: a stop is a few rows, whatever the backlog. The messages are marked afterwards, a batch at a
time, by whoever takes it up: nothing is lost if a process dies in between.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from app.contract.campaigns import Campaign
from app.db.pool import Conn, Pool
from app.db.queries import queries
from app.db.transaction import retrying
from app.domain.actors import Actor
from app.domain.campaigns import OPEN, State
from app.queue import defer_cancel
from app.services import campaigns, feed, mailboxes
from app.services.campaign_runs import NotRunning
from app.services.email_controls import order

BATCH: Final = 5000  # messages in one transaction
TURNS: Final = 10  # batches in one job: then another job has its turn
START: Final = -1  # before the first position


async def cancel(pool: Pool, *, workspace_id: UUID, id: UUID, by: Actor, now: datetime) -> Campaign:
    """Nothing more of it leaves once this returns; the messages of a large campaign are marked a while later.

    Cancelling again is no error. Raises NotFound, NotRunning.
    """

    async def stop(tx: Conn) -> int:
        await mailboxes.lock(tx, workspace_id)
        kept = await campaigns.lock(tx, workspace_id, id)
        shown = await campaigns.read(tx, workspace_id, id, now)
        if shown.state == "completed":
            raise NotRunning("This campaign is completed: nothing of it waits.")
        if kept["state"] != State.CANCELLED:
            await queries.campaigns.cancel(tx, workspace_id=workspace_id, id=id, now=now, data=order(by))
            await mailboxes.settle_lanes(tx, workspace_id, campaign_id=id)
            await mailboxes.wake(tx, workspace_id, now=now, campaign_id=id)
        left: int = sum(getattr(shown.counts, status) for status in OPEN)
        if left:
            await queries.campaigns.note_marking(tx, workspace_id=workspace_id, id=id)
            await defer_cancel(tx, workspace_id, id, after=START)
        return left

    if 0 < await retrying(pool, stop) <= BATCH:
        await _mark(pool, workspace_id, id, START, last=False)  # so a small one is done with the answer
    feed.announce(pool, workspace_id)
    return await campaigns.get(pool, workspace_id=workspace_id, id=id, now=now)


async def go_on(pool: Pool, *, workspace_id: UUID, id: UUID, after: int) -> None:
    """Marks what waits of a cancelled campaign after that position, and leaves a job for what is more than one turn."""
    for turn in range(1, TURNS + 1):
        step = await _mark(pool, workspace_id, id, after, last=turn == TURNS)
        if step is None:
            break
        after = step
    feed.announce(pool, workspace_id)


class _Marked(msgspec.Struct, frozen=True):
    count: int
    last: int | None  # the position of the last one


async def _mark(pool: Pool, workspace_id: UUID, id: UUID, after: int, *, last: bool) -> int | None:
    """Marks one batch. The position to go on after, left to a job if this was the `last`; None: nothing to do now."""

    async def work(tx: Conn) -> int | None:
        data = await queries.campaigns.lock_cancelled(tx, workspace_id=workspace_id, id=id)
        if data is None:
            return None
        row = await queries.campaigns.cancel_some(
            tx, workspace_id=workspace_id, campaign_id=id, data=data, after=after, count=BATCH
        )
        marked = _Marked(**row)
        await queries.campaigns.note_marking(tx, workspace_id=workspace_id, id=id)
        goes_on = marked.last if marked.count == BATCH else await _look_back(tx, workspace_id, id, after, marked)
        if last and goes_on is not None:
            await defer_cancel(tx, workspace_id, id, after=goes_on)
        return goes_on

    return await retrying(pool, work)


async def _look_back(tx: Conn, workspace_id: UUID, id: UUID, after: int, marked: _Marked) -> int | None:
    """The end of the list is reached: START if something waits before it, as what was on its way and came back does."""
    left = await queries.campaigns.left(tx, campaign_id=id)
    if left["waiting"]:
        return START if after != START or marked.count else None
    if not left["sending"]:
        await queries.campaigns.end_marking(tx, workspace_id=workspace_id, id=id)
        await queries.campaigns.quiet_lanes(tx, workspace_id=workspace_id, id=id)
    return None
