"""Campaigns at work: scheduled, paused, resumed, tried again. A stop is a few rows, whatever the backlog."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from app.contract.campaigns import Campaign, RetriedCampaign
from app.contract.email_controls import EmailFilter, RetryEmails
from app.db.pool import Conn, Pool
from app.db.queries import queries, rows
from app.db.transaction import retrying
from app.domain.actors import Actor
from app.domain.campaigns import State
from app.domain.ids import new_ids
from app.domain.lateness import LatePolicy
from app.domain.status import Status
from app.errors import Conflict, ValidationError
from app.services import campaign_timing, campaigns, email_bulk, emails, feed, idempotency, lanes, mailboxes, milestones
from app.services.campaign_drafts import check_senders
from app.services.emails import NewEmail


class NotADraft(Conflict):
    """This campaign is scheduled already."""

    code = "already_scheduled"


class NotRunning(Conflict):
    """This campaign is not under way."""

    code = "not_running"


async def schedule(pool: Pool, *, workspace_id: UUID, id: UUID, key: str | None, now: datetime) -> Campaign:
    """Makes a message of each recipient and wakes the lanes, all or nothing. A start that is past by now is now.

    Raises NotFound, NotADraft, ValidationError where a sender is gone, and what `idempotency.once` does.
    """
    asked = idempotency.request(key, f"POST /campaigns/{id}/schedule", None)

    async def work(tx: Conn) -> Campaign:
        kept = await campaigns.lock(tx, workspace_id, id)
        if kept["state"] != State.DRAFT:
            raise NotADraft(f"This campaign is {kept['state']}: only a draft can be scheduled.")
        kept["start_at"] = max(kept["start_at"], now)
        await queries.campaigns.mark_scheduled(tx, workspace_id=workspace_id, id=id, start_at=kept["start_at"], now=now)
        await _place(tx, workspace_id, kept, now)
        return await campaigns.read(tx, workspace_id, id, now)

    answer = await idempotency.once(pool, asked, workspace_id=workspace_id, answer=Campaign, work=work)
    feed.announce(pool, workspace_id)
    return answer


async def _place(tx: Conn, workspace_id: UUID, kept: Mapping[str, Any], now: datetime) -> None:
    """Message i goes to sender i modulo their number: its order is that of the list on every one of them."""
    senders, problems = await check_senders(tx, workspace_id, kept["sender_ids"])
    timing = campaign_timing.of_row(kept)
    problems.extend(campaign_timing.check_hours(timing, senders.values(), now))
    if problems:
        raise ValidationError.of(problems)
    campaign_id: UUID = kept["id"]
    recipients = await rows(queries.imports.recipients(tx, workspace_id=workspace_id, id=kept["import_id"]))
    used: Sequence[UUID] = kept["sender_ids"][: len(recipients)]
    lane_of = {
        sender_id: await lanes.ensure(tx, workspace_id=workspace_id, sender_id=sender_id, campaign_id=campaign_id)
        for sender_id in used
    }
    await mailboxes.settle_lanes(tx, workspace_id, campaign_id=campaign_id)

    def messages() -> Iterator[NewEmail]:
        ids = new_ids(len(recipients))
        for position, (message_id, recipient) in enumerate(zip(ids, recipients, strict=True)):
            sender_id = used[position % len(used)]
            due = timing.due_at(campaign_id, position)
            yield NewEmail(
                workspace_id=workspace_id,
                id=message_id,
                lane_id=lane_of[sender_id],
                sender_id=sender_id,
                campaign_id=campaign_id,
                content_id=kept["content_id"],
                position=position,
                scheduled_at=due,
                due_at=due,
                to_address=recipient["email"],
                to_name=recipient["name"],
                recipients=None,
                recipient_count=1,
                variables=recipient["variables"],
                message_id=emails.message_id(message_id, senders[sender_id]["from_email"]),
                late_policy=LatePolicy(kept["late_policy"]),
            )

    await emails.insert_many(tx, messages())
    firsts = {lane_of[sender_id]: timing.due_at(campaign_id, i) for i, sender_id in enumerate(used)}
    for lane_id, due in sorted(firsts.items()):
        await lanes.wake(tx, workspace_id=workspace_id, lane_id=lane_id, due=due, now=now)


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
