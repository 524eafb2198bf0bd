"""The gate for what nothing counts: the same words as the gate's own, for many mailboxes in one commit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from psycopg import errors

from app.db.queries import queries
from app.db.transaction import transaction
from app.domain.ids import new_id
from app.services import delivery
from app.services.delivery import Due
from app.services.leases import Lease
from tasks.connections import Connections
from tasks.gates import Gates
from tests.support.gating import Gate, Word
from tests.support.mailroom import Mailroom, Sender

HATED = "nobody@example.com"


async def test_it_says_of_each_message_what_the_gate_would(room: Mailroom) -> None:
    sender = await room.sender()
    idle, lost = await room.sender(sender.mailbox_id), await room.sender()
    halted, going = await room.campaign(sender), await room.campaign(sender)
    gone = new_id()
    fine, edited, cancelled = await room.emails(sender, 3)
    (early,) = await room.emails(sender, due=await room.now() + timedelta(seconds=30))
    (of_idle,) = await room.emails(idle)
    (of_lost,) = await room.emails(lost)
    (of_halted,) = await room.emails(sender, campaign_id=halted)
    (of_going,) = await room.emails(sender, campaign_id=going, recipients=3)
    (hated,) = await room.emails(sender, to=["Nobody@Example.com"])
    (partly,) = await room.emails(sender, recipients=3, to=["fine@example.com"])
    await room.run("update emails set revision = 1 where id = %s", edited)
    await room.cancel(cancelled)
    await room.configure("update senders set state = 'paused' where id = %s", idle.id)
    await room.configure("update campaigns set state = 'paused' where id = %s", halted)
    for address in (HATED, "r2-fine@example.com"):
        await room.run(
            "insert into suppressions (workspace_id, address, reason) values (%s, %s, 'manual')",
            room.workspace_id,
            address,
        )
    ids = [fine, edited, cancelled, gone, early, of_idle, of_lost, of_halted, of_going, hated, partly]
    gate = await Gate.of(room, sender.mailbox_id)
    async with room.pool.connection() as conn, conn.transaction(force_rollback=True):
        expected = [(word.email_id, word.verdict, word.next_at) for word in await gate.ask_on(conn, ids)]
    words = await ask(room, [(gate.lease, ids)])
    assert [(word.email_id, word.verdict, word.next_at) for word in words] == expected
    assert [word.verdict for word in words].count("go") == 2

    first, second = await room.ledger()
    assert (first["email_id"], second["email_id"]) == (fine, of_going)
    assert (second["campaign_id"], second["recipients"], second["gap_ms"]) == (going, 3, 0)
    assert (second["attempt"], second["window_seconds"], second["fence"]) == (1, 3600.0, gate.lease.fence)
    email = await room.email(of_going)
    assert (email["status"], email["attempts"], email["dispatched_at"]) == ("sending", 1, words[0].at)
    stamps = await room.all("select last_gate_at, free_at from mailboxes where id = %s", sender.mailbox_id)
    assert stamps == [{"last_gate_at": words[0].at, "free_at": words[0].at + timedelta(seconds=2)}]


async def test_what_has_a_limit_or_a_gap_is_left_to_the_gate_that_counts(room: Mailroom) -> None:
    senders = [
        await room.sender(hourly_limit=10),
        await room.sender(daily_limit=10),
        await room.sender(gap_ms=1),
        await room.sender(),
        await room.sender(),
    ]
    campaign = await room.campaign(senders[3], hourly_limit=1)
    ids = [(await room.emails(sender))[0] for sender in senders]
    (of_campaign,) = await room.emails(senders[3], campaign_id=campaign)
    worker = new_id()
    asks = [
        (await room.lease(sender.mailbox_id, worker), [email_id]) for sender, email_id in zip(senders, ids, strict=True)
    ]
    asks[3][1].append(of_campaign)
    words = {word.email_id: word.verdict for word in await ask(room, asks)}
    assert words == dict.fromkeys([*ids[:3], of_campaign], "counted") | dict.fromkeys(ids[3:], "go")
    assert await room.statuses() == {"scheduled": 4, "sending": 2}
    assert await room.value("select count(*) from mailboxes where last_gate_at > '-infinity'") == 2

    await room.configure("update workspaces set hourly_limit = 100 where id = %s", room.workspace_id)
    (late,) = await room.emails(senders[4])
    assert [word.verdict for word in await ask(room, [(asks[4][0], [late])])] == ["counted"]


@pytest.mark.parametrize("wrong", ["worker_id", "fence", "mailbox_id", "workspace_id"])
async def test_whoever_does_not_hold_the_lease_gets_nothing(room: Mailroom, wrong: str) -> None:
    mine, theirs = await room.sender(), await room.sender()
    ids = [(await room.emails(sender))[0] for sender in (mine, theirs)]
    worker = new_id()
    leases = [await room.lease(sender.mailbox_id, worker) for sender in (mine, theirs)]
    false = changed(leases[1], wrong)
    asks = [(leases[0], ids[:1]), (false, ids[1:])] if wrong in ("fence", "mailbox_id") else [(false, ids[1:])]
    assert [word.verdict for word in await ask(room, asks)][-1] == "lost"
    assert await room.status(ids[1]) == "scheduled"
    assert len(await room.ledger()) == len(asks) - 1


async def test_a_row_that_somebody_is_changing_does_not_block_it(room: Mailroom) -> None:
    sender = await room.sender()
    ids = await room.emails(sender, 3)
    lease = await room.lease(sender.mailbox_id)
    async with transaction(room.pool) as tx:
        await tx.execute("update emails set revision = revision + 1 where id = %s", [ids[1]])
        assert [word.verdict for word in await ask(room, [(lease, ids)])] == ["go", "changed", "go"]


async def test_a_limit_that_appears_waits_for_it_and_counts_what_it_booked(room: Mailroom) -> None:
    sender = await room.sender()
    ids = await room.emails(sender, 4)
    gate = await Gate.of(room, sender.mailbox_id)
    async with transaction(room.pool) as tx:
        await queries.lanes.lock_settings(tx, workspace_id=room.workspace_id)
        async with room.pool.connection() as conn:
            await conn.execute("set statement_timeout = '200ms'")
            with pytest.raises(errors.QueryCanceled):
                await ask_on(conn, [(gate.lease, ids)])
            await conn.execute("reset statement_timeout")
    assert {word.verdict for word in await ask(room, [(gate.lease, ids[:2])])} == {"go"}
    await room.configure("update mailboxes set hourly_limit = 3 where id = %s", sender.mailbox_id)
    assert await gate.verdicts(ids[2:]) == ["go", "mailbox_hour"]


async def test_mailboxes_that_ask_meanwhile_share_a_commit(room: Mailroom) -> None:
    worker = new_id()
    offered = [await offer(room, await room.sender(), worker, 3) for _ in range(6)]
    gates = Gates(room.pool, window=3600.0, connections=Connections(5, allow_private=True))
    before = await room.value("select count(*) from dispatches")
    answers = await asyncio.gather(*(gates.ask(lease, found, connected=1) for lease, found in offered))
    for (_, found), (verdicts, _) in zip(offered, answers, strict=True):
        assert {verdicts[message.id].verdict for message in found} == {"go"}
    assert await room.value("select count(*) from dispatches") == before + 18
    # Two commits begin at once, the first of them with what was there first; the rest shares the next.
    assert len({row["dispatched_at"] for row in await room.ledger()}) <= 3


async def test_one_mailbox_that_the_database_will_not_have_costs_the_others_nothing(room: Mailroom) -> None:
    worker = new_id()
    offered = [await offer(room, await room.sender(), worker, 1) for _ in range(6)]
    await room.run("update emails set attempts = 32767 where id = %s", offered[4][1][0].id)
    gates = Gates(room.pool, window=3600.0, connections=Connections(5, allow_private=True))
    answers = await asyncio.gather(
        *(gates.ask(lease, found, connected=1) for lease, found in offered), return_exceptions=True
    )
    assert [isinstance(answer, errors.NumericValueOutOfRange) for answer in answers] == [i == 4 for i in range(6)]
    assert await room.statuses() == {"scheduled": 1, "sending": 5}
    assert len(await room.ledger()) == 5


async def offer(room: Mailroom, sender: Sender, worker: UUID, count: int) -> tuple[Lease, list[Due]]:
    await room.emails(sender, count)
    lease = await room.lease(sender.mailbox_id, worker)
    now = await room.now()
    return lease, await delivery.due(room.pool, lease, now=now, until=now, limit=count)


async def ask(room: Mailroom, asks: Sequence[tuple[Lease, Sequence[UUID]]]) -> list[Word]:
    async with room.pool.connection() as conn:
        return await ask_on(conn, asks)


async def ask_on(conn: Any, asks: Sequence[tuple[Lease, Sequence[UUID]]]) -> list[Word]:
    offers = [(lease, email_id) for lease, ids in asks for email_id in ids]
    found = queries.delivery.gate_unlimited(
        conn,
        workspace_id=asks[0][0].workspace_id,
        worker_id=asks[0][0].worker_id,
        window=3600.0,
        mailbox_ids=[lease.mailbox_id for lease, _ in offers],
        fences=[lease.fence for lease, _ in offers],
        email_ids=[email_id for _, email_id in offers],
        revisions=[0] * len(offers),
    )
    by_id = {row["email_id"]: Word(**row) async for row in found}
    return [by_id[email_id] for _, email_id in offers]


def changed(lease: Lease, wrong: str) -> Lease:
    values = {name: getattr(lease, name) for name in lease.__struct_fields__}
    return Lease(**values | {wrong: lease.fence - 1 if wrong == "fence" else new_id()})
