"""With every connection busy the next message's envelope travels behind the dot of the one before it."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.support.mailroom import Mailroom
from tests.support.sending import addresses, arrived
from tests.support.smtp_server import Options, SmtpServer, Step
from tests.support.waiting import wait_until
from tests.support.worker_process import worker

BEHIND = b".\r\nMAIL FROM:"


@pytest.fixture
def wire() -> Iterator[SmtpServer]:
    """A server that keeps what it was told, as it was told."""
    with SmtpServer(Options(transcript=True)) as server:
        yield server


async def test_one_connection_takes_one_message_behind_the_other_in_order(
    environment: dict[str, str], room: Mailroom, wire: SmtpServer
) -> None:
    sender = await room.sender(port=wire.port, concurrency=1)
    wire.on("dot", Step("554 5.7.1 No"), match="-00007@")
    wire.on("rcpt", Step("550 5.7.1 Not this one"), match="-00011@")
    ids = await room.emails(sender, 40)
    with worker(environment):
        await arrived(wire, 38)
        await wait_until(room.are("sent", *ids[:7], *ids[8:11], *ids[12:]))
        await wait_until(room.are("failed", ids[7], ids[11]))
    came = addresses(wire.messages)
    assert came == sorted(came)
    assert len(set(came)) == 38
    assert sum(BEHIND in chunk for chunk in wire.chunks) > 20
    assert wire.sessions == 1


async def test_one_that_the_server_cannot_take_fails_alone(environment: dict[str, str], room: Mailroom) -> None:
    """Known before anything of it is said: the one in front and those after it go on."""
    with SmtpServer(Options(size=2000)) as smtp:
        sender = await room.sender(port=smtp.port, concurrency=1)
        content_id = await room.content(text="x" * 70 * 100)
        before = await room.emails(sender, 5)
        (large,) = await room.emails(sender, content_id=content_id)
        after = await room.emails(sender, 5)
        with worker(environment) as process:
            await wait_until(room.are("failed", large))
            await wait_until(room.are("sent", *before, *after))
            assert process.said("mailbox.waits") == [], "it is no trouble of the server's"
        assert smtp.sessions == 1
    assert "2,000" in (await room.email(large))["reply"]


async def test_a_gap_keeps_them_apart(environment: dict[str, str], room: Mailroom, wire: SmtpServer) -> None:
    sender = await room.sender(port=wire.port, concurrency=1, gap_ms=50)
    await room.emails(sender, 10)
    with worker(environment):
        await arrived(wire, 10)
    assert not any(BEHIND in chunk for chunk in wire.chunks)


async def test_a_server_that_hangs_up_after_each_message_gets_each_once(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    sender = await room.sender(port=smtp.port, concurrency=2)
    smtp.on("dot", Step("250 2.0.0 One is enough", drop=True), always=True)
    await room.emails(sender, 30)
    with worker(environment):
        await wait_until(room.are("sent"))
    assert len(addresses(smtp.messages)) == len(set(addresses(smtp.messages))) == 30
    assert await room.outcomes() == ["accepted"] * 30


async def test_a_slow_answer_holds_up_nobody_behind_it_for_long(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    """The other connection takes over whoever waits behind the slow one."""
    sender = await room.sender(port=smtp.port, concurrency=2)
    smtp.on("dot", Step("250 2.0.0 At last", delay=120), match="-00000@")
    ids = await room.emails(sender, 12)
    with worker(environment) as process:
        await wait_until(room.are("sent", *ids[1:]))
        assert await room.status(ids[0]) == "sending"
        process.kill()
    assert len(set(addresses(smtp.messages))) == len(smtp.received) == 12


async def test_who_waits_behind_a_slow_answer_goes_back_when_the_worker_stops(
    environment: dict[str, str], room: Mailroom, wire: SmtpServer
) -> None:
    """And the answer is waited for."""
    sender = await room.sender(port=wire.port, concurrency=1)
    wire.on("dot", Step("250 2.0.0 At last", delay=3), match="-00001@")
    ids = await room.emails(sender, 6)
    with worker(environment) as process:
        await wait_until(room.are("sending", ids[1]))
        await wait_until(lambda: len(wire.received) == 2)
        process.signal(signal.SIGTERM)
        assert process.wait() == 0
    assert await room.statuses() == {"sent": 2, "scheduled": 4}
    assert await room.outcomes() == ["accepted", "accepted"]
