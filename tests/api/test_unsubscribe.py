"""/u/{token}: looking changes nothing, a POST acts without a cookie, and only links of ours lead anywhere."""

from __future__ import annotations

import string
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from litestar import Litestar

from app.domain.ids import new_id
from app.services.unsubscribe import Links, UnknownLink
from app.settings import Settings, load
from tests.support.asgi import client_of
from tests.support.tenants import Api

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
ENVIRONMENT = {"DATABASE_URL": "postgresql://", "REDIS_URL": "redis://", "SECRET_KEY": "k" * 32}


@pytest.fixture
async def visitor(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody with a message in their hand and nothing else."""
    async with client_of(app) as client:
        yield client


@pytest.fixture
async def email(api: Api) -> dict[str, Any]:
    """A message that a workspace has scheduled."""
    sender = {"from_email": "ann@example.com", "from_name": "Ann <b>Example</b>", "host": "smtp.example.com"}
    await api.ok("POST", "/senders", json=sender)
    return await send(api)


async def send(api: Api, to: str = "Bob@Example.org") -> dict[str, Any]:
    message = {"from": "ann@example.com", "to": to, "subject": "Hi", "text": "Hi", "scheduled_at": "in 1 hours"}
    sent: dict[str, Any] = await api.ok("POST", "/emails", json=message)
    return sent


def link_to(settings: Settings, api: Api, email: dict[str, Any]) -> str:
    return Links(settings).url(api.tenant.workspace_id, UUID(email["id"])).removeprefix(settings.base_url)


async def reasons(api: Api) -> dict[str, str]:
    return {each["email"]: each["reason"] for each in (await api.ok("GET", "/suppressions"))["data"]}


async def test_looking_changes_nothing(
    visitor: httpx.AsyncClient, api: Api, email: dict[str, Any], settings: Settings
) -> None:
    link = link_to(settings, api, email)
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"):
        await visitor.request(method, link)
    answer = await visitor.get(link, headers={"accept": "text/html"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "noindex" in answer.headers["x-robots-tag"]
    assert "set-cookie" not in answer.headers
    assert (await visitor.head(link)).status_code == 200
    assert "Ann &lt;b&gt;Example&lt;/b&gt;" in answer.text
    assert "b…@example.org" in answer.text
    assert "bob@" not in answer.text.lower()
    assert "<script" not in answer.text
    assert await reasons(api) == {}
    assert (await send(api))["status"] == "scheduled"


async def test_one_click_suppresses_at_once_and_twice_is_no_error(
    visitor: httpx.AsyncClient, api: Api, stranger: Api, email: dict[str, Any], settings: Settings
) -> None:
    link = link_to(settings, api, email)
    for _ in range(2):
        answer = await visitor.post(link, data=ONE_CLICK)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
        assert "unsubscribed" in answer.text
    (row,) = (await api.ok("GET", "/suppressions"))["data"]
    assert (row["email"], row["reason"], row["source_id"]) == ("bob@example.org", "unsubscribed", email["id"])
    assert (await send(api, "BOB@example.org"))["status"] == "suppressed"
    assert (await send(api, "eve@example.org"))["status"] == "scheduled"
    assert await reasons(stranger) == {}
    story = await api.ok("GET", f"/emails/{email['id']}/events")
    assert [entry["type"] for entry in story["data"]].count("unsubscribed") == 1


async def test_mail_programs_may_send_the_form_in_parts(
    visitor: httpx.AsyncClient, api: Api, email: dict[str, Any], settings: Settings
) -> None:
    """RFC 8058, 3.2: multipart/form-data should, application/x-www-form-urlencoded may be used."""
    answer = await visitor.post(link_to(settings, api, email), files={"List-Unsubscribe": (None, "One-Click")})
    assert answer.status_code == 200
    assert await reasons(api) == {"bob@example.org": "unsubscribed"}


async def test_the_pages_own_button_and_its_undo(
    visitor: httpx.AsyncClient, api: Api, email: dict[str, Any], settings: Settings
) -> None:
    link = link_to(settings, api, email)
    assert 'value="unsubscribe"' in (await visitor.get(link)).text
    done = await visitor.post(link, data={"action": "unsubscribe"})
    assert 'value="resubscribe"' in done.text
    assert 'value="resubscribe"' in (await visitor.get(link)).text
    back = await visitor.post(link, data={"action": "resubscribe"})
    assert 'value="unsubscribe"' in back.text
    assert await reasons(api) == {}
    again = await visitor.post(link, data={"action": "resubscribe"})
    assert again.status_code == 200
    story = await api.ok("GET", f"/emails/{email['id']}/events")
    assert [entry["type"] for entry in story["data"] if "subscribed" in entry["type"]] == [
        "unsubscribed",
        "resubscribed",
    ]


@pytest.mark.parametrize(
    ("before", "during", "after"),
    [
        ("manual", "unsubscribed", "manual"),
        ("hard_bounce", "unsubscribed", "hard_bounce"),
        ("complaint", "complaint", "complaint"),
    ],
)
async def test_undoing_brings_back_what_stood_before(
    visitor: httpx.AsyncClient,
    api: Api,
    email: dict[str, Any],
    settings: Settings,
    before: str,
    during: str,
    after: str,
) -> None:
    link = link_to(settings, api, email)
    await api.ok("POST", "/suppressions", json={"email": "bob@example.org", "reason": before})
    for _ in range(2):
        await visitor.post(link, data=ONE_CLICK)
    assert await reasons(api) == {"bob@example.org": during}
    await visitor.post(link, data={"action": "resubscribe"})
    assert await reasons(api) == {"bob@example.org": after}


@pytest.mark.parametrize(
    "request_",
    [
        {"data": {}},
        {"data": {"List-Unsubscribe": "one-click"}},
        {"data": {"action": "destroy"}},
        {"json": {"List-Unsubscribe": "One-Click"}},
        {"content": b"\xff\x00", "headers": {"content-type": "multipart/form-data"}},
        {
            "content": b'--x\r\nContent-Disposition: form-data; name="action"\r\n\r\n\xff\r\n--x--\r\n',
            "headers": {"content-type": "multipart/form-data; boundary=x"},
        },
        {"content": b"--x\r\n", "headers": {"content-type": "multipart/form-data; boundary=x"}},
        {"content": b"List-Unsubscribe=One-Click", "headers": {"content-type": "text/plain"}},
        {"content": b"a=" + b"x" * 100_000, "headers": {"content-type": "application/x-www-form-urlencoded"}},
    ],
)
async def test_what_does_not_say_what_it_wants_changes_nothing(
    visitor: httpx.AsyncClient, api: Api, email: dict[str, Any], settings: Settings, request_: Any
) -> None:
    answer = await visitor.post(link_to(settings, api, email), **request_)
    assert answer.status_code in (400, 413, 422)
    assert "Nothing was changed" in answer.text
    assert await reasons(api) == {}


async def test_a_link_that_is_not_ours_leads_nowhere(
    visitor: httpx.AsyncClient, api: Api, stranger: Api, email: dict[str, Any], settings: Settings
) -> None:
    link = link_to(settings, api, email)
    unknown = Links(settings).url(stranger.tenant.workspace_id, UUID(email["id"])).removeprefix(settings.base_url)
    other_key = msgspec.structs.replace(settings, secret_key="x" * 32)
    forged = link_to(other_key, api, email)
    for bad in (unknown, forged, link[:-1], link + "A", link[:-4] + "AAAA", "/u/x", "/u/" + "é" * 64, "/u/%00"):
        for method in ("GET", "POST"):
            answer = await visitor.request(method, bad, data=ONE_CLICK if method == "POST" else None)
            assert answer.status_code == 404, bad
            assert "This link does not work" in answer.text
    assert await reasons(api) == {}


async def test_a_preview_leads_nowhere(visitor: httpx.AsyncClient, api: Api, email: dict[str, Any]) -> None:
    assert "In a preview it leads nowhere" in (await visitor.get("/u/preview")).text
    assert (await visitor.post("/u/preview", data=ONE_CLICK)).status_code in (404, 405)
    assert await reasons(api) == {}


LINKS = Links(load(ENVIRONMENT))
WORKSPACE, MESSAGE = new_id(), new_id()
TOKEN = LINKS.url(WORKSPACE, MESSAGE).rsplit("/", 1)[1]


def test_a_token_says_nothing_and_fits_a_line() -> None:
    assert len(TOKEN) == 64
    assert LINKS.read(TOKEN) == (WORKSPACE, MESSAGE)


@given(st.integers(0, 63), st.sampled_from(string.ascii_letters + string.digits + "-_+/=.~é"))
@hypothesis_settings(max_examples=500, deadline=None)
def test_a_token_with_one_other_character_is_none(at: int, character: str) -> None:
    altered = TOKEN[:at] + character + TOKEN[at + 1 :]
    if altered != TOKEN:
        with pytest.raises(UnknownLink):
            LINKS.read(altered)


@given(st.text(max_size=80) | st.text(string.ascii_letters + string.digits + "-_=", min_size=60, max_size=70))
def test_no_text_is_a_token_by_chance(text: str) -> None:
    with pytest.raises(UnknownLink):
        LINKS.read(text)
