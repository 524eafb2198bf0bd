"""What people do to one message: cancel, change, try again, decide. Each stands once it returns, also against a worker
that has the message in hand: the gate checks status and revision again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET

from app.contract.email_controls import Action, RetryEmail, UpdateEmail
from app.contract.emails import EmailState
from app.db.pool import Conn, Pool
from app.db.queries import queries, rows
from app.db.transaction import retrying
from app.domain.actors import Actor
from app.domain.ids import new_id
from app.domain.scheduling import read_moment
from app.domain.status import Status
from app.errors import AlreadySending, Conflict, NotFound, Problem, ValidationError
from app.services import email_views, feed, lanes
from app.services.drafts import Said, plain_text, read_said, refusal
from app.services.email_decisions import (
    CHANGEABLE,
    DECISIONS,
    Decision,
    stands_as,
    waits_on_order,
    why_not_cancelled,
    why_not_resolved,
    why_not_retried,
)


class PartOfCampaign(Conflict):
    """What this message says belongs to its campaign: only `scheduled_at` and `late_policy` can change here."""

    code = "part_of_campaign"


class NotRetryable(Conflict):
    """Only what failed or was missed can be tried again."""

    code = "not_retryable"


class NotResolvable(Conflict):
    """There is nothing to decide about this message."""

    code = "not_resolvable"


async def cancel(pool: Pool, *, workspace_id: UUID, id: UUID, by: Actor, now: datetime) -> EmailState:
    """Once this returns the message will not be sent; twice is no error. Raises NotFound, or AlreadySending."""

    async def work(tx: Conn) -> EmailState:
        await cancel_some(tx, workspace_id, [id], by=by)
        answer = await email_views.state(tx, workspace_id=workspace_id, id=id, now=now)
        if answer.status is not Status.CANCELLED:
            raise AlreadySending(why_not_cancelled({"status": answer.status}))
        return answer

    return await _run(pool, workspace_id, work)


async def change(
    pool: Pool, *, workspace_id: UUID, id: UUID, wanted: UpdateEmail, by: Actor, now: datetime
) -> EmailState:
    """Moves or edits a message that waits; what it says already is no change.

    Raises ValidationError, NotFound, PartOfCampaign, or AlreadySending where it waits no more.
    """
    given = {field: value for field in wanted.__struct_fields__ if (value := getattr(wanted, field)) is not UNSET}
    if given.pop("id", id) != id:
        raise ValidationError.at("id", "This is another id than the path has: leave it out.")
    if not given:
        raise ValidationError.at("", "Give at least one field to change.")
    moment = given.pop("scheduled_at", None)
    due_at = None if moment is None else read_moment(moment, now)
    late_policy = given.pop("late_policy", None)

    async def work(tx: Conn) -> EmailState:
        held = await queries.email_controls.hold(tx, workspace_id=workspace_id, id=id)
        if held is None:
            raise NotFound("There is no such message in this workspace.")
        if held["status"] not in CHANGEABLE:
            raise AlreadySending(f"This message is {held['status']} and can no longer be changed.")
        if given and held["campaign_id"] is not None:
            raise PartOfCampaign
        content_id: UUID = held["content_id"]
        edited: list[str] = []
        if given:
            content_id, edited = await _edit(tx, workspace_id, id, content_id, given)
        policy = late_policy or held["late_policy"]
        if policy != held["late_policy"]:
            edited.append("late_policy")
        if due_at is not None or edited:
            story = [("email.edited", order(by, fields=edited))] * bool(edited)
            if due_at is not None:
                story.append(("email.rescheduled", order(by, scheduled_at=due_at)))
            changed = await queries.email_controls.change(
                tx,
                workspace_id=workspace_id,
                id=id,
                due_at=due_at,
                content_id=content_id,
                late_policy=policy,
                types=[type for type, _ in story],
                data=[data for _, data in story],
            )
            if due_at is not None:
                await lanes.wake(tx, workspace_id=workspace_id, lane_id=changed["lane_id"], due=due_at, now=now)
        return await email_views.state(tx, workspace_id=workspace_id, id=id, now=now)

    return await _run(pool, workspace_id, work)


async def _edit(
    tx: Conn, workspace_id: UUID, id: UUID, content_id: UUID, given: dict[str, Any]
) -> tuple[UUID, list[str]]:
    """The id of the text that the message has from now on, and what is new in it."""
    row = await queries.email_controls.said(tx, workspace_id=workspace_id, id=content_id)
    if row.pop("confidential"):
        raise email_views.Confidential
    before = msgspec.convert(row, Said)
    problems: list[Problem] = []
    after = msgspec.structs.asdict(before) | given
    made = await plain_text(after["html"]) if after["text"] is None else None
    said = read_said(after, problems, made)
    if problems:
        raise refusal(problems)
    edited = [field for field in given if getattr(said, field) != getattr(before, field)]
    if not edited:
        return content_id, []
    new = new_id()
    columns = {
        field: msgspec.json.encode(value).decode() if isinstance(value, dict | list) else value
        for field, value in msgspec.structs.asdict(said).items()
    }
    await queries.email_controls.say(tx, workspace_id=workspace_id, id=id, content_id=content_id, new_id=new, **columns)
    await queries.attachments.copy(tx, workspace_id=workspace_id, content_id=content_id, new_id=new)
    return new, edited


async def retry(
    pool: Pool, *, workspace_id: UUID, id: UUID, wanted: RetryEmail | None, by: Actor, now: datetime
) -> EmailState:
    """Has what failed or was missed tried again; while it waits for that, once more is no error.

    Raises ValidationError, NotFound, NotRetryable.
    """
    due_at = None if wanted is None or wanted.scheduled_at is None else read_moment(wanted.scheduled_at, now)

    async def work(tx: Conn) -> EmailState:
        if not await retry_some(tx, workspace_id, [id], due_at=due_at, by=by, now=now):
            found = await _stands(tx, workspace_id, id)
            if not (due_at is None and waits_on_order(found)):
                raise NotRetryable(why_not_retried(found))
        return await email_views.state(tx, workspace_id=workspace_id, id=id, now=now)

    return await _run(pool, workspace_id, work)


async def resolve(pool: Pool, *, workspace_id: UUID, id: UUID, action: Action, by: Actor, now: datetime) -> EmailState:
    """Decides about a message that is uncertain or held; if that is how it stands already, it is no error.

    Raises NotFound, NotResolvable.
    """

    async def work(tx: Conn) -> EmailState:
        for decision in DECISIONS[action]:
            if await resolve_some(tx, workspace_id, [id], action=action, decision=decision, by=by, now=now):
                break
        else:
            found = await _stands(tx, workspace_id, id)
            if not stands_as(found, action):
                raise NotResolvable(why_not_resolved(found, action))
        return await email_views.state(tx, workspace_id=workspace_id, id=id, now=now)

    return await _run(pool, workspace_id, work)


async def _run(pool: Pool, workspace_id: UUID, work: Callable[[Conn], Awaitable[EmailState]]) -> EmailState:
    answer = await retrying(pool, work)
    feed.announce(pool, workspace_id)
    return answer


# For one or many, in the caller's transaction


async def cancel_some(tx: Conn, workspace_id: UUID, ids: Sequence[UUID], *, by: Actor) -> set[UUID]:
    """Those of the messages that waited and are cancelled now."""
    cancelled = await rows(queries.email_controls.cancel(tx, workspace_id=workspace_id, ids=list(ids), data=order(by)))
    return {row["id"] for row in cancelled}


async def retry_some(
    tx: Conn, workspace_id: UUID, ids: Sequence[UUID], *, due_at: datetime | None, by: Actor, now: datetime
) -> set[UUID]:
    """Those of the messages that are tried again. Call it last in the transaction."""
    await _hold_owners(tx, workspace_id, ids)
    again = await rows(
        queries.email_controls.retry(
            tx, workspace_id=workspace_id, ids=list(ids), due_at=due_at, by=by.id, data=order(by, action="retry")
        )
    )
    await _wake(tx, workspace_id, again, now)
    return {row["id"] for row in again}


async def resolve_some(
    tx: Conn, workspace_id: UUID, ids: Sequence[UUID], *, action: Action, decision: Decision, by: Actor, now: datetime
) -> set[UUID]:
    """Those of the messages that were as the decision expects and are decided now. Call it last in the transaction."""
    if decision.new is Status.SCHEDULED:
        await _hold_owners(tx, workspace_id, ids)
    decided = await rows(
        queries.email_controls.resolve(
            tx,
            workspace_id=workspace_id,
            ids=list(ids),
            old_status=decision.old.value,
            new_status=decision.new.value,
            action=action.value,
            by=by.id,
            reply=decision.reply,
            data=order(by, action=action.value),
        )
    )
    if decision.new is Status.SCHEDULED:
        await _wake(tx, workspace_id, decided, now)
    return {row["id"] for row in decided}


async def _hold_owners(tx: Conn, workspace_id: UUID, ids: Sequence[UUID]) -> None:
    """Nobody cancels the campaigns of these messages, or deletes their senders, until the commit."""
    await rows(queries.email_controls.hold_campaigns(tx, workspace_id=workspace_id, ids=list(ids)))
    await rows(queries.email_controls.hold_senders(tx, workspace_id=workspace_id, ids=list(ids)))


async def _wake(tx: Conn, workspace_id: UUID, waiting: Sequence[Mapping[str, Any]], now: datetime) -> None:
    earliest: dict[int, datetime] = {}
    for row in waiting:
        earliest[row["lane_id"]] = min(row["due_at"], earliest.get(row["lane_id"], row["due_at"]))
    for lane_id, due in sorted(earliest.items()):
        await lanes.wake(tx, workspace_id=workspace_id, lane_id=lane_id, due=due, now=now)


def order(by: Actor, **more: Any) -> str:
    """Data of an event: who ordered it, and what."""
    who = {"by": by.id} | ({} if by.api_key is None else {"api_key": by.api_key})
    return msgspec.json.encode(who | more).decode()


async def _stands(tx: Conn, workspace_id: UUID, id: UUID) -> Mapping[str, Any]:
    found = await rows(queries.email_controls.statuses(tx, workspace_id=workspace_id, ids=[id]))
    if not found:
        raise NotFound("There is no such message in this workspace.")
    return found[0]
