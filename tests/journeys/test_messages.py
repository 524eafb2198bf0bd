"""Messages of every kind, really sent: two parsers read what was asked for, and a spam filter finds no fault."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import msgspec
import pytest

from app.contract.campaigns import CampaignRecipient
from app.contract.emails import SendEmail
from app.domain.addresses import parse
from app.mail.compose import Content, compose
from app.services import emails
from tests.support.letters import CAMPAIGN, LETTERS, Letter, invitation
from tests.support.mailroom import Mailroom, Sender
from tests.support.outreach import add_sender, now, start_campaign
from tests.support.readers import ReadFile, ReadMessage, by_postal_mime, by_python, lines, unfolded
from tests.support.sending import arrived
from tests.support.smtp_server import Received, SmtpServer
from tests.support.spamassassin import scores
from tests.support.worker_process import worker

Sent = dict[str, tuple[Letter, Received]]

# What a filter may find in any message: that it has HTML, which is worth a thousandth of a point and no fault.
NO_FAULT = {"HTML_MESSAGE"}
# As by the first server on the internet: some rules compare with it. Addresses for documentation are illegal to them.
RECEIVED = """Return-Path: <ann@example.com>\r
Received: from mail.example.com (mail.example.com [93.184.215.14])\r
\tby mx.example.org (Postfix) with ESMTPS id 4F8Qv71rZmz9s1\r
\tfor <{to}>; {date}\r
"""


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return environment | {"BASE_URL": "https://mail.example.com"}


@pytest.fixture
async def sent(environment: dict[str, str], room: Mailroom, smtp: SmtpServer) -> Sent:
    """Every letter, as an SMTP server got it from a worker: asked for by the API, and as a campaign."""
    sender = await add_sender(room, smtp.port, concurrency=5)
    letters = await _ask(room) | await _campaign(room, sender)
    with worker(environment) as process:
        messages = await arrived(smtp, len(letters))
        assert process.troubles == []
    by_id = {message.header("Message-ID"): message for message in messages}
    assert by_id.keys() == letters.keys()
    return {name: (letter, by_id[message_id]) for message_id, (name, letter) in letters.items()}


async def _ask(room: Mailroom) -> dict[str | None, tuple[str, Letter]]:
    """Schedules the letters; each by its Message-ID."""
    asked = msgspec.json.encode([letter.request for letter in LETTERS.values()])
    wanted = msgspec.json.decode(asked, type=list[SendEmail])
    taken = await emails.send_batch(
        room.pool, workspace_id=room.workspace_id, wanted=wanted, permissive=False, key=None, now=now()
    )
    found = {row["id"]: row["message_id"] for row in await room.all("select id, message_id from emails")}
    return {found[each.id]: item for each, item in zip(taken.data, LETTERS.items(), strict=True)}


async def _campaign(room: Mailroom, sender: Sender) -> dict[str | None, tuple[str, Letter]]:
    recipients = [CampaignRecipient(email=email, name=name) for name, email in CAMPAIGN.recipients]
    campaign_id = await start_campaign(
        room, sender, 0, subject=CAMPAIGN.subject, text=CAMPAIGN.text, html=CAMPAIGN.html, recipients=recipients
    )
    rows = await room.all("select message_id, to_name, to_address from emails where campaign_id = %s", campaign_id)
    return {
        row["message_id"]: (f"to {row['to_address']}", invitation(row["to_name"], row["to_address"])) for row in rows
    }


async def test_two_parsers_read_what_was_asked_for(sent: Sent, tmp_path: Path) -> None:
    others = by_postal_mime([message.data for _, message in sent.values()], tmp_path)
    for (name, (letter, message)), other in zip(sent.items(), others, strict=True):
        assert _faults(message.data) == [], name
        assert len(message.recipients) == sum(len(letter.people(field)) for field in ("to", "cc", "bcc")), name
        ours = by_python(message.data)
        assert timedelta() <= datetime.now(UTC) - ours.date < timedelta(minutes=10)
        assert (other.message_id, other.date) == (ours.message_id, ours.date)
        link = ours.headers["list-unsubscribe"][1:-1] if letter.campaign else ""
        for read in (ours, other):
            _holds(name, letter, read, link)


def _holds(name: str, letter: Letter, read: ReadMessage, link: str) -> None:
    asked = letter.request
    assert read.subject == unfolded(asked["subject"]), name
    for field in ("from", "to", "cc", "reply_to"):
        assert read.people[field] == letter.people(field), f"{name}: {field}"
    for kind, found in (("text", read.text), ("html", read.html)):
        if asked.get(kind) is not None:
            assert found == lines(asked[kind].replace("LINK", link)), f"{name}: {kind}"
    assert read.html is None or asked.get("html") is not None, name
    headers = {field.lower(): unfolded(value) for field, value in (asked.get("headers") or {}).items()}
    if letter.campaign:
        assert re.fullmatch(r"https://mail.example.com/u/[\w-]{64}", link)
        headers |= {"list-unsubscribe": f"<{link}>", "list-unsubscribe-post": "List-Unsubscribe=One-Click"}
        headers |= {field: read.headers[field] for field in ("feedback-id", "list-id")}
    assert read.headers == headers, name
    files = [
        ReadFile(
            file.name,
            file.type,
            "inline" if file.content_id and asked.get("html") else "attachment",
            file.content_id and f"<{file.content_id}>",
            file.content,
        )
        for file in letter.files
    ]
    assert sorted(read.files, key=str) == sorted(files, key=str), name


def _faults(data: bytes) -> list[bytes]:
    """The lines that break RFC 5322, 2.1.1 and 2.3."""
    head, _, body = data.partition(b"\r\n\r\n")
    found = [line for line in data.split(b"\r\n") if len(line) > 998 or b"\r" in line or b"\n" in line]
    found += [line for line in head.split(b"\r\n") if not re.match(rb"[!-9;-~]+:|[ \t]+[!-~]", line)]
    return found + [line for line in body.split(b"\r\n") if not line.isascii()]


async def test_a_spam_filter_finds_no_fault_in_their_making(sent: Sent, tmp_path: Path) -> None:
    found = scores([_delivered(to.recipients[0], to.data) for _, to in sent.values()], tmp_path)
    faults = {
        name: broken
        for (name, (letter, _)), points in zip(sent.items(), found, strict=True)
        if (broken := points.keys() - NO_FAULT - letter.smells)
    }
    assert faults == {}


def _delivered(to: str, data: bytes) -> bytes:
    return RECEIVED.format(to=to, date=format_datetime(datetime.now(UTC))).encode() + data


# What can go wrong in the making of a message, done to a good one; with the rule that sees it.
BROKEN: Mapping[str, tuple[str, str]] = {
    "MISSING_DATE": (r"Date: .*\r\n", ""),
    "INVALID_DATE": (r"Date: .*\r\n", "Date: 2026-13-32 25:00\r\n"),
    "DATE_IN_FUTURE_Q_PLUS": (r"Date: .*\r\n", "Date: Mon, 1 Jan 2035 00:00:00 +0000\r\n"),
    "MISSING_MID": (r"Message-ID: .*\r\n", ""),
    "INVALID_MSGID": (r"Message-ID: .*\r\n", "Message-ID: <a b@example.com>\r\n"),
    "MISSING_FROM": (r"From: .*\r\n", ""),
    "MISSING_HEADERS": (r"To: .*\r\n", ""),
    "MISSING_SUBJECT": (r"Subject: .*\r\n", ""),
    "MIME_QP_LONG_LINE": (r"the minutes", "=3D" * 500),
    "MPART_ALT_DIFF_COUNT": (r"<p>the minutes(.|\r\n)*?</p>", "<p>See you</p>"),
}


def test_the_filter_would_find_faults(tmp_path: Path) -> None:
    letter = LETTERS["both"]
    ann, bob = (parse(letter.request[field]) for field in ("from", "to"))
    content = Content(sender=ann, subject="Minutes", text=letter.request["text"], html=letter.request["html"])
    date = datetime.now(UTC)
    message = compose(content, to=[bob], message_id="<0190a8d06d3f@example.com>", date=date)
    good = _delivered(bob.email, message).decode()
    broken = [re.sub(pattern, put, good, count=1).encode() for pattern, put in BROKEN.values()]
    assert good.encode() not in broken
    for rule, found in zip(BROKEN, scores(broken, tmp_path), strict=True):
        assert rule in found, found
