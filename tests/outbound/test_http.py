"""The door to customers' servers: it goes where the guard let it, reads little, waits little and follows nothing."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.outbound import guard, http
from app.outbound.http import KEPT, READ, Client
from tests.support.certificates import Certificates, make_certificates
from tests.support.ports import free_port
from tests.support.webhook_receiver import Answer, WebhookReceiver

NAME = "hooks.example.test"


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as server:
        yield server


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with Client(allow_private=True, connections=10) as opened:
        yield opened


@pytest.fixture
async def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Addresses of names, in place of a name server; how often each was asked is the length of `asked`."""
    known: dict[str, list[str]] = {"asked": []}

    async def getaddrinfo(host: str, port: int, **_: object) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        known["asked"].append(host)
        if host not in known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in known[host]]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo, raising=False)
    return known


async def post(client: Client, url: str, timeout: float = 10.0) -> http.Answer:
    return await client.post(url, headers={"webhook-id": "1"}, body=b'{"a":1}', timeout=timeout)


async def test_a_post_and_its_answer(client: Client, receiver: WebhookReceiver) -> None:
    receiver.default = Answer(202, "gerne ü".encode(), {"Retry-After": "7"})
    answer = await post(client, receiver.url("/hooks?key=1"))
    assert (answer.code, answer.body, answer.retry_after, answer.error) == (202, "gerne ü", 7.0, None)
    [request] = receiver.requests
    assert (request.path, request.body) == ("/hooks?key=1", b'{"a":1}')
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert request.headers["content-length"] == "7"


@pytest.mark.parametrize("name", ["Retry-After", "retry-after", "RETRY-AFTER"])
async def test_the_wait_that_a_receiver_asks_for_is_read_however_it_is_written(
    client: Client, receiver: WebhookReceiver, name: str
) -> None:
    receiver.default = Answer(503, b"", {name: "120"})
    assert (await post(client, receiver.url())).retry_after == 120.0


async def test_redirects_are_answers_and_not_followed(client: Client, receiver: WebhookReceiver) -> None:
    receiver.default = Answer(302, b"", {"Location": receiver.url("/elsewhere")})
    assert (await post(client, receiver.url())).code == 302
    assert [request.path for request in receiver.requests] == ["/hooks"]


async def test_of_a_long_answer_only_the_first_bytes_are_read(client: Client, receiver: WebhookReceiver) -> None:
    receiver.default = Answer(200, b"x" * (20 * READ))
    answer = await post(client, receiver.url())
    assert (answer.code, answer.body) == (200, "x" * KEPT)


async def test_bytes_that_are_no_text_are_kept_readable(client: Client, receiver: WebhookReceiver) -> None:
    receiver.default = Answer(200, b"a\xff\x00b")
    assert (await post(client, receiver.url())).body == "a\ufffd\ufffdb", "what Postgres can keep"


async def test_an_answer_that_does_not_come_is_not_waited_for(client: Client, receiver: WebhookReceiver) -> None:
    receiver.default = Answer(delay=5)
    answer = await post(client, receiver.url(), timeout=0.3)
    assert (answer.code, answer.error) == (None, "No whole answer within 0.3 seconds.")


async def test_a_body_that_drips_is_not_waited_for_either(client: Client) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"}")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        try:
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.05)
        except ConnectionError:
            pass

    async with await asyncio.start_server(drip, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        answer = await post(client, f"http://127.0.0.1:{port}/", timeout=0.5)
    assert answer.error == "No whole answer within 0.5 seconds."


@pytest.mark.parametrize("said", [b"", b"not http at all\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nx"])
async def test_broken_answers_are_reasons_not_exceptions(client: Client, said: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"}")
        writer.write(said)
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        answer = await post(client, f"http://127.0.0.1:{port}/")
    assert answer.code is None
    assert answer.error is not None
    assert answer.error.startswith("The connection broke before the answer")


async def test_a_closed_port_is_a_reason(client: Client) -> None:
    answer = await post(client, f"http://127.0.0.1:{free_port()}/")
    assert answer.error is not None
    assert answer.error.startswith("No connection: ")


# Where it goes


async def test_the_address_that_was_checked_is_the_one_it_connects_to(
    client: Client, receiver: WebhookReceiver, names: dict[str, list[str]]
) -> None:
    """The name is asked for once a connection and never again by the libraries below."""
    names[NAME] = ["127.0.0.1"]
    for _ in range(3):
        assert (await post(client, receiver.url(host=NAME))).code == 204
    assert names["asked"] == [NAME], "connections are kept"
    assert receiver.requests[0].headers["host"] == f"{NAME}:{receiver.port}"


@pytest.mark.parametrize(
    "addresses",
    [
        ["10.0.0.1"],
        ["127.0.0.1"],
        ["169.254.169.254"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["1.1.1.1", "10.0.0.1"],
    ],
)
async def test_names_that_lead_to_private_addresses_are_refused(
    names: dict[str, list[str]], addresses: list[str]
) -> None:
    names[NAME] = addresses
    async with Client(allow_private=False, connections=1) as client:
        answer = await post(client, f"https://{NAME}/")
    assert answer.code is None
    assert "not a public address" in (answer.error or "")


async def test_a_name_that_changes_its_mind_leads_nowhere_new(
    receiver: WebhookReceiver, names: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: public when it is checked, private for whoever asks again."""
    names[NAME] = ["127.0.0.1"]
    monkeypatch.setattr(guard, "is_public", lambda address: names["asked"].count(NAME) == 1)
    async with Client(allow_private=False, connections=1) as client:
        answer = await post(client, f"https://{NAME}:{receiver.port}/", timeout=2)
    assert names["asked"] == [NAME]
    assert answer.code is None  # it got as far as TLS with a server that has none


async def test_plain_http_needs_leave(receiver: WebhookReceiver) -> None:
    async with Client(allow_private=False, connections=1) as client:
        answer = await post(client, receiver.url())
    assert answer.error == "Only https is allowed here. To allow http set SMTP_ALLOW_PRIVATE=1."
    assert receiver.requests == []


async def test_a_proxy_of_the_environment_is_not_used(
    client: Client, receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    assert (await post(client, receiver.url())).code == 204


# TLS


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return make_certificates(tmp_path, NAME)


@pytest.fixture
def trusting(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    http._tls.cache_clear()
    yield
    http._tls.cache_clear()


@pytest.mark.usefixtures("trusting")
async def test_the_certificate_must_be_the_names_not_the_addresss(
    client: Client, certificates: Certificates, names: dict[str, list[str]]
) -> None:
    names[NAME] = names["other.example.test"] = ["127.0.0.1"]
    with WebhookReceiver(tls=certificates.server_context()) as receiver:
        assert (await post(client, receiver.url(host=NAME))).code == 204
        answer = await post(client, receiver.url(host="other.example.test"))
    assert "certificate is not trusted" in (answer.error or "")
    assert "other.example.test" in (answer.error or "")
    assert len(receiver.requests) == 1


async def test_a_certificate_of_an_unknown_authority_is_refused(
    client: Client, certificates: Certificates, names: dict[str, list[str]]
) -> None:
    names[NAME] = ["127.0.0.1"]
    with WebhookReceiver(tls=certificates.server_context()) as receiver:
        answer = await post(client, receiver.url(host=NAME))
    assert "certificate is not trusted" in (answer.error or "")
    assert receiver.requests == []
