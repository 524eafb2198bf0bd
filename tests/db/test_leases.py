"""One runner a mailbox: leases, their end, and what the next one finds."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

from app.db.pool import FOREVER, Pool
from app.domain.ids import new_id
from app.services import leases
from tests.support.gating import Gate
from tests.support.mailroom import Mailroom
from tests.support.waiting import wait_until


async def live(pool: Pool, seconds: float = 60.0) -> UUID:
    worker_id = new_id()
    await leases.beat(pool, worker_id, host="test", pid=1, lease_seconds=seconds)
    return worker_id


async def test_one_of_many_workers_gets_the_lease(room: Mailroom) -> None:
    mailbox_id = await room.mailbox()
    workers = [await live(room.pool) for _ in range(6)]
    taken = await asyncio.gather(*[leases.take(room.pool, mailbox_id, worker_id) for worker_id in workers])
    (lease,) = [each for each in taken if each is not None]
    assert lease.fence == 1
    assert await leases.take(room.pool, mailbox_id, await live(room.pool)) is None


async def test_a_lease_lives_as_long_as_its_worker(room: Mailroom) -> None:
    mailbox_id = await room.mailbox()
    worker_id, other = await live(room.pool, 2.0), await live(room.pool)
    lease = await leases.take(room.pool, mailbox_id, worker_id)
    assert lease is not None
    assert await leases.take(room.pool, mailbox_id, other) is None
    assert await leases.orphans(room.pool) == []
    await wait_until(lambda: leases.orphans(room.pool))
    assert await leases.orphans(room.pool) == [mailbox_id]
    assert await leases.take(room.pool, mailbox_id, worker_id) is None, "the dead take nothing"
    successor = await leases.take(room.pool, mailbox_id, other)
    assert successor is not None
    assert successor.fence == lease.fence + 1
    assert await leases.outlook(room.pool, lease) is None
    await leases.release(room.pool, lease)
    assert await leases.outlook(room.pool, successor) is not None, "who lost a lease cannot give it back"


async def test_whoever_takes_over_finds_in_doubt_what_was_between_gate_and_reply(room: Mailroom) -> None:
    sender = await room.sender()
    neighbour = await room.sender()
    ids = await room.emails(sender, 2)
    theirs = await room.emails(neighbour, 1)
    gate = await Gate.of(room, sender.mailbox_id)
    other = await Gate.of(room, neighbour.mailbox_id)
    assert await gate.verdicts(ids[:1]) == ["go"]
    assert await other.verdicts(theirs) == ["go"]
    await leases.retire(room.pool, gate.lease.worker_id)
    await room.lease(sender.mailbox_id)

    assert [await room.status(each) for each in (*ids, *theirs)] == ["uncertain", "scheduled", "sending"]
    assert [row["outcome"] for row in await room.ledger()] == ["unknown", "pending"]
    story = await room.all("select type from events where email_id = %s", ids[0])
    assert [row["type"] for row in story] == ["email.uncertain"]


async def test_a_lease_given_back_leaves_a_knock_for_what_waits(room: Mailroom) -> None:
    sender = await room.sender()
    lease = await room.lease(sender.mailbox_id)
    soon = await room.now() + timedelta(seconds=30)
    await room.emails(sender, due=soon)
    await room.run("delete from procrastinate_jobs")
    await leases.release(room.pool, lease)
    (job,) = await room.all("select * from procrastinate_jobs")
    assert job["args"] == {"mailbox_id": str(sender.mailbox_id)}
    assert timedelta(0) < soon - job["scheduled_at"] < timedelta(seconds=10)


async def test_a_lease_is_kept_while_something_is_due_soon(room: Mailroom) -> None:
    sender = await room.sender()
    lease = await room.lease(sender.mailbox_id)
    horizon = await room.now() + timedelta(seconds=20)
    await room.emails(sender, due=horizon - timedelta(seconds=1))
    assert not await leases.release_if_quiet(room.pool, lease, horizon=horizon, wake_at=None)
    horizon -= timedelta(seconds=2)
    assert await leases.release_if_quiet(room.pool, lease, horizon=horizon, wake_at=horizon)
    assert not await leases.release_if_quiet(room.pool, lease, horizon=horizon, wake_at=None)


async def test_lanes_that_wait_for_a_person_leave_no_knock(room: Mailroom) -> None:
    sender = await room.sender()
    lease = await room.lease(sender.mailbox_id)
    await room.emails(sender)
    await room.run("update lanes set blocked_until = 'infinity'")
    await room.run("delete from procrastinate_jobs")
    outlook = await leases.outlook(room.pool, lease)
    assert outlook is not None
    assert outlook.wake_at == FOREVER
    await leases.release(room.pool, lease)
    assert await room.all("select from procrastinate_jobs") == []
    assert await leases.orphans(room.pool) == []


async def test_overdue_lanes_without_a_runner_are_found(room: Mailroom) -> None:
    """And only they: not those that a limit, a pause or a living runner holds."""
    overdue, limited, paused, leased = [await room.sender() for _ in range(4)]
    long_ago = await room.now() - timedelta(seconds=5)
    for sender in (overdue, limited, paused, leased):
        await room.emails(sender, due=long_ago)
    await room.run("update mailboxes set blocked_until = now() + interval '1 h' where id = %s", limited.mailbox_id)
    await room.run("update lanes set blocked_until = 'infinity' where sender_id = %s", paused.id)
    await room.lease(leased.mailbox_id)
    assert await leases.orphans(room.pool) == [overdue.mailbox_id]


async def test_a_mailbox_given_back_with_a_message_on_the_wire_is_found(room: Mailroom) -> None:
    """And whoever takes it finds that nobody knows what became of the message."""
    sender = await room.sender()
    [email_id] = await room.emails(sender)
    gate = await Gate.of(room, sender.mailbox_id)
    assert await gate.verdicts([email_id]) == ["go"]
    assert await leases.forgotten(room.pool) == []
    await leases.settle(room.pool, gate.lease, until=await room.now())
    await leases.release(room.pool, gate.lease)
    assert await leases.orphans(room.pool) == [], "nothing of it is due"
    assert await leases.forgotten(room.pool) == [sender.mailbox_id]
    await room.lease(sender.mailbox_id)
    assert await leases.forgotten(room.pool) == []
    assert await room.statuses() == {"uncertain": 1}


async def test_next_due_follows_what_waits_even_while_somebody_adds(room: Mailroom) -> None:
    sender = await room.sender()
    lease = await room.lease(sender.mailbox_id)
    await room.emails(sender, 3)
    await room.run("update emails set status = 'cancelled', ended_at = now()")
    adding = [room.emails(sender, due=await room.now() + timedelta(seconds=i)) for i in range(10)]
    settling = [leases.settle(room.pool, lease, until=await room.now()) for _ in range(10)]
    await asyncio.gather(*adding, *settling)
    await leases.settle(room.pool, lease, until=await room.now())
    earliest = await room.value("select min(due_at) from emails where status = 'scheduled'")
    assert await room.value("select next_due from lanes") <= earliest


async def test_what_is_due_soon_has_a_runner_though_its_knock_was_lost(room: Mailroom) -> None:
    sender = await room.sender()
    await room.emails(sender, due=await room.now() + timedelta(seconds=30))
    assert await leases.orphans(room.pool, ahead=5) == []
    assert await leases.orphans(room.pool, ahead=35) == [sender.mailbox_id]


async def test_many_leases_are_taken_settled_and_given_back_together(room: Mailroom) -> None:
    senders = [await room.sender() for _ in range(5)]
    soon = await room.now() + timedelta(seconds=30)
    for sender in senders[:3]:
        await room.emails(sender, due=soon)
    worker_id = await live(room.pool)
    mailbox_ids = [sender.mailbox_id for sender in senders]
    assert await leases.take(room.pool, mailbox_ids[4], await live(room.pool)) is not None
    taken = await asyncio.gather(*[leases.take(room.pool, each, worker_id) for each in mailbox_ids])
    assert [lease and lease.mailbox_id for lease in taken] == [*mailbox_ids[:4], None], (
        "each its own, but for another's"
    )
    held = [lease for lease in taken if lease is not None]
    seen = await asyncio.gather(*[leases.settle(room.pool, lease, until=await room.now()) for lease in held])
    assert [outlook and outlook.wake_at for outlook in seen] == [soon, soon, soon, None]
    await room.run("delete from procrastinate_jobs")
    await asyncio.gather(*[leases.release(room.pool, lease) for lease in held])
    knocks = await room.all("select args ->> 'mailbox_id' as mailbox_id from procrastinate_jobs")
    assert {knock["mailbox_id"] for knock in knocks} == {str(each) for each in mailbox_ids[:3]}
    assert await leases.outlook(room.pool, held[0]) is None


async def test_a_worker_that_ends_gives_back_a_lease_that_it_never_heard_of(room: Mailroom) -> None:
    sender = await room.sender()
    await room.emails(sender, due=await room.now() + timedelta(seconds=30))
    lease = await room.lease(sender.mailbox_id)
    await room.run("delete from procrastinate_jobs")
    await leases.retire(room.pool, lease.worker_id)
    assert await leases.outlook(room.pool, lease) is None
    assert len(await room.all("select from procrastinate_jobs")) == 1
