"""What people do to campaigns, senders and limits while a real worker sends: it holds within a second, in order,
whatever the backlog, and no server sees a message that was stopped.
"""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from uuid import UUID

from app.contract.workspaces import WorkspaceChange
from app.domain.actors import Actor
from app.domain.ids import new_id
from app.services import campaign_cancel, campaign_runs, campaigns, senders, workspaces
from tests.support.mailroom import Mailroom, address
from tests.support.outreach import add_sender, now, start_campaign
from tests.support.sending import addresses, arrived
from tests.support.smtp_server import SmtpServer, Step
from tests.support.tuned_worker import AT_ONCE, BY_WORD
from tests.support.waiting import wait_until
from tests.support.worker_process import worker

A_WHILE = 2.0  # seconds
PACE = 0.02  # seconds that the server takes for a message, so that people have a chance
ANN = Actor(new_id())


def to(count: int) -> list[str]:
    return [f"r{i}@x.example" for i in range(count)]


async def writes(room: Mailroom) -> set[tuple[int, int]]:
    """The version of every row of `emails`: none may change by a pause."""
    found = await room.all("select position, xmin::text::bigint as xmin from emails")
    return {(row["position"], row["xmin"]) for row in found}


async def came_after(room: Mailroom, smtp: SmtpServer, answered: float) -> int:
    """How many dots a server saw in a while after a stop was answered; all had passed the gate before."""
    at_answer = await room.now()
    await asyncio.sleep(A_WHILE)
    assert [row for row in await room.ledger() if row["dispatched_at"] > at_answer] == []
    return sum(message.monotonic > answered for message in list(smtp.received))


async def test_a_paused_campaign_stops_at_once_and_goes_on_in_order(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    smtp.on("dot", Step(delay=PACE), always=True)
    sender = await add_sender(room, smtp.port)
    campaign = await start_campaign(room, sender, 400)
    beside = await add_sender(room, smtp.port, from_email="b@example.com")
    with worker(environment, BY_WORD) as process:
        await arrived(smtp, 30)
        await campaign_runs.pause(room.pool, workspace_id=room.workspace_id, id=campaign, now=now())
        assert await came_after(room, smtp, time.monotonic()) <= 1, "but what was between gate and dot"
        stopped = len(smtp.received)
        assert stopped < 300, "else this shows nothing"
        smtp.usual()
        rest = await room.emails(beside, 5)
        assert addresses((await arrived(smtp, stopped + 5))[stopped:]) == [address(rest, i) for i in range(5)]

        asked = time.monotonic()
        await campaign_runs.resume(room.pool, workspace_id=room.workspace_id, id=campaign, now=now())
        messages = await arrived(smtp, 405)
        assert messages[stopped + 5].monotonic - asked < AT_ONCE
        assert [each for each in addresses(messages) if each.endswith("x.example")] == to(400)
        await wait_until(room.are("sent"))
        assert process.troubles == []


async def test_pauses_one_after_the_other_keep_the_order(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    """A pause that is over before the runner has heard of it, too."""
    smtp.on("dot", Step(delay=PACE / 4), always=True)
    sender = await add_sender(room, smtp.port)
    campaign = await start_campaign(room, sender, 400)
    with worker(environment, BY_WORD) as process:
        for turn in range(50):
            await arrived(smtp, 7 * (turn + 1))
            await campaign_runs.pause(room.pool, workspace_id=room.workspace_id, id=campaign, now=now())
            await asyncio.sleep(turn % 10 * PACE / 16)
            await campaign_runs.resume(room.pool, workspace_id=room.workspace_id, id=campaign, now=now())
        assert addresses(await arrived(smtp, 400)) == to(400)
        await wait_until(room.are("sent"))
        assert process.troubles == []


async def test_a_paused_sender_stops_at_once_and_goes_on_in_order(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    smtp.on("dot", Step(delay=PACE), always=True)
    sender = await add_sender(room, smtp.port)
    ids = await room.emails(sender, 400)
    with worker(environment, BY_WORD) as process:
        await arrived(smtp, 30)
        await senders.pause(room.pool, workspace_id=room.workspace_id, id=sender.id, now=now())
        assert await came_after(room, smtp, time.monotonic()) <= 1
        stopped = len(smtp.received)
        assert stopped < 300, "else this shows nothing"

        smtp.usual()
        asked = time.monotonic()
        await senders.resume(room.pool, workspace_id=room.workspace_id, id=sender.id, now=now())
        messages = await arrived(smtp, 400)
        assert messages[stopped].monotonic - asked < AT_ONCE
        assert addresses(messages) == [address(ids, i) for i in range(400)]
        await wait_until(room.are("sent"))
        assert process.troubles == []


async def test_a_stop_writes_a_few_rows_whatever_the_backlog(room: Mailroom, smtp: SmtpServer) -> None:
    sender = await add_sender(room, smtp.port)
    campaign = await start_campaign(room, sender, 10_000, start_at="in 1 hour")
    other = await start_campaign(room, sender, 3, start_at="in 1 hour")
    before, lanes = await writes(room), await lane_versions(room)
    for stop in (campaign_runs.pause, campaign_runs.resume):
        await stop(room.pool, workspace_id=room.workspace_id, id=campaign, now=now())
        changed = await lane_versions(room)
        assert {id for id in lanes if lanes[id] != changed[id]} == {campaign}
    for halt in (senders.pause, senders.resume):
        lanes = await lane_versions(room)
        await halt(room.pool, workspace_id=room.workspace_id, id=sender.id, now=now())
        changed = await lane_versions(room)
        assert {id for id in lanes if lanes[id] != changed[id]} == {campaign, other}
    assert await writes(room) == before, "no message was written"


async def lane_versions(room: Mailroom) -> dict[UUID, str]:
    found = await room.all("select campaign_id, xmin::text as version from lanes")
    return {row["campaign_id"]: row["version"] for row in found}


async def test_of_a_cancelled_campaign_no_server_sees_another_dot(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    smtp.on("dot", Step(delay=PACE), always=True)
    sender = await add_sender(room, smtp.port, concurrency=5)
    campaign = await start_campaign(room, sender, 2000)
    with worker(environment, BY_WORD) as process:
        await arrived(smtp, 50)
        done = await campaign_cancel.cancel(room.pool, workspace_id=room.workspace_id, id=campaign, by=ANN, now=now())
        assert done.state == "cancelled"
        assert done.counts.scheduled == 0, "a campaign of this size is done with the answer"
        assert await came_after(room, smtp, time.monotonic()) <= 5, "but what was between gate and dot"
        await wait_until(lambda: settled(room))
        statuses = await room.statuses()
        assert statuses == {"sent": len(smtp.received), "cancelled": 2000 - len(smtp.received)}
        assert 50 <= statuses["sent"] < 1500, "else this shows nothing"
        stopped = await room.all("select to_address from emails where status = 'cancelled'")
        assert not {row["to_address"] for row in stopped} & set(addresses(smtp.received))
        await wait_until(lambda: marked(room))
        assert process.troubles == []


async def settled(room: Mailroom) -> bool:
    return "sending" not in await room.statuses()


async def marked(room: Mailroom) -> bool:
    """Whether nothing of a cancelled campaign is left to mark."""
    return not await room.all("select from campaigns where cancel_marked_at is not null")


async def test_a_large_cancel_survives_the_death_of_the_worker(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    count = 60_000
    sender = await room.sender(port=smtp.port)
    campaign = await room.campaign(sender)
    await room.emails(sender, count, due=await room.now() + timedelta(hours=1), campaign_id=campaign)

    async def cancelled() -> int:
        found = await campaigns.get(room.pool, workspace_id=room.workspace_id, id=campaign, now=now())
        return found.counts.cancelled

    async def halted() -> bool:
        return bool(await room.all("select from pg_locks where locktype = 'advisory' and not granted"))

    # Two batches are marked; the third stands still in the database.
    await room.run(
        "create function halt() returns trigger language plpgsql as 'begin if (select count(*) from emails where"
        f" status = ''cancelled'') > {2 * campaign_cancel.BATCH} then perform pg_advisory_xact_lock_shared(1); end if;"
        " return null; end'"
    )
    await room.run("create trigger halt after update on emails for each statement execute function halt()")
    async with room.pool.connection() as holder, holder.transaction():
        await holder.execute("select pg_advisory_xact_lock(1)")
        with worker(environment, LEASE_SECONDS="2") as first:
            answered = await campaign_cancel.cancel(
                room.pool, workspace_id=room.workspace_id, id=campaign, by=ANN, now=now()
            )
            assert answered.counts.cancelled < count, "it did not wait for all of them"
            await wait_until(halted)
            first.kill()
    assert await cancelled() == 2 * campaign_cancel.BATCH, "killed in the middle"
    with worker(environment, LEASE_SECONDS="2") as second:
        await wait_until(lambda: marked(room), 60)
        assert await cancelled() == count
        assert await room.statuses() == {"cancelled": count}
        told = await room.value("select count(distinct email_id) from events where type = 'email.cancelled'")
        assert told == count
        assert second.troubles == []
    assert smtp.received == []


async def test_a_new_global_limit_holds_at_once(environment: dict[str, str], room: Mailroom, smtp: SmtpServer) -> None:
    async def limit(most: int | None) -> float:
        wanted = WorkspaceChange(hourly_limit=most)
        await workspaces.change(room.pool, room.settings, workspace_id=room.workspace_id, wanted=wanted, now=now())
        return time.monotonic()

    first = await room.sender(port=smtp.port, concurrency=1)
    second = await room.sender(port=smtp.port, concurrency=1)
    await limit(10)
    with worker(environment, BY_WORD) as process:
        for sender in (first, second):
            await room.emails(sender, 40)
        await arrived(smtp, 10)
        await wait_until(lambda: room.all("select from mailboxes where blocked_reason = 'workspace_hour'"))
        await asyncio.sleep(0.5)
        assert len(smtp.received) == 10
        changed = await limit(25)
        assert (await arrived(smtp, 25))[24].monotonic - changed < AT_ONCE
        await asyncio.sleep(0.5)
        assert len(smtp.received) == 25
        changed = await limit(None)
        assert (await arrived(smtp, 80))[79].monotonic - changed < AT_ONCE
        await wait_until(room.are("sent"))

        await limit(1)
        await room.emails(first, 5)
        await asyncio.sleep(A_WHILE)
        assert len(smtp.received) == 80, "what left before counts, though nobody counted it then"
        assert process.troubles == []
