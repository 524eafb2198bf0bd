"""Campaigns at work: scheduled, paused, resumed, tried again. A stop is a few rows, whatever the backlog."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from app.contract.campaigns import Campaign, RetriedCampaign
from app.contract.email_controls import EmailFilter, RetryEmails
from app.db.pool import Conn, Pool
from app.db.queries import queries
from app.db.transaction import retrying
from app.domain.actors import Actor
from app.domain.campaigns import State
from app.domain.status import Status
from app.errors import Conflict
from app.services import campaign_placing, campaigns, email_bulk, feed, idempotency, mailboxes, milestones


class NotADraft(Conflict):
    """This campaign is scheduled already."""

    code = "already_scheduled"


class NotRunning(Conflict):
    """This campaign is not under way."""

    code = "not_running"


async def schedule(pool: Pool, *, workspace_id: UUID, id: UUID, key: str | None, now: datetime) -> Campaign:
    """Makes a message of each recipient and wakes the lanes, all or nothing. A start that is past by now is now.

    Those of a list of more than 10,000 are made by a worker from then on, in their order.

    Raises NotFound, NotADraft, ValidationError where a sender is gone, and what `idempotency.once` does.
    """
    asked = idempotency.request(key, f"POST /campaigns/{id}/schedule", None)

    async def work(tx: Conn) -> Campaign:
        kept = await campaigns.lock(tx, workspace_id, id)
        if kept["state"] != State.DRAFT:
            raise NotADraft(f"This campaign is {kept['state']}: only a draft can be scheduled.")
        kept["start_at"] = max(kept["start_at"], now)
        await queries.campaigns.mark_scheduled(tx, workspace_id=workspace_id, id=id, start_at=kept["start_at"], now=now)
        await campaign_placing.place(tx, workspace_id, kept, now)
        return await campaigns.read(tx, workspace_id, id, now)

    answer = await idempotency.once(pool, asked, workspace_id=workspace_id, answer=Campaign, work=work)
    feed.announce(pool, workspace_id)
    return answer


async def pause(pool: Pool, *, workspace_id: UUID, id: UUID, now: datetime) -> Campaign:
    """Once this returns nothing more of it leaves. Twice is no error. Raises NotFound, NotRunning."""
    return await _switch(pool, workspace_id, id, State.SCHEDULED, State.PAUSED, now)


async def resume(pool: Pool, *, workspace_id: UUID, id: UUID, now: datetime) -> Campaign:
    """What is overdue goes at once, as fast as the limits allow. Twice is no error. Raises NotFound, NotRunning."""
    return await _switch(pool, workspace_id, id, State.PAUSED, State.SCHEDULED, now)


async def _switch(pool: Pool, workspace_id: UUID, id: UUID, old: State, new: State, now: datetime) -> Campaign:
    async def work(tx: Conn) -> Campaign:
        await mailboxes.lock(tx, workspace_id)
        kept = await campaigns.lock(tx, workspace_id, id)
        if kept["state"] == new:
            return await campaigns.read(tx, workspace_id, id, now)
        shown = await campaigns.read(tx, workspace_id, id, now)
        if kept["state"] != old or (new == State.PAUSED and shown.state == "completed"):
            raise NotRunning(f"This campaign is {shown.state}.")
        await queries.campaigns.set_state(tx, workspace_id=workspace_id, id=id, state=new.value)
        if new == State.PAUSED:
            await milestones.campaign_paused(tx, workspace_id, id)
        await mailboxes.settle_lanes(tx, workspace_id, campaign_id=id)
        await mailboxes.wake(tx, workspace_id, now=now, campaign_id=id)
        return await campaigns.read(tx, workspace_id, id, now)

    answer = await retrying(pool, work)
    feed.announce(pool, workspace_id)
    return answer


async def retry_failed(pool: Pool, *, workspace_id: UUID, id: UUID, by: Actor, now: datetime) -> RetriedCampaign:
    """Has what failed for sure tried again now, in the order of the list and within the limits.

    What a person gave up in doubt stays as it is. Raises NotFound, NotRunning.
    """
    campaign = await campaigns.get(pool, workspace_id=workspace_id, id=id, now=now)
    if campaign.state in ("draft", "cancelled"):
        raise NotRunning(f"This campaign is {campaign.state}.")
    failed = RetryEmails(filter=EmailFilter(status=Status.FAILED, campaign_id=id))
    count, is_more = 0, True
    while is_more and count < campaign.counts.failed:  # what fails again meanwhile is not tried for ever
        answer = await email_bulk.retry_many(pool, workspace_id=workspace_id, wanted=failed, by=by, now=now)
        count, is_more = count + answer.count, answer.has_more
    return RetriedCampaign(object="campaign", id=id, count=count)
