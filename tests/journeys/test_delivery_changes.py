"""People and platforms change their minds while mail is on its way: edits, pauses, limits, restarts."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import redis

from app.db.transaction import transaction
from tests.support.mailroom import Mailroom, address
from tests.support.sending import addresses, arrived
from tests.support.smtp_server import Options, SmtpServer, Step
from tests.support.tuned_worker import AT_ONCE, BY_WORD
from tests.support.waiting import wait_until
from tests.support.worker_process import worker


async def test_cancelled_and_moved_messages_obey(environment: dict[str, str], room: Mailroom, smtp: SmtpServer) -> None:
    """Also those that the worker has read already, since they are due within a moment."""
    sender = await room.sender(port=smtp.port)
    with worker(environment, BY_WORD | {"tasks.schedule.LOOKAHEAD": 10.0}):
        start = await room.now() + timedelta(seconds=6)
        ids = await room.emails(sender, 6, due=start, every=0.1)
        far = await room.emails(sender, 1, due=start + timedelta(hours=1))
        await asyncio.sleep(1)  # they are in hand by now
        await room.cancel(ids[1])
        later = start + timedelta(seconds=1.5)
        await room.reschedule(ids[2], later)
        sooner = start + timedelta(seconds=0.25)
        await room.reschedule(far[0], sooner)
        messages = await arrived(smtp, 6)
        await wait_until(room.are("sent", *ids[2:], *far))

    came = {message.recipients[0]: message.at for message in messages}
    assert sorted(came) == sorted([address(ids, i) for i in (0, 2, 3, 4, 5)] + [address(far, 0)])
    assert 0 <= came[address(ids, 2)] - later.timestamp() < AT_ONCE
    assert 0 <= came[address(far, 0)] - sooner.timestamp() < AT_ONCE
    assert await room.status(ids[1]) == "cancelled"


async def test_what_is_in_hand_and_moved_earlier_leaves_at_its_new_time(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    """It has been read already, for its old time: that is not waited for."""
    sender = await room.sender(port=smtp.port, hourly_limit=100)
    with worker(environment):
        await room.emails(sender)
        await arrived(smtp, 1)  # the mailbox has its runner
        for i in range(2, 5):
            old = await room.now() + timedelta(seconds=1.9)
            (moved,) = await room.emails(sender, due=old)
            await asyncio.sleep(0.3)  # it is in hand by now
            await room.reschedule(moved)
            now = await room.now()
            messages = await arrived(smtp, i)
            assert now < old
            assert messages[-1].at < old.timestamp() - 0.5, "not at its old time"
        await wait_until(room.are("sent"))
        with redis.Redis.from_url(environment["REDIS_URL"]) as client:
            (key,) = client.keys("paceline:*mailbox_hour*")
            held = [value for field, value in client.hgetall(key).items() if field.startswith(b"h")]
        assert [value.split()[0] for value in held] in ([], [b"0"]), "the places of its old time are free again"


async def test_what_is_in_the_future_survives_a_restart(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    sender = await room.sender(port=smtp.port)
    with worker(environment):
        start = await room.now() + timedelta(seconds=3)
        ids = await room.emails(sender, 50, due=start, every=0.03)
        await asyncio.sleep(1.5)  # the first of them are in hand
    with worker(environment, BY_WORD):
        messages = await arrived(smtp, 50)
        await wait_until(room.are("sent"))

    lateness = [message.at - start.timestamp() - int(message.recipients[0][-17:-12]) * 0.03 for message in messages]
    assert sorted(addresses(messages)) == [address(ids, i) for i in range(50)]
    assert min(lateness) >= 0
    assert max(lateness) < AT_ONCE


async def test_sigterm_under_load_leaves_no_doubt(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    """It waits for what is between gate and reply, and for nothing else."""
    senders = [await room.sender(port=smtp.port) for _ in range(3)]
    smtp.on("dot", Step(delay=0.2), always=True)
    smtp.on("rcpt", Step(delay=50), match="m")  # one message hangs on the way to the gate
    with worker(environment) as process:
        for sender in senders:
            await room.emails(sender, 150)
        await arrived(smtp, 40)
        began = time.monotonic()
        assert process.stop() == 0
        assert time.monotonic() - began < 25
    statuses = await room.statuses()
    assert set(statuses) == {"sent", "scheduled"}
    assert len(smtp.messages) == statuses["sent"]
    assert await room.all("select from mailboxes where runner_id is not null") == []

    smtp.usual()
    with worker(environment):
        messages = await arrived(smtp, 450)
        await wait_until(room.are("sent"))
    assert len(set(addresses(messages))) == len(messages) == 450


async def test_a_limit_that_is_raised_holds_at_once(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    """Although Redis was told that the mailbox is full for the rest of the hour."""
    sender = await room.sender(port=smtp.port, hourly_limit=2)
    with worker(environment):
        await room.emails(sender, 2)
        await arrived(smtp, 2)
        with redis.Redis.from_url(environment["REDIS_URL"]) as client:
            client.flushall()  # so that it is the gate that refuses
        await room.emails(sender, 3)
        await wait_until(lambda: room.all("select from mailboxes where blocked_reason = 'mailbox_hour'"))
        await room.configure(
            "update mailboxes set hourly_limit = 4, blocked_until = '-infinity', blocked_reason = null where id = %s",
            sender.mailbox_id,
        )
        await room.wake(sender.mailbox_id)
        await arrived(smtp, 4)
        await wait_until(lambda: room.all("select from mailboxes where blocked_reason = 'mailbox_hour'"))
    assert await room.statuses() == {"sent": 4, "scheduled": 1}


async def test_a_message_beyond_every_limit_fails_and_holds_nobody_back(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    sender = await room.sender(port=smtp.port, hourly_limit=3)
    with worker(environment):
        (large,) = await room.emails(sender, recipients=5)
        (small,) = await room.emails(sender, recipients=2)
        await wait_until(room.are("failed", large))
        await wait_until(room.are("sent", small))
    assert "more recipients than a limit allows" in (await room.email(large))["reply"]
    assert len(await room.ledger()) == 1


async def test_a_lane_that_is_younger_than_the_pause_of_its_sender_waits_in_peace(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    paused = await room.sender(port=smtp.port)
    await room.configure("update senders set state = 'paused' where id = %s", paused.id)
    active = await room.sender(paused.mailbox_id)
    with worker(environment):
        await room.emails(paused, 3)
        await wait_until(lambda: room.all("select from lanes where blocked_reason = 'sender_paused'"))
        await room.emails(active, 3)
        await arrived(smtp, 3)
    assert smtp.sessions <= 3 + 5
    assert await room.statuses() == {"scheduled": 3, "sent": 3}


async def test_a_password_that_cannot_be_read_pauses_its_sender_alone(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    """SECRET_KEY is another than the one it was saved under."""
    broken = await room.sender(port=smtp.port, username="ada@example.com", password="s3cret")
    fine = await room.sender(port=smtp.port)
    with worker(environment, SECRET_KEY="another key of thirty-two characters") as process:
        await room.emails(broken, 2)
        await wait_until(lambda: room.all("select from senders where id = %s and state = 'paused'", broken.id))
        await room.emails(fine, 2)
        await arrived(smtp, 2)
        assert process.troubles == []
    (row,) = await room.all("select state_reason from senders where id = %s", broken.id)
    assert "SECRET_KEY" in row["state_reason"]


async def test_a_gap_outlives_the_worker_and_costs_no_connection(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    sender = await room.sender(port=smtp.port, gap_ms=6500)
    with worker(environment):
        await room.emails(sender, 1)
        await arrived(smtp, 1)
    await room.emails(sender, 2)
    with worker(environment):
        messages = await arrived(smtp, 2)
    assert messages[1].monotonic - messages[0].monotonic >= 6.45
    assert smtp.sessions <= 4


async def test_a_server_in_trouble_is_spared(environment: dict[str, str], room: Mailroom) -> None:
    """A hundred due messages are no reason to fail to sign in a hundred times."""
    with SmtpServer(Options(username="ada@example.com", password="right")) as smtp:
        sender = await room.sender(port=smtp.port, username="ada@example.com", password="wrong")
        with worker(environment):
            await room.emails(sender, 100)
            await wait_until(lambda: room.all("select from senders where state = 'paused'"))
        assert smtp.sessions <= 3 * 5, "three rounds of its connections at the most"
    assert await room.statuses() == {"scheduled": 100}


async def test_what_is_read_while_a_server_gets_into_trouble_waits_too(
    environment: dict[str, str], room: Mailroom
) -> None:
    """The read was under way when the first connections failed: it brings in more than a hundred after that."""
    with SmtpServer(Options(username="ada@example.com", password="right")) as smtp:
        smtp.on("auth", *[Step(delay=1.5)] * 5)
        sender = await room.sender(port=smtp.port, username="ada@example.com", password="wrong")
        with worker(environment, {"tasks.troubles.FIRST": 5.0}):
            await room.emails(sender, 400)
            await wait_until(lambda: smtp.sessions == 5)
            async with transaction(room.pool) as tx:
                await tx.execute("lock table emails")
                await room.wake(sender.mailbox_id)
                await wait_until(lambda: room.all("select from mailboxes where blocked_reason = 'connection'"))
                await asyncio.sleep(0.1)  # all that was in hand has been put down
            await asyncio.sleep(0.4)
            assert smtp.sessions == 5, "nobody tries again before the wait is over"
            await wait_until(lambda: smtp.sessions > 5)


async def test_a_message_that_breaks_every_connection_holds_nobody_back(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    sender = await room.sender(port=smtp.port, concurrency=1)
    smtp.on("rcpt", Step(drop=True), match="poison@", always=True)
    with worker(environment):
        poison, *others = await room.emails(sender, 4, to=["poison@x.com", "a@x.com", "b@x.com", "c@x.com"])
        await wait_until(room.are("sent", *others))
        await wait_until(room.are("deferred", poison))
    assert sorted(addresses(smtp.messages)) == ["a@x.com", "b@x.com", "c@x.com"]


async def test_a_knock_that_is_lost_costs_a_moment(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    """Procrastinate does not hear of a job that comes while it fetches another: here it never does."""
    sender = await room.sender(port=smtp.port)
    await room.run(
        "create function lose() returns trigger language plpgsql as"
        " 'begin new.scheduled_at := ''infinity''; return new; end'"
    )
    with worker(environment, BY_WORD):
        await room.run("create trigger lose before insert on procrastinate_jobs for each row execute function lose()")
        await asyncio.sleep(1)  # the worker's look around at its start is over
        began = time.monotonic()
        soon = await room.sender(port=smtp.port)
        await room.emails(sender, 1)
        await room.emails(soon, 1, due=await room.now() + timedelta(seconds=1))
        await arrived(smtp, 1)
        assert time.monotonic() - began < AT_ONCE, "not at the watchdog's next round"
        await arrived(smtp, 2)
        assert time.monotonic() - began < AT_ONCE
