"""The messages of a campaign, written down when it is scheduled.

Those of a small one in the same transaction, those of a large one a batch at a time by a process of its own. Whoever
goes on after a crash finds how far the last one came.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog

from app.db.pool import Conn, connect
from app.db.queries import queries, rows
from app.domain.campaigns import State
from app.domain.ids import new_ids
from app.domain.lateness import LatePolicy
from app.errors import ValidationError
from app.queue import defer_placing
from app.services import campaign_timing, emails, lanes, mailboxes
from app.services.campaign_drafts import check_senders
from app.services.campaign_timing import Timing
from app.services.emails import NewEmail
from app.settings import Settings

AT_ONCE: Final = 10_000  # messages that are written while the caller waits
BATCH: Final = 5_000  # messages in one transaction: it keeps whoever wants to pause the campaign waiting

log = structlog.get_logger("paceline.campaigns")


class _Plan(msgspec.Struct, frozen=True):
    """Message i goes to sender i modulo their number: its order is that of the list on every one of them."""

    workspace_id: UUID
    campaign_id: UUID
    content_id: UUID
    late_policy: LatePolicy
    timing: Timing
    senders: Sequence[UUID]
    from_email: Mapping[UUID, str]
    lane_of: Mapping[UUID, int]

    def messages(self, first: int, recipients: Sequence[Mapping[str, Any]]) -> Iterator[NewEmail]:
        """`first` is the place of the first of these in the campaign."""
        ids = new_ids(len(recipients))
        for position, (message_id, recipient) in enumerate(zip(ids, recipients, strict=True), first):
            sender_id = self.senders[position % len(self.senders)]
            due = self.timing.due_at(self.campaign_id, position)
            yield NewEmail(
                workspace_id=self.workspace_id,
                id=message_id,
                lane_id=self.lane_of[sender_id],
                sender_id=sender_id,
                campaign_id=self.campaign_id,
                content_id=self.content_id,
                position=position,
                scheduled_at=due,
                due_at=due,
                to_address=recipient["email"],
                to_name=recipient["name"],
                recipients=None,
                recipient_count=1,
                variables=recipient["variables"],
                message_id=emails.message_id(message_id, self.from_email[sender_id]),
                late_policy=self.late_policy,
            )

    async def write(self, tx: Conn, first: int, recipients: Sequence[Mapping[str, Any]], now: datetime) -> None:
        """Writes them and wakes each lane for the earliest of its messages; last in the transaction."""
        await emails.insert_many(tx, self.messages(first, recipients))
        firsts: dict[int, datetime] = {}
        for position in range(first, first + min(len(recipients), len(self.senders))):
            lane_id = self.lane_of[self.senders[position % len(self.senders)]]
            firsts[lane_id] = self.timing.due_at(self.campaign_id, position)
        for lane_id, due in sorted(firsts.items()):
            await lanes.wake(tx, workspace_id=self.workspace_id, lane_id=lane_id, due=due, now=now)


async def place(tx: Conn, workspace_id: UUID, kept: Mapping[str, Any], now: datetime) -> None:
    """Part of the transaction that schedules the campaign `kept`. Raises ValidationError where a sender is gone."""
    senders, problems = await check_senders(tx, workspace_id, kept["sender_ids"])
    timing = campaign_timing.of_row(kept)
    problems.extend(campaign_timing.check_hours(timing, senders.values(), now))
    if problems:
        raise ValidationError.of(problems)
    plan = await _plan(tx, workspace_id, kept, {id: row["from_email"] for id, row in senders.items()})
    await mailboxes.settle_lanes(tx, workspace_id, campaign_id=kept["id"])
    if kept["recipient_count"] > AT_ONCE:
        await queries.placing.begin(tx, workspace_id=workspace_id, id=kept["id"])
        await defer_placing(tx, workspace_id, kept["id"])
        return
    found = await rows(queries.imports.recipients(tx, workspace_id=workspace_id, id=kept["import_id"]))
    await plan.write(tx, 0, found, now)


async def _plan(tx: Conn, workspace_id: UUID, kept: Mapping[str, Any], from_email: Mapping[UUID, str]) -> _Plan:
    used: Sequence[UUID] = kept["sender_ids"][: kept["recipient_count"]]
    campaign_id: UUID = kept["id"]
    return _Plan(
        workspace_id=workspace_id,
        campaign_id=campaign_id,
        content_id=kept["content_id"],
        late_policy=LatePolicy(kept["late_policy"]),
        timing=campaign_timing.of_row(kept),
        senders=used,
        from_email=from_email,
        lane_of={
            sender_id: await lanes.ensure(tx, workspace_id=workspace_id, sender_id=sender_id, campaign_id=campaign_id)
            for sender_id in used
        },
    )


async def go_on(settings: Settings, *, workspace_id: UUID, campaign_id: UUID) -> None:
    """Writes what is left of a campaign, to its end or until somebody cancels it, unless somebody else is at it."""
    conn = await connect(settings, name="placing")
    try:
        if await queries.server.try_lock(conn, id=campaign_id):
            while await _batch(conn, workspace_id, campaign_id):
                await queries.events.announce(conn, workspace_id=workspace_id)
            await queries.events.announce(conn, workspace_id=workspace_id)
    finally:
        await conn.close()


async def _batch(conn: Conn, workspace_id: UUID, campaign_id: UUID) -> bool:
    """Writes the next ones. Whether any may be left."""
    of = {"workspace_id": workspace_id, "id": campaign_id}
    async with conn.transaction():
        kept = await queries.placing.lock(conn, **of)
        if kept is None:
            return False
        found = []
        if kept["state"] != State.CANCELLED:
            found = await rows(
                queries.placing.recipients(
                    conn,
                    workspace_id=workspace_id,
                    import_id=kept["import_id"],
                    after=kept["placed_until"],
                    count=BATCH,
                )
            )
        if not found:
            await queries.placing.finish(conn, **of)
            log.info("campaign.placed", campaign=str(campaign_id), messages=kept["placed"], state=kept["state"])
            return False
        senders = await rows(queries.placing.senders(conn, workspace_id=workspace_id, ids=kept["sender_ids"]))
        plan = await _plan(conn, workspace_id, kept, {row["id"]: row["from_email"] for row in senders})
        placed = kept["placed"] + len(found)
        await queries.placing.advance(conn, **of, placed=placed, until=found[-1]["position"])
        await plan.write(conn, kept["placed"], found, datetime.now(UTC))
        return True
