"""Broken connections: before the dot nobody got the message, after it only the server knows."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from app.mail.smtp import (
    BeforeDot,
    Connection,
    ConnectionLost,
    Envelope,
    ReplyUnknown,
    Server,
    Temporary,
    Timeouts,
)
from tests.mail.conftest import MakeServer
from tests.support.smtp_server import Options, SmtpServer, Step
from tests.support.waiting import wait_until

MESSAGE = b"Subject: hi\r\n\r\n" + b"Hello\r\n" * 20
ENVELOPE = Envelope("a@example.com", ("b@example.com",))
QUICK = Timeouts(mail=0.3, rcpt=0.3, data=0.3, body=0.3, dot=0.3, quit=0.3)


async def connect(server: SmtpServer, timeouts: Timeouts | None = None) -> Connection:
    timeouts = timeouts or Timeouts.brief(60)
    return await Connection.open(Server("127.0.0.1", server.port, "none"), timeouts=timeouts)


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("moment", ["mail", "rcpt", "data"])
@pytest.mark.parametrize("fault", ["drop", "garbage", "silence", "odd code"])
async def test_an_envelope_that_breaks_off_is_not_delivered(
    make_server: MakeServer, pipelining: bool, moment: str, fault: str
) -> None:
    server = make_server(Options(pipelining=pipelining))
    faults = {
        "drop": Step(drop=True),
        "garbage": Step("hello there"),
        "silence": Step(""),
        "odd code": Step("199 what"),
    }
    server.on(moment, faults[fault])  # type: ignore[arg-type]
    connection = await connect(server, QUICK if fault == "silence" else None)
    with pytest.raises(BeforeDot) as caught:
        await connection.offer(ENVELOPE, MESSAGE)
    assert isinstance(caught.value, (ConnectionLost, Temporary))
    assert not connection.is_usable
    await wait_until(lambda: server.open_sessions == 0)
    assert server.received == []


@pytest.mark.parametrize("moment", ["mail", "rcpt", "data"])
async def test_a_server_that_says_goodbye_asks_for_later(server: SmtpServer, moment: str) -> None:
    server.on(moment, Step("421 4.3.2 Shutting down", drop=True))  # type: ignore[arg-type]
    connection = await connect(server)
    with pytest.raises(Temporary) as caught:
        await connection.offer(ENVELOPE, MESSAGE)
    assert caught.value.reply is not None
    assert caught.value.reply.code == 421
    assert not connection.is_usable


@pytest.mark.parametrize("reply", ["250 2.0.0 Accepted already", "552 5.3.4 Too big", "421 4.3.2 Bye", "nonsense"])
@pytest.mark.parametrize("drop", [False, True])
async def test_a_reply_before_the_dot_is_never_taken_for_the_answer(server: SmtpServer, reply: str, drop: bool) -> None:
    server.on("body", Step(reply, after_bytes=20, drop=drop))
    connection = await connect(server)
    with pytest.raises(ConnectionLost) as caught:
        await _up_to_the_dot(connection)
    assert caught.value.phase in ("body", "dot")
    assert not connection.is_usable
    await wait_until(lambda: server.open_sessions == 0)
    assert server.received == []


async def test_a_connection_that_breaks_in_a_large_body_is_not_delivered(server: SmtpServer) -> None:
    server.on("body", Step(after_bytes=1_000_000, drop=True))
    connection = await connect(server, Timeouts(body=60))
    with pytest.raises(ConnectionLost) as caught:
        await connection.offer(ENVELOPE, b"Subject: x\r\n\r\n" + b"y" * 30_000_000 + b"\r\n")
    assert caught.value.phase == "body"
    assert server.received == []


@pytest.mark.parametrize(
    "step", [Step(drop=True), Step(""), Step("garbage"), Step("354 Go on"), Step("250-half", drop=True)]
)
async def test_after_the_dot_anything_but_an_answer_is_unknown(server: SmtpServer, step: Step) -> None:
    server.on("dot", step)
    connection = await connect(server, Timeouts(dot=0.3) if step == Step("") else None)
    await connection.offer(ENVELOPE, MESSAGE)
    await connection.dot()
    with pytest.raises(ReplyUnknown) as caught:
        await connection.outcome()
    assert caught.value.phase == "dot"
    assert not isinstance(caught.value, BeforeDot)
    assert not connection.is_usable
    assert len(server.received) == 1


async def test_an_answer_that_comes_with_the_hang_up_counts(server: SmtpServer) -> None:
    server.on("dot", Step("250 2.0.0 Got it", drop=True))
    connection = await connect(server)
    await connection.offer(ENVELOPE, MESSAGE)
    await connection.dot()
    assert (await connection.outcome()).accepted
    await wait_until(lambda: not connection.is_usable)


async def test_an_answer_that_comes_with_a_goodbye_counts_and_the_connection_is_left(server: SmtpServer) -> None:
    server.on("dot", Step("250 2.0.0 Got it\n421 4.3.2 Bye"))
    connection = await connect(server)
    await connection.offer(ENVELOPE, MESSAGE)
    await connection.dot()
    assert (await connection.outcome()).text == "Got it"
    assert not connection.is_usable


async def test_a_server_that_hangs_up_between_messages_is_noticed(server: SmtpServer) -> None:
    connection = await connect(server)
    assert connection.is_usable
    server.stop()
    await wait_until(lambda: not connection.is_usable)
    with pytest.raises(ConnectionLost):
        await connection.offer(ENVELOPE, MESSAGE)


async def test_a_hang_up_between_body_and_dot_is_known_not_to_be_delivered(server: SmtpServer) -> None:
    connection = await connect(server)
    await connection.offer(ENVELOPE, MESSAGE)
    server.stop()
    await wait_until(lambda: connection._protocol.trouble)
    with pytest.raises(ConnectionLost) as caught:
        await connection.dot()
    assert caught.value.phase == "dot"
    assert server.received == []


async def test_a_dot_whose_time_is_over_is_not_sent(server: SmtpServer) -> None:
    connection = await connect(server)
    await connection.offer(ENVELOPE, MESSAGE)
    with pytest.raises(ConnectionLost, match="time"):
        await connection.dot(deadline=time.monotonic() - 0.001)
    await wait_until(lambda: server.open_sessions == 0)
    assert server.received == []


async def test_giving_up_in_the_middle_of_an_offer_drops_the_connection(server: SmtpServer) -> None:
    server.on("rcpt", Step(delay=60))
    connection = await connect(server)
    offering = asyncio.create_task(connection.offer(ENVELOPE, MESSAGE))
    await wait_until(lambda: len(server.chunks) > 1)
    offering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await offering
    assert not connection.is_usable
    await wait_until(lambda: server.open_sessions == 0)
    assert server.received == []


async def test_a_server_that_stops_reading_ends_the_body_in_time(unused_server: socket.socket) -> None:
    serving = asyncio.create_task(_deaf(unused_server))
    port = unused_server.getsockname()[1]
    connection = await Connection.open(Server("127.0.0.1", port, "none"), timeouts=Timeouts(body=0.3))
    started = time.monotonic()
    with pytest.raises(ConnectionLost) as caught:
        await connection.offer(ENVELOPE, b"Subject: x\r\n\r\n" + b"y" * 30_000_000 + b"\r\n")
    assert caught.value.phase == "body"
    assert time.monotonic() - started < 30
    serving.cancel()


async def test_a_dot_that_the_socket_does_not_take_is_withdrawn(unused_server: socket.socket) -> None:
    """The body fits the kernel's buffers but for its end: the dot cannot leave, and must not leave later."""
    serving = asyncio.create_task(_deaf(unused_server))
    port = unused_server.getsockname()[1]
    connection = await Connection.open(Server("127.0.0.1", port, "none"), timeouts=Timeouts())
    await connection.offer(ENVELOPE, MESSAGE)
    connection._protocol.send(b"y" * 30_000_000, 0)
    with pytest.raises(ConnectionLost) as caught:
        await connection.dot(deadline=time.monotonic() + 0.2)
    assert caught.value.phase == "dot"
    assert not connection.is_usable
    serving.cancel()


@pytest.fixture
def unused_server() -> socket.socket:
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setblocking(False)
    return listening


async def _deaf(listening: socket.socket) -> None:
    """Answers an envelope and then never reads again."""
    loop = asyncio.get_running_loop()
    peer, _ = await loop.sock_accept(listening)
    with listening, peer:
        await loop.sock_sendall(peer, b"220 hi\r\n")
        await loop.sock_recv(peer, 1000)
        await loop.sock_sendall(peer, b"250-hi\r\n250 PIPELINING\r\n")
        await loop.sock_recv(peer, 1000)
        await loop.sock_sendall(peer, b"250 ok\r\n250 ok\r\n354 go\r\n")
        await asyncio.sleep(60)


async def _up_to_the_dot(connection: Connection) -> None:
    """Waits before the dot until the server's early words have come."""
    await connection.offer(ENVELOPE, MESSAGE)
    await wait_until(lambda: connection._protocol.trouble)
    await connection.dot()
