"""Files arrive as they were given: a real worker, a real SMTP server, read by the standard library and postal-mime."""

from __future__ import annotations

import base64
import email.policy
import json
import subprocess
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from app.contract.attachments import NewAttachment
from app.contract.emails import SendEmail
from app.services import emails
from tests.support.mailroom import Mailroom
from tests.support.outreach import add_sender, now
from tests.support.sending import arrived
from tests.support.smtp_server import SmtpServer
from tests.support.waiting import wait_until
from tests.support.worker_process import worker

ROOT = Path(__file__).parents[2]
# postal-mime knows nothing of how the message was made.
READ = """
import PostalMime from 'postal-mime';
import { buffer } from 'node:stream/consumers';
const read = await PostalMime.parse(await buffer(process.stdin));
console.log(JSON.stringify({ html: read.html, files: read.attachments.map((file) => ({
  name: file.filename, type: file.mimeType, cid: file.contentId ?? null, disposition: file.disposition,
  content: Buffer.from(file.content).toString('base64') })) }));
"""

PHOTO = bytes(range(256)) * 12_000  # 3 MB
FILES = [
    ("Größe & Maß – Angebot 日本.pdf", "application/pdf", b"%PDF-1.7\r\n.\r\n..\r\n", None),
    ("photo.jpg", "image/jpeg", PHOTO, None),
    ("logo.png", "image/png", b"\x89PNG\r\n", "logo"),
    ("empty.txt", "text/plain", b"", None),
]


def wanted(to: str, **changes: Any) -> SendEmail:
    files = [
        NewAttachment(filename=name, content_type=kind, content=base64.b64encode(content).decode(), content_id=cid)
        for name, kind, content, cid in FILES
    ]
    said: dict[str, Any] = {"from_": "ann@example.com", "to": to, "subject": "Files", "text": "See the files"}
    return SendEmail(**said | {"html": "<img src='cid:logo'>", "attachments": files} | changes)


def by_postal_mime(data: bytes) -> Any:
    node = ["tools/npm.sh", "tests/node", "node", "--input-type=module", "-e", READ]
    done = subprocess.run([ROOT / node[0], *node[1:]], input=data, capture_output=True, timeout=60, check=True)
    return json.loads(done.stdout)


async def test_files_arrive_as_they_were_given(environment: dict[str, str], room: Mailroom, smtp: SmtpServer) -> None:
    """Several messages at once share what they have in common, and nothing of one is in another."""
    await add_sender(room, smtp.port, concurrency=5)
    to = [f"r{i}@example.org" for i in range(12)]
    with worker(environment) as process:
        for address in to:
            await emails.send(room.pool, workspace_id=room.workspace_id, wanted=wanted(address), key=None, now=now())
        plain = wanted("plain@example.org", attachments=None)
        await emails.send(room.pool, workspace_id=room.workspace_id, wanted=plain, key=None, now=now())
        messages = await arrived(smtp, len(to) + 1, 60)
        await wait_until(room.are("sent"))
        assert process.troubles == []

    assert sorted(message.recipients[0] for message in messages) == sorted([*to, "plain@example.org"])
    for message in messages:
        read = email.message_from_bytes(message.data, policy=email.policy.default)
        assert isinstance(read, EmailMessage)
        found = [
            (part.get_filename(), part.get_content_type(), part.get_payload(decode=True), part["Content-ID"])
            for part in read.walk()
            if part.get_filename()
        ]
        expected = [(name, kind, content, cid and f"<{cid}>") for name, kind, content, cid in FILES]
        assert sorted(found, key=str) == (
            [] if message.recipients[0].startswith("plain") else sorted(expected, key=str)
        )

    other = by_postal_mime(next(m for m in messages if m.recipients[0] == to[0]).data)
    assert "cid:logo" in other["html"]
    assert {file["name"]: base64.b64decode(file["content"]) for file in other["files"]} == {
        name: content for name, _, content, _ in FILES
    }
    assert {file["name"]: file["cid"] for file in other["files"]}["logo.png"] == "<logo>"
