"""Test connection: each step's answer and its mend, against servers that fail at that step."""

from __future__ import annotations

import socket

import pytest

from app.mail.smtp_handshake import Server, Timeouts
from app.mail.verify import PhaseResult, verify
from tests.mail.conftest import MakeServer
from tests.support.smtp_server import Options, SmtpServer, Step

PATIENT = Timeouts.brief(15)


def states(results: list[PhaseResult]) -> dict[str, str]:
    return {result.phase: result.state for result in results}


def failed(results: list[PhaseResult]) -> PhaseResult:
    (found,) = [result for result in results if result.state == "failed"]
    assert found.mend
    return found


@pytest.mark.usefixtures("trusted")
async def test_a_server_that_works_passes_every_step(make_server: MakeServer) -> None:
    server = make_server(Options(security="starttls", username="ada", password="pw"))
    results = await verify(Server("localhost", server.port, "starttls", "ada", "pw"), allow_private=True)
    assert states(results) == {"dns": "ok", "tcp": "ok", "tls": "ok", "auth": "ok"}
    assert server.received == []


async def test_what_is_not_set_is_skipped(server: SmtpServer) -> None:
    results = await verify(Server("127.0.0.1", server.port, "none"), allow_private=True)
    assert states(results) == {"dns": "ok", "tcp": "ok", "tls": "skipped", "auth": "skipped"}


async def test_an_unknown_host_fails_at_dns() -> None:
    results = await verify(Server("no-such-host.invalid", 25, "none"), allow_private=True, timeouts=PATIENT)
    assert states(results) == {"dns": "failed", "tcp": "skipped", "tls": "skipped", "auth": "skipped"}


async def test_a_private_address_is_refused_before_anything_is_sent(server: SmtpServer) -> None:
    results = await verify(Server("127.0.0.1", server.port, "none"), allow_private=False, timeouts=PATIENT)
    assert failed(results).phase == "dns"
    assert server.sessions == 0


async def test_a_closed_port_fails_at_tcp() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    results = await verify(Server("127.0.0.1", port, "none"), allow_private=True, timeouts=PATIENT)
    assert states(results) == {"dns": "ok", "tcp": "failed", "tls": "skipped", "auth": "skipped"}


async def test_a_server_that_speaks_something_else_fails_at_tcp(server: SmtpServer) -> None:
    server.on("connect", Step("SSH-2.0-OpenSSH"))
    results = await verify(Server("127.0.0.1", server.port, "none"), allow_private=True, timeouts=PATIENT)
    assert failed(results).phase == "tcp"


async def test_an_untrusted_certificate_fails_at_tls(make_server: MakeServer) -> None:
    server = make_server(Options(security="tls"))
    result = failed(await verify(Server("127.0.0.1", server.port, "tls"), allow_private=True, timeouts=PATIENT))
    assert result.phase == "tls"
    assert "SSL_CERT_FILE" in result.mend


async def test_the_wrong_kind_of_tls_is_named(server: SmtpServer) -> None:
    at_once = failed(await verify(Server("127.0.0.1", server.port, "tls"), allow_private=True, timeouts=PATIENT))
    assert "choose STARTTLS" in at_once.mend
    later = failed(await verify(Server("127.0.0.1", server.port, "starttls"), allow_private=True, timeouts=PATIENT))
    assert (later.phase, "choose TLS" in later.mend) == ("tls", True)


@pytest.mark.usefixtures("trusted")
async def test_a_wrong_password_fails_at_auth(make_server: MakeServer) -> None:
    server = make_server(Options(security="starttls", username="ada", password="pw"))
    results = await verify(Server("localhost", server.port, "starttls", "ada", "no"), allow_private=True)
    assert states(results) == {"dns": "ok", "tcp": "ok", "tls": "ok", "auth": "failed"}
    assert "535" in failed(results).message
