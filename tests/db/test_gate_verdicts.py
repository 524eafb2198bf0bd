"""Who passes the gate and who does not, what it writes down, and what is taken back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from psycopg import errors

from app.db.pool import Conn, Pool
from app.db.queries import queries
from app.db.transaction import transaction
from app.domain.ids import new_id
from app.domain.status import Status
from app.services import delivery
from app.services.delivery import Outcome
from app.settings import Settings
from tests.support.gating import Gate
from tests.support.mailroom import Mailroom

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("wrong", ["worker_id", "fence", "mailbox_id", "workspace_id"])
async def test_whoever_does_not_hold_the_lease_gets_nothing(room: Mailroom, wrong: str) -> None:
    sender = await room.sender()
    ids = await room.emails(sender, 2)
    gate = await Gate.of(room, sender.mailbox_id)
    other = gate.lease.fence - 1 if wrong == "fence" else new_id()
    assert await gate.verdicts(ids, **{wrong: other}) == ["lost", "lost"]
    assert await room.statuses() == {"scheduled": 2}
    assert await room.ledger() == []


async def test_a_lease_that_was_taken_over_is_lost_at_once(room: Mailroom) -> None:
    sender = await room.sender()
    ids = await room.emails(sender, 2)
    gate = await Gate.of(room, sender.mailbox_id)
    await room.run("update workers set expires_at = now() where id = %s", gate.lease.worker_id)
    successor = await Gate.of(room, sender.mailbox_id)
    assert await gate.verdicts(ids[:1]) == ["lost"]
    assert await successor.verdicts(ids[:1]) == ["go"]


async def test_each_reason_to_stay(room: Mailroom) -> None:
    sender = await room.sender(hourly_limit=10)
    idle = await room.sender(sender.mailbox_id)
    halted = await room.campaign(sender)
    gone = new_id()
    (fine, edited, cancelled, sent) = await room.emails(sender, 4)
    (early,) = await room.emails(sender, due=await room.now() + timedelta(seconds=30))
    (large,) = await room.emails(sender, recipients=11)
    (of_idle,) = await room.emails(idle)
    (of_halted,) = await room.emails(sender, campaign_id=halted)
    (hated,) = await room.emails(sender, to=["Nobody@Example.com"])
    (partly,) = await room.emails(sender, recipients=3, to=["fine@example.com"])
    await room.run("update emails set revision = 1 where id = %s", edited)
    await room.cancel(cancelled)
    await room.configure("update senders set state = 'paused' where id = %s", idle.id)
    await room.configure("update campaigns set state = 'paused' where id = %s", halted)
    for address in ("nobody@example.com", "r2-fine@example.com"):
        await room.run(
            "insert into suppressions (workspace_id, address, reason) values (%s, %s, 'manual')",
            room.workspace_id,
            address,
        )
    gate = await Gate.of(room, sender.mailbox_id)
    assert await gate.verdicts([sent]) == ["go"]

    expected = {
        edited: "changed",
        cancelled: "changed",
        sent: "changed",
        gone: "changed",
        early: "early",
        large: "oversize",
        of_idle: "paused",
        of_halted: "paused",
        hated: "suppressed",
        partly: "suppressed",
        fine: "go",
    }
    words = await gate.ask(list(expected))
    assert {word.email_id: word.verdict for word in words} == expected
    assert [row["email_id"] for row in await room.ledger()] == [sent, fine]
    by_id = {word.email_id: word for word in words}
    assert by_id[early].next_at == (await room.email(early))["due_at"]


async def test_a_row_that_somebody_is_changing_does_not_block_the_gate(room: Mailroom) -> None:
    sender = await room.sender()
    ids = await room.emails(sender, 3)
    gate = await Gate.of(room, sender.mailbox_id)
    async with transaction(room.pool) as tx:
        await tx.execute("update emails set revision = revision + 1 where id = %s", [ids[1]])
        assert await gate.verdicts(ids) == ["go", "changed", "go"]
    assert await gate.verdicts(ids[1:2], revision=1) == ["go"]


async def test_a_change_of_limits_waits_for_the_gate_and_the_next_gate_for_the_change(room: Mailroom) -> None:
    """So that no gate decides on half of a change."""
    sender = await room.sender()
    ids = await room.emails(sender, 2)
    gate = await Gate.of(room, sender.mailbox_id)
    async with transaction(room.pool) as tx:
        await queries.lanes.lock_settings(tx, workspace_id=room.workspace_id)
        async with room.pool.connection() as conn:
            await conn.execute("set statement_timeout = '200ms'")
            with pytest.raises(errors.QueryCanceled):
                await gate.ask_on(conn, ids)
            await conn.execute("reset statement_timeout")
    assert await gate.verdicts(ids) == ["go", "go"]


async def test_the_gap_runs_from_the_dot_and_not_from_the_commit(room: Mailroom) -> None:
    sender = await room.sender(gap_ms=60_000)
    ids = await room.emails(sender, 3)
    gate = await Gate.of(room, sender.mailbox_id)
    first, second, _ = await gate.ask(ids)
    assert (first.verdict, second.verdict) == ("go", "gap")
    assert second.next_at == first.at + timedelta(seconds=62), "until the dot is known: it may be as late as allowed"

    dot = first.at + timedelta(seconds=1.5)
    (word,) = await gate.ask(ids[1:2], prior_dot=dot)
    assert (word.verdict, word.next_at) == ("gap", dot + timedelta(seconds=60))
    (word,) = await gate.ask(ids[1:2], prior_dot=dot - timedelta(seconds=62))
    assert word.verdict == "go"


async def test_the_ledger_carries_what_was_in_force(pool: Pool, settings: Settings) -> None:
    room = await Mailroom.open(pool, settings, hourly_limit=1000)
    sender = await room.sender(hourly_limit=40, daily_limit=300, gap_ms=0)
    campaign = await room.campaign(sender, hourly_limit=20)
    (email_id,) = await room.emails(sender, recipients=2, campaign_id=campaign)
    (other,) = await room.emails(sender)
    gate = await Gate.of(room, sender.mailbox_id, window=60)
    words = await gate.ask([email_id, other])

    first, second = await room.ledger()
    expected = {
        "email_id": email_id,
        "attempt": 1,
        "mailbox_id": sender.mailbox_id,
        "campaign_id": campaign,
        "recipients": 2,
        "worker_id": gate.lease.worker_id,
        "fence": gate.lease.fence,
        "dispatched_at": words[0].at,
        "window_seconds": 60.0,
        "workspace_hour_limit": 1000,
        "campaign_hour_limit": 20,
        "mailbox_day_limit": 300,
        "mailbox_hour_limit": 40,
        "gap_ms": 0,
        "outcome": "pending",
        "dot_at": None,
    }
    assert {name: first[name] for name in expected} == expected
    assert (second["campaign_id"], second["campaign_hour_limit"]) == (None, None)
    email = await room.email(email_id)
    assert (email["status"], email["attempts"], email["dispatched_at"]) == ("sending", 1, words[0].at)


async def test_what_is_voided_returns_its_quota_and_waits_again(pool: Pool, settings: Settings) -> None:
    room = await Mailroom.open(pool, settings, hourly_limit=50)
    sender = await room.sender(hourly_limit=4, daily_limit=4)
    campaign = await room.campaign(sender, hourly_limit=4)
    ids = await room.emails(sender, 3, campaign_id=campaign, recipients=2)
    gate = await Gate.of(room, sender.mailbox_id)
    words = await gate.ask(ids)
    assert [word.verdict for word in words] == ["go", "go", "campaign_hour"]
    counters = "select sum(pacing_used(p)) from pacing as p"
    assert await room.value(counters) == 4 * 4
    # The successor of a dead runner found nothing waiting; then the runner turned out to be alive.
    await room.run("update lanes set next_due = null")

    for _ in range(2):  # twice is once
        await delivery.void(pool, gate.lease, [words[0].dispatch_id or 0])
        assert await room.value(counters) == 4 * 2
    assert (await room.email(ids[0]))["attempts"] == 0
    assert await room.statuses() == {"scheduled": 2, "sending": 1}
    assert [row["outcome"] for row in await room.ledger()] == ["void", "pending"]
    assert await room.value("select next_due from lanes") == (await room.email(ids[0]))["due_at"]
    assert await gate.verdicts(ids[:1]) == ["go"]


async def test_only_what_surely_had_no_dot_is_voided(room: Mailroom) -> None:
    sender = await room.sender(hourly_limit=10)
    ids = await room.emails(sender, 3)
    gate = await Gate.of(room, sender.mailbox_id)
    words = await gate.ask(ids)
    numbers = [word.dispatch_id or 0 for word in words]
    await delivery.record(room.pool, [outcome(room, numbers[0], ids[0]), outcome(room, numbers[1], ids[1], "unknown")])
    await delivery.void(room.pool, gate.lease, numbers[:2])
    stranger = await Gate.of(room, (await room.sender()).mailbox_id)
    await delivery.void(room.pool, stranger.lease, numbers[2:])
    assert await room.statuses() == {"sent": 1, "uncertain": 1, "sending": 1}
    assert [row["outcome"] for row in await room.ledger()] == ["accepted", "unknown", "pending"]


async def test_an_outcome_is_written_once_and_a_late_word_ends_a_doubt(room: Mailroom) -> None:
    sender = await room.sender()
    ids = await room.emails(sender, 2)
    gate = await Gate.of(room, sender.mailbox_id)
    first, second = [word.dispatch_id or 0 for word in await gate.ask(ids)]
    await delivery.record(room.pool, [outcome(room, first, ids[0]), outcome(room, second, ids[1], "unknown")])
    await delivery.record(room.pool, [outcome(room, first, ids[0], "unknown"), outcome(room, second, ids[1])])
    await delivery.record(room.pool, [outcome(room, second, ids[1], "unknown")])
    assert await room.statuses() == {"sent": 2}
    assert [row["outcome"] for row in await room.ledger()] == ["accepted", "accepted"]
    story = await room.all("select type from events where email_id = %s order by id", ids[1])
    assert [row["type"] for row in story] == ["email.uncertain", "email.sent"]


async def test_many_suppressions_do_not_slow_the_gate_down(room: Mailroom) -> None:
    """Each address is looked up; the list is not read through. A dot has at most two seconds."""
    await room.run(
        "insert into suppressions (workspace_id, address, reason)"
        " select %s, 'a' || i || '@example.com', 'manual' from generate_series(1, 50000) as i",
        room.workspace_id,
    )
    await room.run("analyze suppressions")
    sender = await room.sender()
    ids = await room.emails(sender, 100)
    gate = await Gate.of(room, sender.mailbox_id)
    async with room.pool.connection() as conn:
        before = await reads(conn)
        assert {word.verdict for word in await gate.ask_on(conn, ids)} == {"go"}
        assert await reads(conn) - before < 5000


async def reads(conn: Conn) -> int:
    """How many rows of the suppressions have been looked at, by this connection's statements above all."""
    await conn.execute("select pg_stat_force_next_flush()")
    cursor = await conn.execute(
        "select seq_tup_read + coalesce(idx_tup_fetch, 0) as n from pg_stat_user_tables where relname = 'suppressions'"
    )
    (row,) = await cursor.fetchall()
    return int(row["n"])


def outcome(room: Mailroom, dispatch_id: int, email_id: UUID, what: str = "accepted") -> Outcome:
    return Outcome(
        workspace_id=room.workspace_id,
        dispatch_id=dispatch_id,
        email_id=email_id,
        outcome=what,
        status=Status.SENT if what == "accepted" else Status.UNCERTAIN,
        dot_at=MOMENT,
        code=250 if what == "accepted" else None,
        reply="250 OK" if what == "accepted" else "No answer.",
    )
