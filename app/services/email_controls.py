"""What people do to one message: cancel, change, try again, decide. Each stands once it returns, also against a worker
that has the message in hand: the gate checks status and revision again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
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
from app.domain.status import WAITING, Status
from app.errors import AlreadySending, Conflict, NotFound, Problem, ValidationError
from app.services import email_views, feed, lanes
from app.services.drafts import Said, read_said, refusal

CHANGEABLE: Final = WAITING | {Status.HELD}
RETRYABLE: Final = (Status.FAILED, Status.MISSED)


class PartOfCampaign(Conflict):
    """What this message says belongs to its campaign: only `scheduled_at` and `late_policy` can change here."""

    code = "part_of_campaign"


class NotRetryable(Conflict):
    """Only what failed or was missed can be tried again."""

    code = "not_retryable"


class NotResolvable(Conflict):
    """There is nothing to decide about this message."""

    code = "not_resolvable"


class Decision(msgspec.Struct, frozen=True):
    """What an action makes of a message."""

    old: Status
    new: Status
    reply: str | None = None  # why it ended


# Not `cancelled` for what is dropped in doubt: of a cancelled message no server ever saw the dot.
DECISIONS: Final[Mapping[Action, Sequence[Decision]]] = {
    Action.ARRIVED: [Decision(Status.UNCERTAIN, Status.SENT, "A person said that it arrived.")],
    Action.SEND_AGAIN: [Decision(Status.UNCERTAIN, Status.SCHEDULED)],
    Action.SEND: [Decision(Status.HELD, Status.SCHEDULED)],
    Action.DROP: [
        Decision(Status.UNCERTAIN, Status.FAILED, "It was given up: nobody knows whether it arrived."),
        Decision(Status.HELD, Status.CANCELLED, "It was late, and a person dropped it."),
    ],
}


async def cancel(pool: Pool, *, workspace_id: UUID, id: UUID, by: Actor, now: datetime) -> EmailState:
    """Once this returns the message will not be sent; twice is no error. Raises NotFound, or AlreadySending."""

    async def work(tx: Conn) -> EmailState:
        data = order(by)
        cancelled = await queries.email_controls.cancel(tx, workspace_id=workspace_id, id=id, data=data)
        answer = await email_views.state(tx, workspace_id=workspace_id, id=id, now=now)
        if cancelled is None and answer.status is not Status.CANCELLED:
            raise AlreadySending(f"This message is {answer.status} and can no longer be cancelled.")
        return answer

    return await _run(pool, workspace_id, work)


async def change(
    pool: Pool, *, workspace_id: UUID, id: UUID, wanted: UpdateEmail, by: Actor, now: datetime
) -> EmailState:
    """Moves or edits a message that waits; what it says already is no change.

    Raises ValidationError, NotFound, PartOfCampaign, or AlreadySending where it waits no more.
    """
    given = {field: value for field in wanted.__struct_fields__ if (value := getattr(wanted, field)) is not UNSET}
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
            content_id, edited = await _edit(tx, workspace_id, content_id, given)
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


async def _edit(tx: Conn, workspace_id: UUID, content_id: UUID, given: dict[str, Any]) -> tuple[UUID, list[str]]:
    """The id of the text that the message has from now on, and what is new in it."""
    row = await queries.email_controls.said(tx, workspace_id=workspace_id, id=content_id)
    before = msgspec.convert(row, Said)
    problems: list[Problem] = []
    said = read_said(msgspec.structs.asdict(before) | given, problems)
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
    await queries.email_controls.say(tx, workspace_id=workspace_id, content_id=content_id, new_id=new, **columns)
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


async def retry_some(
    tx: Conn, workspace_id: UUID, ids: Sequence[UUID], *, due_at: datetime | None, by: Actor, now: datetime
) -> set[UUID]:
    """Those of the messages that are tried again. Call it last in the transaction."""
    await rows(queries.email_controls.hold_campaigns(tx, workspace_id=workspace_id, ids=list(ids)))
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
        await rows(queries.email_controls.hold_campaigns(tx, workspace_id=workspace_id, ids=list(ids)))
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


# Why not: rows of the query `statuses`


async def _stands(tx: Conn, workspace_id: UUID, id: UUID) -> Mapping[str, Any]:
    found = await rows(queries.email_controls.statuses(tx, workspace_id=workspace_id, ids=[id]))
    if not found:
        raise NotFound("There is no such message in this workspace.")
    return found[0]


def waits_on_order(found: Mapping[str, Any]) -> bool:
    """Whether it waits because somebody ordered another dispatch."""
    return found["status"] in WAITING and found["ordered_by"] is not None


def stands_as(found: Mapping[str, Any], action: Action) -> bool:
    """Whether the message is where the action would have brought it."""
    match action:
        case Action.ARRIVED:
            return bool(found["status"] == Status.SENT)
        case Action.SEND_AGAIN:
            return waits_on_order(found)
        case Action.SEND:
            return found["status"] in WAITING
        case Action.DROP:
            return found["status"] in (Status.CANCELLED, Status.FAILED, Status.MISSED, Status.SUPPRESSED)


def why_not_retried(found: Mapping[str, Any]) -> str:
    if found["status"] == Status.UNCERTAIN:
        return "Nobody knows whether this message arrived: resolve it."
    if found["status"] not in RETRYABLE:
        return f"This message is {found['status']}: only what failed or was missed can be tried again."
    if found["arrived"]:
        return "The server's answer came late: this message did arrive."
    return "The campaign of this message is cancelled."


def why_not_resolved(found: Mapping[str, Any], action: Action) -> str:
    expected = [decision.old for decision in DECISIONS[action]]
    if found["status"] in expected:
        return "The campaign of this message is cancelled."
    return f"This message is {found['status']}: {action} is for what is {' or '.join(expected)}."
