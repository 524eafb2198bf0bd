"""What two programs read in a message that know nothing of each other: Python's standard library and postal-mime."""

from __future__ import annotations

import base64
import email
import email.policy
import json
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.errors import NonASCIILocalPartDefect
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import getaddresses
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PEOPLE = {"from": "from", "to": "to", "cc": "cc", "reply-to": "reply_to"}  # headers, and fields of a request
STRUCTURE = ("date", "subject", "message-id", "mime-version", "content-type", "content-transfer-encoding", *PEOPLE)
_AS_IT_IS = email.policy.default.clone(refold_source="none")


@dataclass(frozen=True)
class ReadFile:
    name: str | None
    type: str
    disposition: str | None
    content_id: str | None
    content: bytes


@dataclass(frozen=True)
class ReadMessage:
    """Line breaks of texts are \\n and none stands at the end: every text ends with one, asked for or not."""

    subject: str
    people: dict[str, list[tuple[str, str]]]  # by field: name and address
    message_id: str
    date: datetime
    headers: dict[str, str]  # all others, by lower-case name
    text: str | None
    html: str | None
    files: list[ReadFile]


def by_python(data: bytes) -> ReadMessage:
    """Raises AssertionError where the parser finds anything amiss."""
    # Its reader of bytes knows no headers in UTF-8 (RFC 6532), its reader of text does.
    made = email.message_from_string(data.decode(), policy=email.policy.default)
    assert isinstance(made, EmailMessage)
    texts: dict[str, str] = {}
    files = []
    for part in made.walk():
        assert not part.defects, part.defects
        for name, value in part.items():
            # That an address is beyond ASCII is no fault of it (RFC 6532), though a remark.
            defects = [each for each in value.defects if not isinstance(each, NonASCIILocalPartDefect)]
            assert not defects, f"{name}: {defects}"
        if part.is_multipart():
            continue
        assert isinstance(part, EmailMessage)
        if part.get_content_disposition() is None:
            assert part.get_content_type() not in texts, "one text of each kind"
            texts[part.get_content_type()] = lines(part.get_content())
            continue
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        files.append(
            ReadFile(
                part.get_filename(),
                part.get_content_type(),
                part.get_content_disposition(),
                part["Content-ID"],
                content,
            )
        )
    return ReadMessage(
        subject=unfolded(made["Subject"]),
        people={field: _addresses(made, name) for name, field in PEOPLE.items()},
        message_id=made["Message-ID"],
        date=made["Date"].datetime,
        headers={name.lower(): unfolded(str(value)) for name, value in made.items() if name.lower() not in STRUCTURE},
        text=texts.pop("text/plain", None),
        html=texts.pop("text/html", None),
        files=files,
    )


def by_postal_mime(messages: Iterable[bytes], folder: Path) -> list[ReadMessage]:
    """Read by one process. Their files are left in `folder`."""
    paths = []
    for number, data in enumerate(messages):
        paths.append(folder / f"{number}.eml")
        paths[-1].write_bytes(data)
    done = subprocess.run(
        [ROOT / "tools/npm.sh", "tests/node", "node", "read.mjs", *paths], capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return [_postal(json.loads(line)) for line in done.stdout.splitlines()]


def _postal(said: Mapping[str, Any]) -> ReadMessage:
    headers = [(name, unfolded(value)) for name, value in said["headers"] if name not in STRUCTURE]
    assert len(dict(headers)) == len(headers), "each header once"
    return ReadMessage(
        subject=unfolded(said["subject"]),
        people={name: [(who, mail) for who, mail in found] for name, found in said["people"].items()},
        message_id=said["message_id"],
        date=datetime.fromisoformat(said["date"]),
        headers=dict(headers),
        text=None if said["text"] is None else lines(said["text"]),
        html=None if said["html"] is None else lines(said["html"]),
        files=[ReadFile(**each | {"content": base64.b64decode(each["content"])}) for each in said["files"]],
    )


def _addresses(message: EmailMessage, name: str) -> list[tuple[str, str]]:
    """Python's structured reader puts a space between two encoded words of a name; its older one does not."""
    raw = email.message_from_string(message.as_string(policy=_AS_IT_IS))[name]
    return [(str(make_header(decode_header(who))), mail) for who, mail in getaddresses([str(raw or "")]) if mail]


def lines(text: str) -> str:
    """The text as a ReadMessage has it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")


def unfolded(text: str) -> str:
    """A header as a ReadMessage has it: postal-mime reads one space where several stand."""
    return re.sub(" +", " ", text).strip()
