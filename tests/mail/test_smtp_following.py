"""One message behind the other: the next envelope travels behind the dot, and each message keeps its own answer."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.mail.smtp import Connection, ConnectionLost, Envelope, Letter, Permanent, ReplyUnknown, Server, Timeouts
from tests.mail.conftest import MakeServer
from tests.support.smtp_server import Options, SmtpServer, Step
from tests.support.waiting import wait_until

MESSAGE = b"From: a@example.com\r\nSubject: hi\r\n\r\n.Hello\r\n"
FIRST = Envelope("a@example.com", ("first@example.com",))
SECOND = Envelope("a@example.com", ("second@example.com", "third@example.com"))


@pytest.fixture
def transcribing(make_server: MakeServer) -> SmtpServer:
    return make_server(Options(transcript=True))


async def connect(server: SmtpServer) -> Connection:
    return await Connection.open(Server("127.0.0.1", server.port, "none"))


async def follow_on(connection: Connection) -> tuple[str, Letter]:
    """The answer to the first message, whose dot took the second one's envelope along."""
    await connection.offer(FIRST, MESSAGE)
    letter = connection.letter(SECOND, MESSAGE)
    await connection.dot(behind=letter.lines)
    return str(await connection.outcome()), letter


async def test_the_next_envelope_leaves_with_the_dot(transcribing: SmtpServer) -> None:
    connection = await connect(transcribing)
    reply, letter = await follow_on(connection)
    assert reply.startswith("250 2.0.0 Accepted")
    assert connection.is_announced
    assert not connection.is_usable
    offered = await connection.follow(letter)
    assert [answer.code for answer in offered.recipients] == [250, 250]
    assert len(transcribing.messages) == 1, "nothing of the second is delivered before its own dot"
    await connection.dot()
    assert (await connection.outcome()).accepted
    assert connection.is_usable
    await connection.close()
    assert [message.recipients for message in transcribing.messages] == [FIRST.recipients, SECOND.recipients]
    assert {message.data for message in transcribing.messages} == {MESSAGE}
    assert any(b".\r\nMAIL FROM:" in chunk for chunk in transcribing.chunks)


async def test_the_same_under_tls(make_server: MakeServer, trusted: Path) -> None:
    server = make_server(Options(security="starttls"))
    connection = await Connection.open(Server("localhost", server.port, "starttls"))
    _, letter = await follow_on(connection)
    await connection.follow(letter)
    await connection.dot()
    assert (await connection.outcome()).accepted
    await connection.close()
    assert [message.recipients for message in server.messages] == [FIRST.recipients, SECOND.recipients]


async def test_each_has_its_own_answer(server: SmtpServer) -> None:
    """The first is refused after its dot, the second before: neither says anything of the other."""
    server.on("dot", Step("554 5.7.1 No"), match="first@")
    server.on("rcpt", Step("550 5.1.1 No such user"), match="second@")
    server.on("rcpt", Step("550 5.1.1 No such user"), match="third@")
    connection = await connect(server)
    reply, letter = await follow_on(connection)
    assert reply == "554 5.7.1 No"
    with pytest.raises(Permanent) as caught:
        await connection.follow(letter)
    assert [answer.code for answer in caught.value.recipients] == [550, 550]
    assert connection.is_usable
    await connection.offer(FIRST, MESSAGE)
    await connection.dot()
    assert (await connection.outcome()).accepted
    await connection.close()


async def test_a_server_that_waits_for_a_body_that_nobody_may_get_is_left(make_server: MakeServer) -> None:
    server = make_server(Options(data_anyway=True))
    server.on("rcpt", Step("550 5.1.1 No such user"), match="second@")
    server.on("rcpt", Step("550 5.1.1 No such user"), match="third@")
    connection = await connect(server)
    _, letter = await follow_on(connection)
    with pytest.raises(Permanent):
        await connection.follow(letter)
    assert not connection.is_usable
    await wait_until(lambda: server.open_sessions == 0)
    assert [message.recipients for message in server.received] == [FIRST.recipients]


@pytest.mark.parametrize("step", [Step("421 4.3.2 Shutting down", drop=True), Step("421 4.3.2 Shutting down")])
async def test_a_goodbye_in_answer_to_the_first_is_none_to_the_second(server: SmtpServer, step: Step) -> None:
    server.on("dot", step)
    connection = await connect(server)
    reply, _ = await follow_on(connection)
    assert reply.startswith("421")
    assert not connection.is_announced
    assert not connection.is_usable


async def test_no_answer_to_the_first_leaves_only_the_first_in_doubt(server: SmtpServer) -> None:
    server.on("dot", Step(drop=True))
    connection = await connect(server)
    with pytest.raises(ReplyUnknown):
        await follow_on(connection)
    assert not connection.is_announced
    assert len(server.received) == 1


async def test_a_hang_up_behind_the_first_answer_is_before_the_dot_of_the_second(server: SmtpServer) -> None:
    server.on("dot", Step("250 2.0.0 Got it", drop=True))
    connection = await connect(server)
    reply, letter = await follow_on(connection)
    assert reply.startswith("250")
    with pytest.raises(ConnectionLost):
        await connection.follow(letter)
    assert len(server.received) == 1


async def test_giving_up_drops_the_connection(server: SmtpServer) -> None:
    server.on("rcpt", Step(delay=60), match="second@")
    connection = await connect(server)
    _, letter = await follow_on(connection)
    following = asyncio.create_task(connection.follow(letter))
    await asyncio.sleep(0)
    following.cancel()
    with pytest.raises(asyncio.CancelledError):
        await following
    assert not connection.is_usable


async def test_a_dot_that_the_socket_does_not_take_is_withdrawn_with_what_is_behind_it() -> None:
    async with deaf() as port:
        connection = await Connection.open(Server("127.0.0.1", port, "none"), timeouts=Timeouts())
        await connection.offer(FIRST, MESSAGE)
        connection._protocol.send(b"y" * 30_000_000, 0)
        with pytest.raises(ConnectionLost) as caught:
            await connection.dot(deadline=time.monotonic() + 0.2, behind=connection.letter(SECOND, MESSAGE).lines)
        assert caught.value.phase == "dot"
        assert not connection.is_usable


async def test_a_dot_that_the_socket_took_counts_although_what_is_behind_it_is_stuck() -> None:
    async with deaf() as port:
        connection = await Connection.open(Server("127.0.0.1", port, "none"), timeouts=Timeouts(dot=0.1))
        await connection.offer(FIRST, MESSAGE)
        many = tuple(b"RCPT TO:<%d@example.com>\r\n" % number for number in range(600_000))
        await connection.dot(deadline=time.monotonic() + 30, behind=(b"MAIL FROM:<a@example.com>\r\n", *many))
        assert connection._protocol.unsent()
        with pytest.raises(ReplyUnknown):
            await connection.outcome()


@asynccontextmanager
async def deaf() -> AsyncIterator[int]:
    """The port of a server that answers an envelope and then never reads again."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        serving = asyncio.create_task(answer(listening))
        yield listening.getsockname()[1]
        serving.cancel()


async def answer(listening: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    peer, _ = await loop.sock_accept(listening)
    with peer:
        await loop.sock_sendall(peer, b"220 hi\r\n")
        await loop.sock_recv(peer, 1000)
        await loop.sock_sendall(peer, b"250-hi\r\n250 PIPELINING\r\n")
        await loop.sock_recv(peer, 1000)
        await loop.sock_sendall(peer, b"250 ok\r\n250 ok\r\n354 go\r\n")
        await asyncio.sleep(60)
