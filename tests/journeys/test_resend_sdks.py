"""The official Resend SDKs, told nothing but another base URL and key, do their work here."""

from __future__ import annotations

import base64
import email
import email.policy
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import resend
from resend.exceptions import InvalidApiKeyError, MissingApiKeyError, RateLimitError, ResendError, ValidationError

from tests.support.offices import a_tenant, add_sender, web
from tests.support.smtp_server import SmtpServer
from tests.support.worker_process import worker

ROOT = Path(__file__).parents[2]
FROM = "Ann <ann@example.com>"
PDF = b"%PDF-1.7\r\n\x00\xff"


@dataclass(frozen=True)
class Office:
    """A server, and a key for it."""

    url: str
    key: str
    send_key: str
    environment: dict[str, str]


@pytest.fixture
def office(environment: dict[str, str], smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    tenant = a_tenant(environment)
    with web(environment) as url:
        add_sender(url, tenant, smtp.port)
        monkeypatch.setattr(resend, "api_url", url)
        monkeypatch.setattr(resend, "api_key", tenant.key)
        yield Office(url, tenant.key, tenant.send_key, environment)


def letter(**changes: Any) -> Any:
    return {"from": FROM, "to": ["bob@example.org"], "subject": "Hello", "text": "Hi Bob"} | changes


def ahead(hours: int) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat()


def test_python_sends_with_files_and_at_a_time(office: Office, smtp: SmtpServer) -> None:
    with worker(office.environment):
        wanted = letter(
            to=["bob@example.org", "Carl <carl@example.org>"],
            cc="dora@example.org",
            bcc=["eve@example.org"],
            reply_to="desk@example.com",
            html="<img src='cid:logo'>",
            headers={"X-Order": "17"},
            tags=[{"name": "kind", "value": "order"}],
            attachments=[
                {"filename": "offer.pdf", "content": list(PDF)},
                {"filename": "logo.png", "content": base64.b64encode(b"PNG").decode(), "inline_content_id": "logo"},
            ],
        )
        sent = resend.Emails.send(wanted)
        [message] = smtp.wait_for(1, 60)
    assert message.recipients == ("bob@example.org", "carl@example.org", "dora@example.org", "eve@example.org")
    assert b"eve@example.org" not in message.data
    read = email.message_from_bytes(message.data, policy=email.policy.default)
    assert (read["X-Order"], read["Reply-To"]) == ("17", "desk@example.com")
    files = {part.get_filename(): part.get_payload(decode=True) for part in read.walk() if part.get_filename()}
    assert files == {"offer.pdf": PDF, "logo.png": b"PNG"}

    got = resend.Emails.get(sent["id"])
    assert (got["id"], got["subject"], got["text"]) == (sent["id"], "Hello", "Hi Bob")
    assert (got["from"], got["to"]) == (FROM, wanted["to"])
    assert got["message_id"] == read["Message-ID"]
    listed = resend.Emails.Attachments.list(email_id=sent["id"])["data"]
    assert [each["filename"] for each in listed] == ["offer.pdf", "logo.png"]
    one = resend.Emails.Attachments.get(email_id=sent["id"], attachment_id=listed[0]["id"])
    assert (one["object"], one["size"], one["content_type"]) == ("attachment", len(PDF), "application/pdf")
    headers = {"authorization": f"Bearer {office.key}"}
    assert httpx.get(one["download_url"], headers=headers).content == PDF

    at = ahead(2)
    later = resend.Emails.send(letter(scheduled_at=ahead(1), attachments=[{"filename": "a.txt", "content": [97]}]))
    moved = resend.Emails.update({"id": later["id"], "scheduled_at": at})
    assert (moved["object"], moved["id"]) == ("email", later["id"])
    found: Any = resend.Emails.get(later["id"])
    assert datetime.fromisoformat(found["scheduled_at"]) == datetime.fromisoformat(at)
    assert found["last_event"] == "scheduled"
    assert resend.Emails.cancel(later["id"])["id"] == later["id"]
    assert resend.Emails.get(later["id"])["last_event"] == "canceled"
    assert resend.Emails.send(letter(scheduled_at="in 1 hour"))["id"]


def test_python_repeats_lists_and_sends_batches(office: Office) -> None:
    first = resend.Emails.send(letter(), {"idempotency_key": "order-17"})
    assert resend.Emails.send(letter(), {"idempotency_key": "order-17"})["id"] == first["id"]
    with pytest.raises(ResendError) as other:
        resend.Emails.send(letter(subject="Other"), {"idempotency_key": "order-17"})
    assert (other.value.code, other.value.error_type) == (409, "invalid_idempotent_request")

    batch = resend.Batch.send([letter(), letter(scheduled_at=ahead(1))], {"idempotency_key": "batch-1"})
    assert len(batch["data"]) == 2
    again = resend.Batch.send([letter(), letter(scheduled_at=ahead(1))], {"batch_validation": "strict"})
    assert len(again["data"]) == 2
    with pytest.raises(ValidationError, match="no @"):
        resend.Batch.send([letter(), letter(to="nobody")])
    good = resend.Batch.send([letter(), letter(to="nobody"), letter()], {"batch_validation": "permissive"})
    assert len(good["data"]) == 2
    assert [each["index"] for each in good["errors"]] == [1]

    ids: list[str] = []
    page = resend.Emails.list({"limit": 3})
    assert (page["object"], page["has_more"]) == ("list", True)
    while True:
        ids += [each["id"] for each in page["data"]]
        if not page["has_more"]:
            break
        page = resend.Emails.list({"limit": 3, "after": ids[-1]})
    assert len(ids) == len(set(ids)) == 7
    assert ids[-1] == first["id"]
    assert resend.Emails.list({"limit": 3, "before": ids[3]})["data"][0]["id"] == ids[0]


def test_python_keeps_templates_and_sends_by_them(office: Office) -> None:
    made = resend.Templates.create(
        {
            "name": "Welcome",
            "alias": "welcome",
            "subject": "Welcome, {{ FIRST }}",
            "html": "<p>{{ FIRST }} of {{ CITY }}</p>",
            "variables": [
                {"key": "FIRST", "type": "string"},
                {"key": "CITY", "type": "string", "fallback_value": "Oslo"},
            ],
        }
    )
    assert made["object"] == "template"
    assert resend.Templates.publish(made["id"])["id"] == made["id"]
    template: Any = {"id": "welcome", "variables": {"FIRST": "<Bob>"}}
    sent = resend.Emails.send({"from": FROM, "to": "bob@example.org", "template": template})
    assert resend.Emails.get(sent["id"])["html"] == "<p>&lt;Bob&gt; of Oslo</p>"
    with pytest.raises(ValidationError, match="FIRST"):
        resend.Emails.send({"from": FROM, "to": "bob@example.org", "template": {"id": "welcome"}})
    assert resend.Templates.update({"id": made["id"], "subject": "Hi"})["id"] == made["id"]
    read = resend.Templates.get(made["id"])
    assert (read["subject"], read["status"], read["alias"]) == ("Hi", "published", "welcome")
    copy = resend.Templates.duplicate(made["id"])
    assert [each["id"] for each in resend.Templates.list()["data"]] == [copy["id"], made["id"]]
    assert resend.Templates.remove(copy["id"])["deleted"] is True
    with pytest.raises(ResendError) as gone:
        resend.Templates.get(copy["id"])
    assert (gone.value.code, gone.value.error_type) == (404, "not_found")
    with pytest.raises(ValidationError, match="Line 2"):
        resend.Templates.create({"name": "Bad", "html": "a\n{% for x in y %}{% endfor %}"})


def test_python_raises_its_own_errors(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError) as invalid:
        resend.Emails.send(letter(to="nobody", subject="a\nb"))
    assert (invalid.value.code, invalid.value.error_type) == (422, "validation_error")
    unlike: list[tuple[dict[str, Any], str]] = [
        ({"topic_id": "news"}, "topics"),
        ({"react": "<Hi/>"}, "render"),
        ({"attachments": [{"filename": "a.pdf", "path": "https://example.com/a.pdf"}]}, "not fetched"),
    ]
    for refused, word in unlike:
        with pytest.raises(ValidationError, match=word):
            resend.Emails.send(letter(**refused))
    with pytest.raises(ResendError) as unknown:
        resend.Emails.get("0199c2a4-7b1e-7c3d-9f52-3f8f0f7e6a11")
    assert (unknown.value.code, unknown.value.error_type) == (404, "not_found")

    monkeypatch.setattr(resend, "api_key", "pl_wrong")
    with pytest.raises(InvalidApiKeyError) as wrong:
        resend.Emails.send(letter())
    assert (wrong.value.code, wrong.value.error_type) == (403, "invalid_api_key")
    monkeypatch.setattr(resend, "api_key", "")
    with pytest.raises(MissingApiKeyError) as missing:
        resend.Emails.send(letter())
    assert (missing.value.code, missing.value.error_type) == (401, "missing_api_key")
    monkeypatch.setattr(resend, "api_key", office.send_key)
    assert resend.Emails.send(letter())["id"]
    with pytest.raises(ResendError) as restricted:
        resend.Emails.list()
    assert (restricted.value.code, restricted.value.error_type) == (401, "restricted_api_key")

    monkeypatch.setattr(resend, "api_key", office.key)
    with web(office.environment, API_RATE_LIMIT="0.05") as limited:
        monkeypatch.setattr(resend, "api_url", limited)
        with pytest.raises(RateLimitError) as hurried:
            hurry()
    assert (hurried.value.code, hurried.value.error_type) == (429, "rate_limit_exceeded")
    assert int(hurried.value.headers["retry-after"]) >= 1


def hurry() -> None:
    for _ in range(100):
        resend.Emails.list()


def by_node(office: Office) -> dict[str, Any]:
    done = subprocess.run(
        [ROOT / "tools/npm.sh", "tests/journeys", "node", "resend_node.mjs", office.key],
        env=os.environ | {"RESEND_BASE_URL": office.url},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_node_does_all_of_it_too(office: Office) -> None:
    said = by_node(office)
    refused = {"strict", "incomplete", "invalid", "topic", "remote", "unknown", "wrongKey", "noKey"}
    failed = {name: each["error"] for name, each in said.items() if name != "once" and each["error"]}
    assert failed.keys() == refused, failed
    data = {name: each["data"] for name, each in said.items() if name not in refused | {"once"}}

    got = data["got"]
    assert (got["to"], got["cc"], got["bcc"]) == (
        ["bob@example.org", "Carl <carl@example.org>"],
        ["dora@example.org"],
        ["eve@example.org"],
    )
    assert (got["reply_to"], got["headers"]) == (["desk@example.com"], {"X-Order": "17"})
    assert [(each["filename"], each["size"]) for each in data["files"]["data"]] == [("offer.pdf", 8), ("logo.png", 3)]
    assert data["file"]["content_disposition"] == "attachment"
    assert data["moved"]["id"] == data["cancelled"]["id"] == data["scheduled"]["id"]
    assert data["after"]["last_event"] == "canceled"

    first, same, other = said["once"]
    assert first["data"]["id"] == same["data"]["id"]
    assert (other["error"]["statusCode"], other["error"]["name"]) == (409, "invalid_idempotent_request")

    assert len(data["batch"]["data"]) == 2
    assert len(data["permissive"]["data"]) == 1
    assert [each["index"] for each in data["permissive"]["errors"]] == [1]
    assert (data["page"]["object"], data["page"]["has_more"], len(data["page"]["data"])) == ("list", True, 2)
    assert {each["id"] for each in data["page"]["data"]}.isdisjoint(each["id"] for each in data["next"]["data"])

    assert [each["name"] for each in data["templates"]["data"]] == ["Welcome"]
    assert (data["welcomed"]["subject"], data["welcomed"]["html"]) == ("Welcome, Bob", "<p>Bob, Oslo</p>")
    assert data["read"]["name"] == "Welcome (copy)"
    assert data["removed"]["deleted"] is True

    assert {name: (error["statusCode"], error["name"]) for name, error in failed.items()} == {
        "unknown": (404, "not_found"),
        "wrongKey": (403, "invalid_api_key"),
        "noKey": (401, "missing_api_key"),
    } | dict.fromkeys(["strict", "incomplete", "invalid", "topic", "remote"], (422, "validation_error"))
    assert "FIRST" in failed["incomplete"]["message"]
    assert "not fetched" in failed["remote"]["message"]
