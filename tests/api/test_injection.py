"""Line breaks and NUL characters would smuggle in a header or a command: refused, by field, wherever text is taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pytest
from litestar import Litestar

from tests.support.tenants import Api

BREAKS: Final = ("\r\n", "\n", "\r", "\0")
FILE: Final = {"filename": "a.txt", "content": "aGk=", "content_type": "text/plain", "content_id": "a"}
EMAIL: Final[dict[str, Any]] = {"from": "ann@example.com", "to": "bob@example.org", "subject": "Hello", "text": "Hi"}
SENDER: Final[dict[str, Any]] = {"from_email": "eva@example.com", "host": "smtp.example.com"}
PERSON: Final = {"email": "bob@example.org", "name": "Bob"}


def email(field: str, bad: str) -> dict[str, Any]:
    """A message that has `bad` in one place."""
    named, address = f"Bob{bad}Bcc: x <bob@example.org>", f"bob@example.org{bad}RCPT TO:<eve@example.org>"
    places: Mapping[str, dict[str, Any]] = {
        "from": {"from": f"Ann{bad}Bcc: x <ann@example.com>"},
        "to": {"to": named},
        "to[1]": {"to": ["dee@example.org", address]},
        "cc": {"cc": [named]},
        "bcc": {"bcc": address},
        "reply_to": {"reply_to": address},
        "subject": {"subject": f"Hello{bad}Bcc: eve@example.org"},
        "headers": {"headers": {"X-A": f"a{bad}Bcc: eve@example.org"}},
        "headers.": {"headers": {f"X-A: a{bad}Bcc": "eve@example.org"}},
        "tags": {"tags": [{"name": f"a{bad}b", "value": "c"}]},
        "tags[0].value": {"tags": [{"name": "a", "value": f"b{bad}"}]},
        "attachments[0].filename": {"attachments": [FILE | {"filename": f"a{bad}Content-Type: text/html"}]},
        "attachments[0].content_type": {"attachments": [FILE | {"content_type": f"text/plain{bad}X: y"}]},
        "attachments[0].content_id": {"attachments": [FILE | {"content_id": f"a{bad}X: y"}]},
    }
    return EMAIL | places[field]


FIELDS: Final = (
    *("from", "to", "to[1]", "cc", "bcc", "reply_to", "subject", "headers", "headers.", "tags", "tags[0].value"),
    *("attachments[0].filename", "attachments[0].content_type", "attachments[0].content_id"),
)


async def kept(app: Litestar, table: str) -> int:
    async with app.state.pool.connection() as conn:
        row = await (await conn.execute(f"select count(*) as n from {table}")).fetchone()
    return int(row["n"])


@pytest.fixture
async def sender(api: Api) -> str:
    return str((await api.ok("POST", "/senders", json=SENDER | {"from_email": "ann@example.com"}))["id"])


async def test_no_field_of_a_message_takes_a_line_break(app: Litestar, api: Api, sender: str) -> None:
    for field in FIELDS:
        for bad in BREAKS:
            refused = await api.refused(422, "POST", "/emails", json=email(field, bad))
            assert any(path.startswith(field.partition("[")[0].rstrip(".")) for path in refused), (field, bad, refused)
            assert all(path.isprintable() for path in refused)
    assert await kept(app, "emails") == 0


async def test_no_field_of_a_sender_takes_a_line_break(app: Litestar, api: Api) -> None:
    for field in ("from_email", "host", "name", "from_name", "reply_to", "username", "password"):
        given = {"username": "ann", "password": "secret"} | {
            field: {"host": "smtp.example.com"}.get(field, "a@example.com")
        }
        for bad in BREAKS:
            wrong = SENDER | given | {field: f"{given[field]}{bad}RCPT TO:<eve@example.org>"}
            assert field in await api.refused(422, "POST", "/senders", json=wrong), (field, bad)
    assert await kept(app, "senders") == 0


async def test_no_field_of_a_campaign_takes_a_line_break(app: Litestar, api: Api, sender: str) -> None:
    good = {"sender_ids": [sender], "subject": "Hello", "text": "Hi", "recipients": [PERSON]}
    for bad in BREAKS:
        for path, changes in (
            ("subject", {"subject": f"Hello{bad}Bcc: eve@example.org"}),
            ("recipients[0]", {"recipients": [f"bob@example.org{bad}RCPT TO:<eve@example.org>"]}),
            ("recipients[0].email", {"recipients": [PERSON | {"email": f"bob@example.org{bad}DATA"}]}),
        ):
            assert path in await api.refused(422, "POST", "/campaigns", json=good | changes), (path, bad)
    assert await kept(app, "campaigns") == 0
