"""The SMTP door against a real server: what arrives, in how many writes, and what a refusal leaves behind."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.mail.envelope import stuffed
from app.mail.smtp import (
    AuthTrouble,
    Connection,
    ConnectionLost,
    Envelope,
    Permanent,
    Server,
    SmtpError,
    Temporary,
    Timeouts,
)
from tests.mail.conftest import MakeServer
from tests.support.smtp_server import Options, SmtpServer, Step
from tests.support.waiting import wait_until

MESSAGE = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: hi\r\n\r\nHello\r\n"
ENVELOPE = Envelope("a@example.com", ("b@example.com",))


async def connect(server: SmtpServer, **waits: float) -> Connection:
    return await Connection.open(Server("127.0.0.1", server.port, "none"), timeouts=Timeouts(**waits))


async def send(connection: Connection, envelope: Envelope = ENVELOPE, message: bytes = MESSAGE) -> str:
    await connection.offer(envelope, message)
    await connection.dot()
    return str(await connection.outcome())


async def test_many_messages_travel_over_one_connection(server: SmtpServer) -> None:
    connection = await connect(server)
    for number in range(20):
        reply = await send(connection, message=MESSAGE + b"%d\r\n" % number)
        assert reply.startswith("250 2.0.0 Accepted")
        assert connection.is_usable
    await connection.close()
    assert not connection.is_usable
    assert [message.data for message in server.messages] == [MESSAGE + b"%d\r\n" % n for n in range(20)]
    assert {message.mail_from for message in server.messages} == {"a@example.com"}
    assert server.sessions == 1


async def test_nothing_is_delivered_before_the_dot(server: SmtpServer) -> None:
    connection = await connect(server)
    offered = await connection.offer(ENVELOPE, MESSAGE)
    assert [reply.code for reply in offered.recipients] == [250]
    assert not connection.is_usable
    assert server.received == []
    await connection.abandon()
    await wait_until(lambda: server.open_sessions == 0)
    assert server.received == []
    assert not connection.is_usable


async def test_the_dot_is_timed_when_it_is_written(server: SmtpServer) -> None:
    connection = await connect(server)
    await connection.offer(ENVELOPE, MESSAGE)
    before = time.monotonic()
    written = await connection.dot()
    after = time.monotonic()
    await connection.outcome()
    assert before <= written.written_at <= after
    assert server.messages[0].monotonic >= before


async def test_with_pipelining_a_message_takes_three_writes_and_two_round_trips(server: SmtpServer) -> None:
    connection = await connect(server)
    await send(connection)
    chunks = [chunk for chunk in server.chunks if not chunk.startswith(b"EHLO")]
    assert chunks[0] == (b"MAIL FROM:<a@example.com> SIZE=%d\r\nRCPT TO:<b@example.com>\r\nDATA\r\n" % len(MESSAGE))
    assert b"".join(chunks[1:]) == MESSAGE + b".\r\n"


async def test_without_pipelining_every_command_waits_for_its_reply(make_server: MakeServer) -> None:
    server = make_server(Options(pipelining=False, size=None, transcript=True))
    connection = await connect(server)
    assert not connection.features.pipelining
    await send(connection, Envelope("a@example.com", ("b@example.com", "c@example.com")))
    assert server.chunks[1:5] == [
        b"MAIL FROM:<a@example.com>\r\n",
        b"RCPT TO:<b@example.com>\r\n",
        b"RCPT TO:<c@example.com>\r\n",
        b"DATA\r\n",
    ]
    assert server.messages[0].recipients == ("b@example.com", "c@example.com")


async def test_what_the_server_offers_is_read(make_server: MakeServer) -> None:
    server = make_server(Options(pipelining=True, size=1000, smtputf8=False, eight_bit=True))
    features = (await connect(server)).features
    assert (features.pipelining, features.size, features.smtputf8, features.eight_bit) == (True, 1000, False, True)


@pytest.mark.parametrize("pipelining", [True, False])
async def test_a_recipient_refused_for_good_is_recorded_and_the_rest_goes(
    make_server: MakeServer, pipelining: bool
) -> None:
    server = make_server(Options(pipelining=pipelining))
    server.on("rcpt", Step("550 5.1.1 No such user"), match="gone@", always=True)
    connection = await connect(server)
    offered = await connection.offer(
        Envelope("a@example.com", ("b@example.com", "gone@example.com", "c@example.com")), MESSAGE
    )
    assert [str(reply) for reply in offered.recipients][1] == "550 5.1.1 No such user"
    await connection.dot()
    assert (await connection.outcome()).accepted
    assert server.messages[0].recipients == ("b@example.com", "c@example.com")


@pytest.mark.parametrize("pipelining", [True, False])
async def test_one_recipient_refused_for_now_holds_the_whole_message_back(
    make_server: MakeServer, pipelining: bool
) -> None:
    server = make_server(Options(pipelining=pipelining))
    server.on("rcpt", Step("451 4.7.1 Greylisted"), match="b@")
    connection = await connect(server)
    with pytest.raises(Temporary) as caught:
        await connection.offer(Envelope("a@example.com", ("a@example.com", "b@example.com")), MESSAGE)
    assert caught.value.phase == "rcpt"
    assert caught.value.reply is not None
    assert caught.value.reply.enhanced == "4.7.1"
    assert [reply.code for reply in caught.value.recipients] == [250, 451]
    if connection.is_usable:  # DATA had not been asked: the connection goes on
        await send(connection)
    await connection.close()
    await wait_until(lambda: server.open_sessions == 0)
    assert len(server.received) == (0 if pipelining else 1)


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize(("moment", "phase"), [("mail", "mail"), ("rcpt", "rcpt"), ("data", "data")])
@pytest.mark.parametrize(("reply", "kind"), [("550 5.7.1 Never", Permanent), ("450 4.2.0 Later", Temporary)])
async def test_a_refusal_leaves_the_connection_good_for_the_next_message(
    make_server: MakeServer, pipelining: bool, moment: str, phase: str, reply: str, kind: type[SmtpError]
) -> None:
    server = make_server(Options(pipelining=pipelining))
    server.on(moment, Step(reply))  # type: ignore[arg-type]
    connection = await connect(server)
    with pytest.raises(kind) as caught:
        await connection.offer(ENVELOPE, MESSAGE)
    assert caught.value.phase == phase
    assert str(caught.value.reply) == reply
    assert connection.is_usable
    assert (await send(connection)).startswith("250")
    assert len(server.received) == 1
    assert server.sessions == 1


async def test_a_server_that_asks_for_a_body_without_recipients_gets_no_empty_message(
    make_server: MakeServer,
) -> None:
    server = make_server(Options(data_anyway=True))
    server.on("rcpt", Step("550 5.1.1 No such user"), always=True)
    connection = await connect(server)
    with pytest.raises(Permanent) as caught:
        await connection.offer(ENVELOPE, MESSAGE)
    assert caught.value.phase == "rcpt"
    assert not connection.is_usable
    await wait_until(lambda: server.open_sessions == 0)
    assert server.received == []


async def test_a_definite_answer_after_the_dot_is_returned_whatever_it_says(server: SmtpServer) -> None:
    server.on("dot", Step("451 4.3.0 Disk full"), Step("554 5.7.1 Spam"))
    connection = await connect(server)
    assert await send(connection) == "451 4.3.0 Disk full"
    assert await send(connection) == "554 5.7.1 Spam"
    assert (await send(connection)).startswith("250")


async def test_an_answer_of_several_lines_is_one_reply(server: SmtpServer) -> None:
    server.on("dot", Step("250-2.0.0 First\n250-2.0.0 second\n250 2.0.0 third"))
    assert await send(await connect(server)) == "250 2.0.0 First second third"


async def test_a_mailbox_that_lost_its_sign_in_is_told_apart_from_a_bad_message(server: SmtpServer) -> None:
    server.on("mail", Step("530 5.7.0 Authentication required"))
    with pytest.raises(AuthTrouble):
        await (await connect(server)).offer(ENVELOPE, MESSAGE)


async def test_dots_and_long_lines_arrive_as_they_were(server: SmtpServer) -> None:
    body = b".\r\n..\r\n.leading\r\nin. the.\r\nmiddle\r\n.\r\n" + b"x" * 998 + b"\r\n\r\n.\r\n"
    connection = await connect(server)
    await send(connection, message=b".dot first\r\n\r\n" + body)
    assert server.messages[0].data == b".dot first\r\n\r\n" + body


async def test_a_message_without_a_last_line_end_gets_one(server: SmtpServer) -> None:
    await send(await connect(server), message=b"A: b\r\n\r\nlast")
    assert server.messages[0].data == b"A: b\r\n\r\nlast\r\n"


@pytest.mark.parametrize("message", [b"", b"a\nb\r\n", b"a\rb\r\n", b"a\r\n.\n", b"x\n.\nMAIL FROM:<e@vil>\r\n"])
async def test_a_line_end_that_servers_disagree_on_is_refused(server: SmtpServer, message: bytes) -> None:
    connection = await connect(server)
    with pytest.raises(Permanent, match="CRLF"):
        await connection.offer(ENVELOPE, message)
    assert connection.is_usable
    assert len(server.chunks) == 1  # only EHLO


@given(st.lists(st.sampled_from([b".", b"\r\n", b"a", b"..", b"\r\n.\r\n", b"b" * 50]), min_size=1, max_size=40))
def test_stuffing_is_undone_by_the_rule_of_the_rfc(parts: list[bytes]) -> None:
    message = b"".join(parts)
    sent = stuffed(message)
    lines = sent[:-2].split(b"\r\n")
    assert sent.endswith(b"\r\n")
    assert b"." not in lines
    back = b"\r\n".join(line[1:] if line.startswith(b".") else line for line in lines) + b"\r\n"
    assert back == (message if message.endswith(b"\r\n") else message + b"\r\n")


async def test_a_message_of_25_megabytes_arrives_whole(server: SmtpServer) -> None:
    message = MESSAGE + b"".join(b"%070d\r\n" % number for number in range(350_000))
    assert len(message) > 25_000_000
    connection = await connect(server)
    await send(connection, message=message)
    assert server.messages[0].data == message


@pytest.mark.parametrize(
    "address",
    ["a b@c.de", "a@c.de> SIZE=1\r\nRCPT TO:<x@y", "a\r\n@c.de", "<a@c.de>", "a\0@c.de", "a\x7f@c.de", "a" * 300],
)
@pytest.mark.parametrize("place", ["from", "to"])
async def test_no_address_smuggles_a_command(server: SmtpServer, address: str, place: str) -> None:
    connection = await connect(server)
    envelope = Envelope(address, ("b@c.de",)) if place == "from" else Envelope("a@b.de", (address,))
    with pytest.raises(Permanent):
        await connection.offer(envelope, MESSAGE)
    assert connection.is_usable
    assert len(server.chunks) == 1


async def test_a_message_over_the_servers_size_is_not_even_offered(make_server: MakeServer) -> None:
    server = make_server(Options(size=len(MESSAGE) - 1, transcript=True))
    connection = await connect(server)
    with pytest.raises(Permanent, match="takes at most"):
        await connection.offer(ENVELOPE, MESSAGE)
    assert connection.is_usable
    assert len(server.chunks) == 1


async def test_letters_outside_ascii_travel_only_where_the_server_takes_them(make_server: MakeServer) -> None:
    envelope = Envelope("a@example.com", ("jörg@exämple.de",), smtputf8=True)
    message = "To: jörg@exämple.de\r\n\r\nHi\r\n".encode()
    able = make_server(Options(transcript=True))
    await send(await connect(able), envelope, message)
    assert able.messages[0].recipients == ("jörg@exämple.de",)
    assert b" SMTPUTF8 BODY=8BITMIME\r\n" in able.chunks[1]
    for options in (Options(smtputf8=False), Options(eight_bit=False)):
        connection = await connect(make_server(options))
        with pytest.raises(Permanent):
            await connection.offer(envelope, message)
    with pytest.raises(Permanent, match="SMTPUTF8"):
        await (await connect(able)).offer(Envelope("a@example.com", ("jörg@exämple.de",)), MESSAGE)


async def test_the_null_return_path_can_be_used(server: SmtpServer) -> None:
    await send(await connect(server), Envelope("", ("b@example.com",)))
    assert server.messages[0].mail_from == ""


async def test_rset_shows_that_the_server_is_there(server: SmtpServer) -> None:
    connection = await connect(server)
    await connection.rset()
    assert connection.is_usable
    server.on("rset", Step(drop=True))
    with pytest.raises(ConnectionLost):
        await connection.rset()
    assert not connection.is_usable


async def test_steps_out_of_order_are_a_mistake_of_ours(server: SmtpServer) -> None:
    connection = await connect(server)
    wrong: list[Callable[[], Awaitable[object]]] = [connection.dot, connection.outcome]
    for step in wrong:
        with pytest.raises(RuntimeError):
            await step()
    await connection.offer(ENVELOPE, MESSAGE)
    with pytest.raises(ConnectionLost):
        await connection.offer(ENVELOPE, MESSAGE)
    assert server.received == []


def test_a_password_never_shows() -> None:
    server = Server("mail.example.com", 587, "starttls", "ada", "s3cret")
    assert "s3cret" not in repr(server)
    assert "s3cret" not in str(server.__rich_repr__())
    assert "s3cret" not in f"{server}"
