"""Writing messages: in bulk, at once, all or nothing."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.contract.emails import SendEmail
from app.contract.senders import NewSender
from app.db.pool import Pool
from app.db.transaction import transaction
from app.domain.actors import NOBODY
from app.domain.ids import new_id, new_ids
from app.domain.lateness import LatePolicy
from app.errors import AlreadySending, ValidationError
from app.services import email_controls, emails, lanes, senders
from app.services.emails import NewEmail, insert_many
from app.settings import Settings
from tests.support.tables import rows_of
from tests.support.tenants import make_tenant
from tests.support.waiting import wait_until

NOW = datetime.now(UTC)


@pytest.fixture
async def sender(pool: Pool, settings: Settings) -> tuple[UUID, UUID]:
    """(workspace, sender)"""
    tenant = await make_tenant(pool, settings, "ann@example.test")
    wanted = NewSender(from_email="ann@example.com", host="smtp.example.com", hourly_limit=None, min_delay_ms=None)
    made = await senders.create(pool, settings, workspace_id=tenant.workspace_id, wanted=wanted, now=NOW)
    return tenant.workspace_id, made.id


def a_row(workspace_id: UUID, sender_id: UUID, lane_id: int, id: UUID, position: int) -> NewEmail:
    return NewEmail(
        workspace_id=workspace_id,
        id=id,
        lane_id=lane_id,
        sender_id=sender_id,
        campaign_id=None,
        content_id=id,
        position=position,
        scheduled_at=NOW,
        due_at=NOW + timedelta(seconds=position),
        to_address=f"p{position}@example.org",
        to_name=None if position % 2 else "P",
        recipients=[{"kind": "to", "email": f"p{position}@example.org", "name": None}] if position % 3 else None,
        recipient_count=1,
        variables={"n": position, "ä": ["\u2713", None]} if position % 5 else None,
        message_id=f"<{id}@example.com>",
        late_policy=[*LatePolicy][position % 3],
    )


async def test_many_are_copied_as_they_are_and_counted(pool: Pool, sender: tuple[UUID, UUID]) -> None:
    workspace_id, sender_id = sender
    async with transaction(pool) as tx:
        lane_id = await lanes.ensure(tx, workspace_id=workspace_id, sender_id=sender_id, campaign_id=None)
        new = [a_row(workspace_id, sender_id, lane_id, id, i) for i, id in enumerate(new_ids(1000))]
        assert await insert_many(tx, iter(new)) == 1000
        await lanes.wake(tx, workspace_id=workspace_id, lane_id=lane_id, due=NOW, now=NOW)
    fields = NewEmail.__struct_fields__
    found = await rows_of(pool, "select * from emails order by position")
    assert [{field: row[field] for field in fields} for row in found] == [
        {field: getattr(row, field) for field in fields} for row in new
    ]
    assert {row["status"] for row in found} == {"scheduled"}
    [count] = await rows_of(pool, "select status::text, count from lane_counts")
    assert count == {"status": "scheduled", "count": 1000}


async def test_a_copy_that_breaks_off_leaves_nothing(pool: Pool, sender: tuple[UUID, UUID]) -> None:
    workspace_id, sender_id = sender

    def breaking(lane_id: int) -> Any:
        yield a_row(workspace_id, sender_id, lane_id, new_id(), 0)
        raise RuntimeError("no more")

    async def write() -> None:
        async with transaction(pool) as tx:
            lane_id = await lanes.ensure(tx, workspace_id=workspace_id, sender_id=sender_id, campaign_id=None)
            await insert_many(tx, breaking(lane_id))

    with pytest.raises(RuntimeError):
        await write()
    for table in ("emails", "lanes", "lane_counts"):
        assert await rows_of(pool, f"select * from {table}") == []


async def test_writers_that_meet_on_a_new_lane_share_it(pool: Pool, sender: tuple[UUID, UUID]) -> None:
    workspace_id, sender_id = sender

    async def ensure() -> int:
        async with transaction(pool) as tx:
            return await lanes.ensure(tx, workspace_id=workspace_id, sender_id=sender_id, campaign_id=None)

    async def waiting() -> bool:
        found = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
        return len(await rows_of(pool, found)) == 3

    async with transaction(pool) as tx:
        first = await lanes.ensure(tx, workspace_id=workspace_id, sender_id=sender_id, campaign_id=None)
        others = [asyncio.create_task(ensure()) for _ in range(3)]
        await wait_until(waiting)
    assert {first, *[await other for other in others]} == {first}


async def test_a_burst_of_writers_on_one_sender_all_get_in(pool: Pool, sender: tuple[UUID, UUID]) -> None:
    workspace_id, sender_id = sender
    wanted = SendEmail(sender_id=sender_id, to="bob@example.org", subject="Hello", text="Hi")
    await asyncio.gather(
        *(emails.send(pool, workspace_id=workspace_id, wanted=wanted, key=None, now=NOW) for _ in range(100))
    )
    [count] = await rows_of(pool, "select status::text, count from lane_counts")
    assert count == {"status": "scheduled", "count": 100}
    [lane] = await rows_of(pool, "select next_due from lanes")
    assert lane["next_due"] == NOW
    assert len(await rows_of(pool, "select * from procrastinate_jobs where queue_name = 'lanes'")) == 1


async def test_each_of_a_burst_gets_its_own_answer(pool: Pool, sender: tuple[UUID, UUID]) -> None:
    workspace_id, sender_id = sender

    def wanted(i: int) -> SendEmail:
        to = f"r{i}@example.org" if i % 3 else "nobody"
        return SendEmail(sender_id=sender_id, to=to, subject=f"No. {i}", text="Hi")

    answers = await asyncio.gather(
        *(emails.send(pool, workspace_id=workspace_id, wanted=wanted(i), key=None, now=NOW) for i in range(40)),
        return_exceptions=True,
    )
    kept = {
        row["id"]: row
        for row in await rows_of(
            pool, "select e.id, to_address, subject, position from emails e join contents c on c.id = content_id"
        )
    }
    for i, answer in enumerate(answers):
        if i % 3 == 0:
            assert isinstance(answer, ValidationError)
            assert answer.problems[0].path == "to[0]"
        else:
            assert not isinstance(answer, BaseException)
            row = kept.pop(answer.id)
            assert (row["to_address"], row["subject"], row["position"]) == (f"r{i}@example.org", f"No. {i}", 0)
    assert not kept


async def test_a_cancel_and_the_gate_never_both_win(pool: Pool, sender: tuple[UUID, UUID]) -> None:
    workspace_id, sender_id = sender
    wanted = SendEmail(sender_id=sender_id, to="bob@example.org", subject="Hello", text="Hi")
    sent = await emails.send(pool, workspace_id=workspace_id, wanted=wanted, key=None, now=NOW)
    async with transaction(pool) as gate:
        await gate.execute("update emails set status = 'sending', dispatched_at = now()")
        cancelling = asyncio.create_task(
            email_controls.cancel(pool, workspace_id=workspace_id, id=sent.id, by=NOBODY, now=NOW)
        )

        async def waiting() -> list[Any]:
            found = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
            return await rows_of(pool, found)

        await wait_until(waiting)
    with pytest.raises(AlreadySending):
        await cancelling
    [row] = await rows_of(pool, "select status::text from emails")
    assert row["status"] == "sending"
