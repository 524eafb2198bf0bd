"""The test inbox as a real process, spoken to over real sockets."""

from __future__ import annotations

import asyncio
import re
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.embedded.inbox_store import Store
from app.errors import NotFound
from tests.support.ports import free_port
from tests.support.waiting import wait_until_sync
from tests.support.web import answers


class Inbox:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.smtp_port, self.http_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.http_port}"

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        ports = ("--smtp-port", str(self.smtp_port), "--http-port", str(self.http_port))
        with subprocess.Popen(
            [sys.executable, "-m", "app.embedded.inbox", "--folder", str(self.folder), *ports]
        ) as process:
            try:
                wait_until_sync(self.answers, what="the inbox to start")
                yield process
            finally:
                process.terminate()

    def answers(self) -> bool:
        return answers(f"{self.url}/healthz")

    def send(self, *recipients: str, subject: str = "Hello", text: str = "Hi\n", html: str | None = None) -> None:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "Ada <ada@example.com>", ", ".join(recipients), subject
        message["Message-ID"] = "<one@example.com>"
        message.set_content(text)
        if html is not None:
            message.add_alternative(html, subtype="html")
        with smtplib.SMTP("127.0.0.1", self.smtp_port) as client:
            client.send_message(message, "ada@example.com", recipients)

    def messages(self, query: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (
            httpx.get(f"{self.url}/api/messages{query}", verify=False).raise_for_status().json()
        )
        return found

    def raw(self, message_id: str) -> bytes:
        return httpx.get(f"{self.url}/api/messages/{message_id}/raw", verify=False).raise_for_status().content


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    made = Inbox(tmp_path / "inbox")
    with made.running():
        yield made


def test_a_message_shows_with_its_envelope(inbox: Inbox) -> None:
    before = datetime.now(UTC)
    inbox.send("b@example.com", "c@example.com", subject="Grüße ☀")
    [message] = inbox.messages()
    assert message["from"] == "ada@example.com"
    assert message["to"] == ["b@example.com", "c@example.com"]
    assert message["subject"] == "Grüße ☀"
    assert message["message_id"] == "<one@example.com>"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", message["received_at"])
    assert before <= datetime.fromisoformat(message["received_at"]) <= datetime.now(UTC)
    assert b"Message-ID: <one@example.com>\r\n" in inbox.raw(message["id"])


def test_the_reply_to_data_carries_the_id(inbox: Inbox) -> None:
    with smtplib.SMTP("127.0.0.1", inbox.smtp_port) as client:
        client.ehlo()
        assert {"pipelining", "smtputf8", "8bitmime", "size"} <= set(client.esmtp_features)
        assert "auth" not in client.esmtp_features
        client.mail("a@example.com")
        client.rcpt("b@example.com")
        code, words = client.data("Subject: x\r\n\r\nbody\r\n")
    [message] = inbox.messages()
    assert (code, words.decode()) == (250, f"Accepted [STATUS=new MSGID={message['id']}]")
    assert httpx.get(f"{inbox.url}/message/{message['id']}").status_code == 200


BODIES = [
    b"",
    b".leading dot\r\n",
    b"Subject: x\r\n\r\n.\r\n..\r\n.a\r\nplain\r\n",
    b"Subject: x\r\n\r\n" + b"y" * 5000 + b"\r\n",
    b"Subject: x\r\n\r\n" + bytes(range(128, 256)) + b"\r\n",
    b"Subject: x\r\n\r\n" + b"0123456789\r\n.\r\n" * 60_000,
]


@pytest.mark.parametrize("chunk", [1, 7, 1 << 30])
@pytest.mark.parametrize("body", BODIES[:-1], ids=range(len(BODIES) - 1))
async def test_a_message_arrives_byte_for_byte_however_it_is_cut(inbox: Inbox, body: bytes, chunk: int) -> None:
    await converse(inbox, body, chunk)
    [message] = inbox.messages()
    assert inbox.raw(message["id"]) == body


async def test_a_large_message_arrives_byte_for_byte(inbox: Inbox) -> None:
    await converse(inbox, BODIES[-1], 10_007)
    [message] = inbox.messages()
    assert inbox.raw(message["id"]) == BODIES[-1]


async def converse(inbox: Inbox, body: bytes, chunk: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", inbox.smtp_port)
    writer.write(b"EHLO test\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n")
    while not (await reader.readline()).startswith(b"354"):
        pass
    stuffed = (b"\r\n" + body).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"
    for start in range(0, len(stuffed), chunk):
        writer.write(stuffed[start : start + chunk])
        await writer.drain()
        await asyncio.sleep(0)
    assert (await reader.readline()).startswith(b"250 Accepted")
    writer.close()


async def test_what_follows_the_dot_in_the_same_write_is_answered(inbox: Inbox) -> None:
    """PIPELINING: the dot of one message, the envelope of the next and QUIT may come together (RFC 2920)."""
    reader, writer = await asyncio.open_connection("127.0.0.1", inbox.smtp_port)
    envelope = b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n"
    writer.write(b"EHLO test\r\n" + envelope)
    while not (await reader.readline()).startswith(b"354"):
        pass
    writer.write(b"Subject: one\r\n\r\n1\r\n.\r\n" + envelope)
    replies = [(await reader.readline())[:3] for _ in range(4)]
    assert replies == [b"250", b"250", b"250", b"354"]
    writer.write(b"Subject: two\r\n\r\n2\r\n.\r\nNOOP\r\nQUIT\r\n")
    assert [(await reader.readline())[:3] for _ in range(3)] == [b"250", b"250", b"221"]
    writer.close()
    assert [message["subject"] for message in inbox.messages()] == ["one", "two"]


async def test_a_message_that_is_too_large_is_refused_and_the_next_taken(inbox: Inbox) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", inbox.smtp_port)
    envelope = b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n"
    writer.write(b"EHLO test\r\n" + envelope)
    while not (await reader.readline()).startswith(b"354"):
        pass
    for _ in range(52):
        writer.write(b"x" * 1_048_574 + b"\r\n")
        await writer.drain()
    writer.write(b".\r\n" + envelope)
    assert [(await reader.readline())[:3] for _ in range(4)] == [b"552", b"250", b"250", b"354"]
    writer.write(b"small\r\n.\r\n")
    assert (await reader.readline()).startswith(b"250 Accepted")
    writer.close()
    assert len(inbox.messages()) == 1


@pytest.mark.parametrize(
    "line", [b"MAIL FROM:broken>", b"MAIL FROM:<a@example.com> NOSUCH=1", b"RCPT TO:<b@example.com>", b"DATA"]
)
async def test_a_wrong_command_is_refused(inbox: Inbox, line: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", inbox.smtp_port)
    writer.write(b"HELO test\r\n" + line + b"\r\n")
    assert [(await reader.readline())[:1] for _ in range(3)] == [b"2", b"2", b"5"]
    writer.close()


def test_messages_are_listed_oldest_first_and_in_pages(inbox: Inbox) -> None:
    for number in range(5):
        inbox.send("b@example.com", subject=str(number))
    everything = inbox.messages()
    assert [message["subject"] for message in everything] == ["0", "1", "2", "3", "4"]
    assert inbox.messages("?limit=2") == everything[:2]
    assert inbox.messages(f"?limit=2&after={everything[1]['id']}") == everything[2:4]
    assert inbox.messages(f"?after={everything[4]['id']}") == []
    assert httpx.get(f"{inbox.url}/api/messages?limit=0").json() == []
    assert httpx.get(f"{inbox.url}/api/messages?limit=0").headers["x-total-count"] == "5"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/messages/000000001/raw", 404),
        ("/message/000000009", 404),
        ("/nothing", 404),
        ("/api/messages/../../etc/passwd/raw", 404),
        ("/api/messages?limit=many", 400),
        ("/api/messages?after=x", 400),
        ("/message/x", 400),
    ],
)
def test_a_wrong_question_is_a_plain_error(inbox: Inbox, path: str, status: int) -> None:
    assert httpx.get(inbox.url + path).status_code == status


def test_another_host_name_is_refused(inbox: Inbox) -> None:
    """A web page could point its own name at this machine and read the mail."""
    assert httpx.get(f"{inbox.url}/api/messages", headers={"host": "evil.example"}).status_code == 400
    assert httpx.get(f"{inbox.url}/api/messages", headers={"host": f"localhost:{inbox.http_port}"}).status_code == 200


def test_a_hostile_message_is_shown_and_does_nothing(inbox: Inbox) -> None:
    attack = "<script>alert(1)</script>"
    inbox.send("b@example.com", subject=attack, text=attack, html=f"<p>Hi</p>{attack}")
    page = httpx.get(f"{inbox.url}/message/000000001")
    assert attack not in page.text
    assert "&lt;script&gt;" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert re.search(r"<iframe sandbox[ >]", page.text)
    part = httpx.get(f"{inbox.url}/message/000000001/html")
    assert attack in part.text
    assert part.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert attack not in httpx.get(inbox.url).text


def test_messages_survive_a_kill(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox")
    with inbox.running() as process:
        inbox.send("b@example.com", subject="kept")
        process.kill()
        process.wait()
    with inbox.running():
        [kept] = inbox.messages()
        assert kept["subject"] == "kept"
        inbox.send("b@example.com", subject="new")
        assert [message["id"] for message in inbox.messages()] == [kept["id"], "000000002"]
        assert b"Subject: new" in inbox.raw("000000002")


@pytest.mark.parametrize("lost", [1, 5, 200])
def test_what_a_crash_left_incomplete_is_cut_off(tmp_path: Path, lost: int) -> None:
    store = Store(tmp_path)
    for number in range(3):
        store.add("a@example.com", ["b@example.com"], b"Subject: %d\r\n\r\n" % number)
    store.close()
    lines = tmp_path / "messages.jsonl"
    lines.write_bytes(lines.read_bytes()[:-lost])
    left = 2 if lost < 200 else 1
    again = Store(tmp_path)
    assert len(again) == left
    assert again.raw(f"{left:09d}") == b"Subject: %d\r\n\r\n" % (left - 1)
    with pytest.raises(NotFound):
        again.raw(f"{left + 1:09d}")
    assert again.add("a@example.com", ["b@example.com"], b"Subject: new\r\n\r\n") == f"{left + 1:09d}"
    assert again.raw(f"{left + 1:09d}") == b"Subject: new\r\n\r\n"
    again.close()
