"""Signing in by a mailed link: to whom one goes, that nobody learns who has an account, and what spends it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar

from app.main import create_app
from app.services import mailed_links
from app.services.mailed_links import network_of
from app.settings import Settings
from tests.support.asgi import client_of
from tests.support.people import Browser, join, signed_in
from tests.support.tenants import Api
from tests.support.waiting import wait_until

SENDER = {"from_email": "team@example.test", "host": "127.0.0.1", "port": 2525, "security": "none"}


@pytest.fixture
async def page(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    """The sign-in page of somebody who has not signed in."""
    async with client_of(app) as made:
        yield made


async def all_answered() -> None:
    """Every request for a link has had its consequence."""

    async def idle() -> bool:
        return not mailed_links._at_work

    await wait_until(idle, what="the links to be mailed")


async def mailed(app: Litestar) -> list[tuple[str, str]]:
    """To whom which token went, in order."""
    await all_answered()
    async with app.state.pool.connection() as conn:
        cursor = await conn.execute(
            "select e.to_address, c.text from emails e join contents c on c.id = e.content_id order by e.id"
        )
        found = await cursor.fetchall()
    return [(row["to_address"], re.findall(r"/sign-in/link#(\S+)", row["text"])[0]) for row in found]


async def ask(page: httpx.AsyncClient, email: str, **more: Any) -> None:
    answer = await page.post("/auth/email", json={"email": email, **more})
    assert (answer.status_code, answer.content) == (204, b"")


async def test_a_link_signs_in_once_to_the_workspace_that_mailed_it(
    page: httpx.AsyncClient, api: Api, app: Litestar
) -> None:
    await api.ok("POST", "/senders", json=SENDER)
    await ask(page, "Ann@Example.test")
    [(to, token)] = await mailed(app)
    assert to == "ann@example.test"
    async with app.state.pool.connection() as conn:
        dumped = await (await conn.execute("select string_agg(l::text, ' ') as said from sign_in_links l")).fetchone()
    assert token not in dumped["said"]

    seen = await page.post("/auth/email/look", json={"token": token})
    assert seen.json() == {"email": "ann@example.test", "workspace": "ann@example.test"}
    async with Browser(app) as browser:
        answer = await browser.post("http://paceline.test/auth/email/sign-in", json={"token": token})
        assert answer.status_code == 204
        assert "HttpOnly" in answer.headers["set-cookie"]
        await browser.read_token()
        me = await browser.ok("GET", "/me")
        assert (me["user"]["email"], me["role"], me["confined"]) == ("ann@example.test", "owner", True)
    for path in ("/auth/email/sign-in", "/auth/email/look"):
        answer = await page.post(path, json={"token": token})
        assert (answer.status_code, answer.json()["name"]) == (404, "link")


async def test_looking_and_scanning_spend_nothing(page: httpx.AsyncClient, api: Api, app: Litestar) -> None:
    await api.ok("POST", "/senders", json=SENDER)
    await ask(page, "ann@example.test")
    [(_, token)] = await mailed(app)
    for path in (f"/sign-in/link?x={token}", f"/auth/link/{token}", f"/auth/email/sign-in?token={token}"):
        for method in ("GET", "HEAD"):
            await page.request(method, path, headers={"accept": "text/html"})
    for _ in range(3):
        assert (await page.post("/auth/email/look", json={"token": token})).status_code == 200
    assert (await page.get("/v1/me")).status_code == 401
    assert (await page.post("/auth/email/sign-in", json={"token": token})).status_code == 204


async def test_of_two_who_spend_it_at_once_one_is_signed_in(page: httpx.AsyncClient, api: Api, app: Litestar) -> None:
    await api.ok("POST", "/senders", json=SENDER)
    await ask(page, "ann@example.test")
    [(_, token)] = await mailed(app)
    answers = await asyncio.gather(*[page.post("/auth/email/sign-in", json={"token": token}) for _ in range(8)])
    assert sorted(answer.status_code for answer in answers) == [204, *[404] * 7]


async def test_a_link_ends_after_a_quarter_of_an_hour(page: httpx.AsyncClient, api: Api, app: Litestar) -> None:
    await api.ok("POST", "/senders", json=SENDER)
    await ask(page, "ann@example.test")
    [(_, token)] = await mailed(app)
    async with app.state.pool.connection() as conn:
        row = await (await conn.execute("select expires_at - created_at as lives from sign_in_links")).fetchone()
        assert abs(row["lives"] - timedelta(minutes=15)) < timedelta(seconds=30)
        await conn.execute("update sign_in_links set expires_at = now()")
    assert (await page.post("/auth/email/sign-in", json={"token": token})).status_code == 404


async def test_nobody_learns_who_has_an_account(page: httpx.AsyncClient, api: Api, app: Litestar) -> None:
    """One answer for all, given before anything is looked up; and as many of them for each address."""
    await api.ok("POST", "/senders", json=SENDER)
    async with app.state.pool.connection() as conn:
        await conn.execute("alter table users rename to locked_away")
    for email in ("ann@example.test", "nobody@example.test"):
        for _ in range(mailed_links.PER_ADDRESS):
            await ask(page, email)
        answer = await page.post("/auth/email", json={"email": email})
        assert (answer.status_code, answer.json()["name"]) == (429, "rate_limit_exceeded")
        assert 0 < int(answer.headers["retry-after"]) <= 900
    await all_answered()
    async with app.state.pool.connection() as conn:
        await conn.execute("alter table locked_away rename to users")
        rows = await (await conn.execute("select string_agg(r::text, ' ') as said from sign_in_requests r")).fetchone()
    assert "ann" not in rows["said"]
    assert await mailed(app) == []


async def test_nothing_is_mailed_to_who_is_not_here(page: httpx.AsyncClient, api: Api, app: Litestar) -> None:
    await api.ok("POST", "/senders", json=SENDER)
    await ask(page, "nobody@example.test")
    await ask(page, "ann@example.test", invitation="unknown")
    assert await mailed(app) == []


async def test_requests_are_counted_by_client_too(page: httpx.AsyncClient, app: Litestar) -> None:
    for number in range(mailed_links.PER_CLIENT):
        await ask(page, f"person{number}@example.test")
    answer = await page.post("/auth/email", json={"email": "one-more@example.test"})
    assert answer.status_code == 429
    async with app.state.pool.connection() as conn:
        await conn.execute("update sign_in_requests set at = at - %s", [mailed_links.COUNTED])
    await ask(page, "one-more@example.test")
    await all_answered()


@pytest.mark.parametrize(
    ("client", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", ""),
    ],
)
def test_a_client_is_its_network(client: str, network: str) -> None:
    assert network_of(client) == network


@pytest.mark.parametrize("body", [{}, {"email": "ann"}, {"email": 5}, {"email": "a@b.test", "next": "/"}, []])
async def test_what_is_no_address_is_said_so(page: httpx.AsyncClient, body: Any) -> None:
    assert (await page.post("/auth/email", json=body)).status_code == 422


async def test_large_bodies_are_not_read(page: httpx.AsyncClient) -> None:
    for path in ("/auth/email", "/auth/email/look", "/auth/email/sign-in", "/auth/invitation"):
        answer = await page.post(path, json={"token": "x" * 5000})
        assert (answer.status_code, answer.json()["name"]) == (413, "payload_too_large")


async def test_another_site_cannot_sign_a_visitor_in(page: httpx.AsyncClient, api: Api, app: Litestar) -> None:
    await api.ok("POST", "/senders", json=SENDER)
    await ask(page, "ann@example.test")
    [(_, token)] = await mailed(app)
    body = {"token": token}
    for origin in ("https://evil.example", "null", "http://paceline.test.evil.example"):
        answer = await page.post("/auth/email/sign-in", json=body, headers={"origin": origin})
        assert (answer.status_code, answer.json()["name"]) == (403, "foreign_origin")
        assert (
            await page.post("/auth/email", json={"email": "a@b.test"}, headers={"origin": origin})
        ).status_code == 403
    own = {"origin": "http://paceline.test"}
    assert (await page.post("/auth/email/sign-in", json=body, headers=own)).status_code == 204


async def test_the_link_goes_by_the_workspace_that_was_used_last(
    page: httpx.AsyncClient, api: Api, stranger: Api, app: Litestar
) -> None:
    await api.ok("POST", "/senders", json=SENDER)
    await stranger.ok("POST", "/senders", json=SENDER | {"from_email": "other@example.test"})
    await join(app, stranger.tenant.workspace_id, "ann@example.test", "viewer")

    async def workspace() -> str:
        await ask(page, "ann@example.test")
        _, token = (await mailed(app))[-1]
        return str((await page.post("/auth/email/look", json={"token": token})).json()["workspace"])

    async with signed_in(app, api.tenant.workspace_id, api.tenant.user_id):
        assert await workspace() == "ann@example.test"
    async with signed_in(app, stranger.tenant.workspace_id, api.tenant.user_id):
        assert await workspace() == "zoe@example.test"
        sender = (await stranger.ok("GET", "/senders"))["data"][0]["id"]
        await stranger.ok("POST", f"/senders/{sender}/pause")
        assert await workspace() == "ann@example.test"


async def test_a_member_who_changes_the_server_cannot_read_the_owners_link(
    page: httpx.AsyncClient, api: Api, app: Litestar
) -> None:
    sender = await api.ok("POST", "/senders", json=SENDER)
    bob = await join(app, api.tenant.workspace_id, "bob@example.test", "member")
    async with signed_in(app, api.tenant.workspace_id, bob) as browser:
        await browser.ok("PATCH", f"/senders/{sender['id']}", json={"name": "Team"})
        await ask(page, "ann@example.test")
        assert len(await mailed(app)) == 1
        for change in ({"port": 2526}, {"password": "x", "username": "x"}):
            await browser.ok("PATCH", f"/senders/{sender['id']}", json=change)
            await ask(page, "ann@example.test")
            assert len(await mailed(app)) == 1
        own = await browser.ok("POST", "/senders", json=SENDER | {"from_email": "bob@example.test", "port": 2527})
        await browser.ok("PATCH", f"/senders/{own['id']}", json={"is_default": True})
    async with app.state.pool.connection() as conn:
        await conn.execute("delete from sign_in_requests")
    await ask(page, "ann@example.test")
    assert len(await mailed(app)) == 1
    # An owner who says it again vouches for it; and a member who is made an owner may.
    await api.ok("PATCH", f"/senders/{own['id']}", json={"port": 2528})
    await ask(page, "ann@example.test")
    assert len(await mailed(app)) == 2


async def test_a_link_that_waits_to_be_mailed_ends_when_somebody_names_another_server(
    page: httpx.AsyncClient, api: Api, stranger: Api, app: Litestar
) -> None:
    """Mail that waits for a limit or for its hours would go to the new server, and whoever named that reads it."""
    sender = await api.ok("POST", "/senders", json=SENDER)
    await stranger.ok("POST", "/senders", json=SENDER | {"from_email": "other@example.test"})
    bob = await join(app, api.tenant.workspace_id, "bob@example.test", "member")
    await ask(page, "ann@example.test")
    await ask(page, "zoe@example.test")
    [(_, anns), (_, zoes)] = sorted(await mailed(app))
    async with signed_in(app, api.tenant.workspace_id, bob) as browser:
        await browser.ok("PATCH", f"/senders/{sender['id']}", json={"name": "Team"})
        assert (await page.post("/auth/email/look", json={"token": anns})).status_code == 200
        await browser.ok("PATCH", f"/senders/{sender['id']}", json={"port": 2526})
    for path in ("/auth/email/look", "/auth/email/sign-in"):
        answer = await page.post(path, json={"token": anns})
        assert (answer.status_code, answer.json()["name"]) == (404, "link")
    assert (await page.post("/auth/email/sign-in", json={"token": zoes})).status_code == 204


async def test_who_is_invited_joins_by_a_link_without_any_provider(
    page: httpx.AsyncClient, api: Api, app: Litestar
) -> None:
    await api.ok("POST", "/senders", json=SENDER)
    made = await api.ok("POST", "/invitations", json={"email": "bob@example.test", "role": "member"})
    async with app.state.pool.connection() as conn:
        await conn.execute("delete from emails")
    invitation = made["url"].partition("#")[2]
    await ask(page, "bob@example.test")  # without the invitation the address is nobody's
    await ask(page, "eve@example.test", invitation=invitation)
    assert await mailed(app) == []
    await ask(page, "bob@example.test", invitation=invitation)
    [(to, token)] = await mailed(app)
    assert to == "bob@example.test"
    async with Browser(app) as browser:
        await browser.ok("POST", "http://paceline.test/auth/email/sign-in", json={"token": token})
        await browser.read_token()
        me = await browser.ok("GET", "/me")
        assert (me["user"]["email"], me["role"], me["workspace"]["name"]) == (
            "bob@example.test",
            "member",
            "ann@example.test",
        )
    assert (await api.ok("GET", "/invitations"))["data"] == []


async def test_an_invitation_that_was_taken_back_ends_its_links(
    page: httpx.AsyncClient, api: Api, app: Litestar
) -> None:
    await api.ok("POST", "/senders", json=SENDER)
    made = await api.ok("POST", "/invitations", json={"email": "bob@example.test"})
    async with app.state.pool.connection() as conn:
        await conn.execute("delete from emails")
    await ask(page, "bob@example.test", invitation=made["url"].partition("#")[2])
    [(_, token)] = await mailed(app)
    await api.delete(f"/invitations/{made['id']}")
    answer = await page.post("/auth/email/sign-in", json={"token": token})
    assert (answer.status_code, answer.json()["name"]) == (404, "invitation")
    async with app.state.pool.connection() as conn:
        assert await (await conn.execute("select from users where email like 'bob%'")).fetchone() is None


async def test_who_was_removed_meanwhile_stays_out(page: httpx.AsyncClient, api: Api, app: Litestar) -> None:
    await api.ok("POST", "/senders", json=SENDER)
    bob = await join(app, api.tenant.workspace_id, "bob@example.test", "member")
    await ask(page, "bob@example.test")
    [(_, token)] = await mailed(app)
    await api.delete(f"/members/{bob}")
    assert (await page.post("/auth/email/sign-in", json={"token": token})).status_code == 404


async def test_only_the_allowed_domains(api: Api, settings: Settings) -> None:
    await api.ok("POST", "/senders", json=SENDER)
    app = create_app(msgspec.structs.replace(settings, allowed_domains=("elsewhere.test",)))
    async with app.lifespan(), client_of(app) as page:
        await ask(page, "ann@example.test")
        assert await mailed(app) == []
