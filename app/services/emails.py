"""Messages: put into the schedule. `email_controls` changes what is there, `email_views` shows it, `email_rows` writes
in bulk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from app.contract.emails import Batch, BatchError, BatchId, EmailState, SendEmail
from app.db.coalescing import Coalescer
from app.db.pool import Conn, Pool
from app.db.queries import queries, rows
from app.db.transaction import retrying
from app.domain.addresses import ascii_domain
from app.domain.ids import new_ids
from app.domain.status import Status
from app.domain.windows import next_open
from app.errors import Problem, ValidationError
from app.services import attachments, feed, idempotency, lanes
from app.services.drafts import Draft, Material, content_row, material, pick_sender, read_draft, refusal
from app.services.email_rows import NewEmail as NewEmail
from app.services.email_rows import insert_many as insert_many
from app.services.email_views import windows_of
from app.services.template_words import find as find_versions

BATCH_LIMIT: Final = 100


class Refused(msgspec.Struct, frozen=True):
    """A message of a batch that was not taken."""

    index: int
    error: ValidationError


async def send(
    pool: Pool,
    *,
    workspace_id: UUID,
    wanted: SendEmail,
    key: str | None,
    now: datetime,
    confidential: bool = False,
) -> EmailState:
    """Puts one message into the schedule, for good once this returns. What a confidential one says the workspace is not
    shown. Raises ValidationError and what `once` does."""
    asked = idempotency.request(key, "POST /emails", wanted)
    single = _Single(wanted, await material(wanted), now, confidential)
    if asked is None and not single.brought.files.files:
        answer = await _TOGETHER.ask((pool, workspace_id), single)
    else:

        async def work(tx: Conn) -> EmailState:
            [state] = await _write_singles(tx, workspace_id, [single])
            if isinstance(state, ValidationError):
                raise state
            return state

        answer = await idempotency.once(pool, asked, workspace_id=workspace_id, answer=EmailState, work=work)
    feed.announce(pool, workspace_id)
    return answer


class _Single(msgspec.Struct, frozen=True):
    """A message that was asked for by itself."""

    wanted: SendEmail
    brought: Material
    now: datetime
    confidential: bool


async def _send_together(room: tuple[Pool, UUID], singles: Sequence[_Single]) -> Sequence[EmailState | ValidationError]:
    """What many asked for at once, in one transaction: its commit and its way to Postgres are most of its cost."""
    pool, workspace_id = room
    return await retrying(pool, lambda tx: _write_singles(tx, workspace_id, singles))


_TOGETHER: Final = Coalescer(_send_together)


async def _write_singles(
    tx: Conn, workspace_id: UUID, singles: Sequence[_Single]
) -> list[EmailState | ValidationError]:
    """The good ones are written, whatever is wrong with the others."""
    wanted, brought = [each.wanted for each in singles], [each.brought for each in singles]
    placed, refused = await _place(tx, workspace_id, wanted, brought, [each.now for each in singles])
    for each in placed:
        each.confidential = singles[each.index].confidential
        each.position = 0  # among those due at one moment, in the order in which they came
    await _write(tx, workspace_id, placed, max(each.now for each in singles))
    answers: dict[int, EmailState | ValidationError] = {each.index: each.state for each in placed}
    answers |= {each.index: each.error for each in refused}
    return [answers[index] for index in range(len(singles))]


async def send_batch(
    pool: Pool,
    *,
    workspace_id: UUID,
    wanted: Sequence[SendEmail | ValidationError],
    permissive: bool,
    key: str | None,
    now: datetime,
) -> Batch:
    """All of them or none, every bad one named by its place (`[3].to[0]`); with `permissive` the good ones.

    An entry that could not even be read stands there as its error.
    """
    if not 1 <= len(wanted) <= BATCH_LIMIT:
        raise ValidationError.at(
            "", f"A batch is a list of 1 to {BATCH_LIMIT} messages and this one has {len(wanted)}."
        )
    said = [each if isinstance(each, SendEmail) else each.message for each in wanted]
    asked = idempotency.request(key, "POST /emails/batch", [permissive, said])
    brought = [await material(each) if isinstance(each, SendEmail) else Material() for each in wanted]

    async def work(tx: Conn) -> Batch:
        placed, refused = await _place(tx, workspace_id, wanted, brought, [now] * len(wanted))
        if refused and not permissive:
            raise refusal([_at(each.index, problem) for each in refused for problem in _problems(each.error)])
        await _write(tx, workspace_id, placed, now)
        return Batch(
            data=[BatchId(id=each.id) for each in placed],
            errors=[BatchError(index=each.index, message=each.error.message) for each in refused],
        )

    answer = await idempotency.once(pool, asked, workspace_id=workspace_id, answer=Batch, work=work)
    feed.announce(pool, workspace_id)
    return answer


# Placing and writing


class _Placed(msgspec.Struct):
    """A message with its sender, ready to be written."""

    id: UUID
    draft: Draft
    sender: Mapping[str, Any]
    index: int  # its place among those asked for
    position: int
    suppressed: bool = False
    confidential: bool = False

    @property
    def state(self) -> EmailState:
        due_at = self.draft.due_at
        at_its_time = self.sender["unlimited"] and self.sender["state"] == "active" and not self.suppressed
        return EmailState(
            object="email",
            id=self.id,
            status=Status.SUPPRESSED if self.suppressed else Status.SCHEDULED,
            scheduled_at=due_at,
            estimated_send_at=next_open(windows_of(self.sender, "sender"), due_at) if at_its_time else None,
            late_policy=self.draft.wanted.late_policy,
        )


async def _place(
    tx: Conn,
    workspace_id: UUID,
    wanted: Sequence[SendEmail | ValidationError],
    brought: Sequence[Material],
    nows: Sequence[datetime],
) -> tuple[list[_Placed], list[Refused]]:
    """Reads every message and finds its sender, all in one query."""
    refused: list[Refused] = []
    drafts: list[tuple[int, Draft]] = []
    versions = await find_versions(tx, workspace_id, wanted)
    for index, (each, given, now) in enumerate(zip(wanted, brought, nows, strict=True)):
        try:
            if isinstance(each, ValidationError):
                raise each
            drafts.append((index, read_draft(each, now, given, versions.get(index))))
        except ValidationError as error:
            refused.append(Refused(index, error))
    senders = await _senders(tx, workspace_id, [draft for _, draft in drafts]) if drafts else []
    placed = []
    for (index, draft), id in zip(drafts, new_ids(len(drafts)), strict=True):
        try:
            placed.append(_Placed(id, draft, pick_sender(draft, senders), index, index))
        except ValidationError as error:
            refused.append(Refused(index, error))
    return placed, sorted(refused, key=lambda each: each.index)


async def _senders(tx: Conn, workspace_id: UUID, drafts: Sequence[Draft]) -> list[dict[str, Any]]:
    ids = {draft.wanted.sender_id for draft in drafts} - {None}
    addresses = {draft.sender.email.lower() for draft in drafts if draft.sender is not None}
    found = queries.emails.senders(tx, workspace_id=workspace_id, ids=list(ids), addresses=list(addresses))
    return await rows(found)


async def _write(tx: Conn, workspace_id: UUID, placed: Sequence[_Placed], now: datetime) -> None:
    """One insert for all, which marks those to suppressed addresses; then each lane is woken once, for the earliest of
    its messages."""
    if not placed:
        return
    lane_of: dict[UUID, int] = {}
    for each in placed:
        sender_id = each.sender["id"]
        if sender_id not in lane_of:
            lane_of[sender_id] = each.sender["lane_id"] or await lanes.ensure(
                tx, workspace_id=workspace_id, sender_id=sender_id, campaign_id=None
            )
    new = msgspec.json.encode([_row(each, lane_of[each.sender["id"]]) for each in placed]).decode()
    ended = {row["id"] for row in await rows(queries.emails.insert(tx, workspace_id=workspace_id, rows=new))}
    with_files = {each.id: each.draft.files for each in placed if each.draft.files}
    if with_files:
        await attachments.keep(tx, workspace_id, with_files)
    for each in placed:
        each.suppressed = each.id in ended
    for sender_id, lane_id in sorted(lane_of.items(), key=lambda item: item[1]):
        waiting = [each for each in placed if each.sender["id"] == sender_id and not each.suppressed]
        if waiting:
            due = min(each.draft.due_at for each in waiting)
            await lanes.wake(tx, workspace_id=workspace_id, lane_id=lane_id, due=due, now=now)


def _row(each: _Placed, lane_id: int) -> dict[str, Any]:
    draft, first = each.draft, each.draft.first
    return {
        **content_row(draft),
        "id": each.id,
        "lane_id": lane_id,
        "sender_id": each.sender["id"],
        "position": each.position,
        "due_at": draft.due_at,
        "to_address": first.email,
        "to_name": first.name,
        "recipients": draft.recipients if len(draft.recipients) > 1 else None,
        "recipient_count": len(draft.recipients),
        "message_id": message_id(each.id, each.sender["from_email"]),
        "late_policy": draft.wanted.late_policy,
        "confidential": each.confidential,
        "addresses": [recipient.email.lower() for recipient in draft.recipients],
    }


def message_id(id: UUID, from_email: str) -> str:
    """RFC 5322, 3.6.4: unique by the message's own id, under the sender's domain in ASCII."""
    return f"<{id}@{ascii_domain(from_email)}>"


def _problems(error: ValidationError) -> tuple[Problem, ...]:
    return error.problems or (Problem("", error.message),)


def _at(index: int, problem: Problem) -> Problem:
    path = f"[{index}].{problem.path}" if problem.path else f"[{index}]"
    return Problem(path, problem.message)
