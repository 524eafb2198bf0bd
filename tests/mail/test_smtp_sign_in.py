"""Connecting: TLS that is verified, signing in, and what each kind of trouble is called."""

from __future__ import annotations

import asyncio
import socket
import ssl
from pathlib import Path

import pytest

from app.mail.smtp import AuthTrouble, Connection, ConnectTrouble, Envelope, Server, SmtpError, Temporary, Timeouts
from tests.mail.conftest import MakeServer
from tests.support.certificates import make_certificates
from tests.support.smtp_server import Options, SmtpServer, Step
from tests.support.waiting import wait_until

MESSAGE = b"Subject: hi\r\n\r\nHello\r\n"
ENVELOPE = Envelope("a@example.com", ("b@example.com",))
PATIENT = Timeouts.brief(30)
QUICK = Timeouts(greeting=0.5)  # where a server says nothing


def secured(security: str, methods: tuple[str, ...] = ("PLAIN", "LOGIN")) -> Options:
    return Options(security=security, username="ada", password="pässword", auth_methods=methods, transcript=True)  # type: ignore[arg-type]


def target(server: SmtpServer, password: str = "pässword", host: str = "127.0.0.1") -> Server:
    return Server(host, server.port, server.options.security, server.options.username, password)


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("methods", [("PLAIN",), ("LOGIN",), ("PLAIN", "LOGIN"), ("XOAUTH2", "LOGIN")])
async def test_a_message_travels_encrypted_and_signed_in(
    make_server: MakeServer, security: str, methods: tuple[str, ...]
) -> None:
    server = make_server(secured(security, methods))
    connection = await Connection.open(target(server), timeouts=PATIENT)
    for _ in range(3):
        await connection.offer(ENVELOPE, MESSAGE)
        await connection.dot()
        assert (await connection.outcome()).accepted
    await connection.close()
    assert [(message.user, message.tls) for message in server.messages] == [("ada", True)] * 3


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_large_message_travels_encrypted(make_server: MakeServer, security: str) -> None:
    server = make_server(secured(security))
    message = MESSAGE + b"".join(b"%070d\r\n" % number for number in range(100_000))
    connection = await Connection.open(target(server))
    await connection.offer(ENVELOPE, message)
    await connection.dot()
    assert (await connection.outcome()).accepted
    assert server.messages[0].data == message


@pytest.mark.usefixtures("trusted")
async def test_the_address_is_pinned_and_the_certificate_is_the_hosts(make_server: MakeServer) -> None:
    server = make_server(secured("starttls"))
    connection = await Connection.open(target(server, host="localhost"), pin="127.0.0.1", timeouts=PATIENT)
    assert connection.is_usable
    with pytest.raises(ConnectTrouble, match="not trusted") as caught:
        await Connection.open(target(server, host="mail.example.com"), pin="127.0.0.1", timeouts=PATIENT)
    assert caught.value.phase == "tls"
    assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_an_unknown_authority_is_not_trusted(
    make_server: MakeServer, security: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(make_certificates(tmp_path).authority))
    server = make_server(secured(security))
    with pytest.raises(ConnectTrouble, match="not trusted") as caught:
        await Connection.open(target(server), timeouts=PATIENT)
    assert caught.value.phase == "tls"
    assert not any(b"AUTH" in chunk for chunk in server.chunks)


async def test_a_password_is_never_sent_when_starttls_is_not_offered(make_server: MakeServer) -> None:
    server = make_server(secured("none"))
    with pytest.raises(ConnectTrouble, match="does not offer STARTTLS") as caught:
        await Connection.open(Server("127.0.0.1", server.port, "starttls", "ada", "pässword"), timeouts=PATIENT)
    assert caught.value.phase == "tls"
    assert not any(b"AUTH" in chunk for chunk in server.chunks)


async def test_a_plain_server_behind_a_tls_setting_is_told_apart(server: SmtpServer) -> None:
    with pytest.raises(ConnectTrouble) as caught:
        await Connection.open(Server("127.0.0.1", server.port, "tls"), timeouts=PATIENT)
    assert caught.value.phase == "tls"


@pytest.mark.usefixtures("trusted")
async def test_a_tls_server_behind_a_plain_setting_is_told_apart(make_server: MakeServer) -> None:
    server = make_server(secured("tls"))
    with pytest.raises(ConnectTrouble) as caught:
        await Connection.open(Server("127.0.0.1", server.port, "none"), timeouts=QUICK)
    assert caught.value.phase == "ehlo"


@pytest.mark.usefixtures("trusted")
async def test_what_is_injected_before_tls_ends_the_connection(make_server: MakeServer) -> None:
    """RFC 3207, 6: a reply that came in the clear must not be read as one that came encrypted."""
    server = make_server(secured("starttls"))
    server.on("starttls", Step("220 2.0.0 Go ahead\n250 I am the server"))
    with pytest.raises(SmtpError) as caught:
        await Connection.open(target(server), timeouts=PATIENT)
    assert caught.value.phase in ("tls", "ehlo")


@pytest.mark.usefixtures("trusted")
async def test_a_wrong_password_is_tried_once(make_server: MakeServer) -> None:
    server = make_server(secured("starttls"))
    with pytest.raises(AuthTrouble) as caught:
        await Connection.open(target(server, "wrong"), timeouts=PATIENT)
    assert caught.value.phase == "auth"
    assert str(caught.value.reply) == "535 5.7.8 Bad credentials"
    assert "wrong" not in str(caught.value)
    await wait_until(lambda: server.open_sessions == 0)


@pytest.mark.usefixtures("trusted")
async def test_a_server_too_busy_to_sign_in_is_no_wrong_password(make_server: MakeServer) -> None:
    server = make_server(secured("starttls"))
    server.on("auth", Step("454 4.7.0 Try later"))
    with pytest.raises(Temporary) as caught:
        await Connection.open(target(server), timeouts=PATIENT)
    assert caught.value.phase == "auth"


async def test_a_username_at_a_server_without_sign_in_is_trouble(server: SmtpServer) -> None:
    with pytest.raises(AuthTrouble, match="no way to sign in"):
        await Connection.open(Server("127.0.0.1", server.port, "none", "ada", "x"), timeouts=PATIENT)


async def test_a_closed_port_and_an_unknown_host_are_told_apart() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(ConnectTrouble) as caught:
        await Connection.open(Server("127.0.0.1", port, "none"), timeouts=PATIENT)
    assert caught.value.phase == "tcp"
    with pytest.raises(ConnectTrouble) as caught:
        await Connection.open(Server("no-such-host.invalid", 25, "none"), timeouts=PATIENT)
    assert caught.value.phase == "dns"


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (Step("421 4.3.2 Too many connections", drop=True), Temporary),
        (Step("554 5.7.1 Go away"), ConnectTrouble),
        (Step("SSH-2.0-OpenSSH"), ConnectTrouble),
        (Step(""), ConnectTrouble),
        (Step(drop=True), ConnectTrouble),
    ],
)
async def test_a_greeting_that_is_none(server: SmtpServer, step: Step, kind: type[SmtpError]) -> None:
    server.on("connect", step)
    timeouts = QUICK if step == Step("") else PATIENT
    with pytest.raises(kind) as caught:
        await Connection.open(Server("127.0.0.1", server.port, "none"), timeouts=timeouts)
    assert caught.value.phase == "ehlo"
    await wait_until(lambda: server.open_sessions == 0)


async def test_an_old_server_that_only_knows_helo_is_used(server: SmtpServer) -> None:
    server.on("ehlo", Step("502 What is EHLO?"))
    connection = await Connection.open(Server("127.0.0.1", server.port, "none"), timeouts=PATIENT)
    assert not connection.features.pipelining
    await connection.offer(ENVELOPE, MESSAGE)
    await connection.dot()
    assert (await connection.outcome()).accepted


async def test_giving_up_while_connecting_leaves_no_connection_open(server: SmtpServer) -> None:
    server.on("ehlo", Step(delay=30))
    opening = asyncio.create_task(Connection.open(Server("127.0.0.1", server.port, "none")))
    await wait_until(lambda: server.open_sessions == 1)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    await wait_until(lambda: server.open_sessions == 0)
