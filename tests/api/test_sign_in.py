"""Sessions, the one-time link and what `paceline up` seeds. OpenID Connect has a journey of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import msgspec
import pytest
from litestar import Litestar

from app.main import create_app
from app.services import api_keys
from app.services.oidc import GOOGLE, DomainNotAllowed, Provider
from app.services.pruning import prune
from app.services.setup import InboxAddress, Seeded, seed
from app.settings import Settings
from tests.support.asgi import client_of
from tests.support.people import signed_in
from tests.support.tenants import Api

INBOX = InboxAddress("127.0.0.1", 2525, "http://127.0.0.1:2580")


@pytest.fixture
async def browser(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as made:
        yield made


@pytest.fixture
async def seeded(app: Litestar, settings: Settings) -> Seeded:
    return await seed(app.state.pool, settings, inbox=INBOX)


def path_of(seeded: Seeded, settings: Settings) -> str:
    return seeded.sign_in_url.removeprefix(settings.base_url)


async def test_the_link_signs_in_once(
    browser: httpx.AsyncClient, app: Litestar, seeded: Seeded, settings: Settings
) -> None:
    answer = await browser.get(path_of(seeded, settings))
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = next(each for each in answer.headers.get_list("set-cookie") if each.startswith("paceline_session="))
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Max-Age=2592000"} <= set(cookie.split("; "))
    me = (await browser.get("/v1/me")).json()
    assert (me["workspace"]["name"], me["role"]) == ("My workspace", "owner")

    async with client_of(app) as late:
        answer = await late.get(path_of(seeded, settings))
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?error=link")
        assert (await late.get("/v1/me")).status_code == 401


async def test_of_two_who_open_a_link_at_once_one_is_signed_in(
    app: Litestar, seeded: Seeded, settings: Settings
) -> None:
    async with client_of(app) as client:
        answers = await asyncio.gather(*[client.get(path_of(seeded, settings)) for _ in range(10)])
    assert sorted(answer.headers["location"] for answer in answers) == ["/", *["/sign-in?error=link"] * 9]


async def test_a_link_and_a_session_end(
    browser: httpx.AsyncClient, app: Litestar, seeded: Seeded, settings: Settings
) -> None:
    async with app.state.pool.connection() as conn:
        await conn.execute("update sign_in_links set expires_at = now()")
    assert (await browser.get(path_of(seeded, settings))).headers["location"] == "/sign-in?error=link"
    again = await seed(app.state.pool, settings, inbox=INBOX)
    await browser.get(path_of(again, settings))
    assert (await browser.get("/v1/me")).status_code == 200
    async with app.state.pool.connection() as conn:
        await conn.execute("update sessions set expires_at = now()")
    assert (await browser.get("/v1/me")).status_code == 401


async def test_a_browser_must_show_its_token_to_change_anything(
    browser: httpx.AsyncClient, seeded: Seeded, settings: Settings
) -> None:
    await browser.get(path_of(seeded, settings))
    token = (await browser.get("/v1/me")).json()["csrf_token"]
    for headers in [{}, {"x-csrf-token": ""}, {"x-csrf-token": token[:-1]}, {"x-csrf-token": "ü"}]:
        raw = {name: value.encode() for name, value in headers.items()}
        answer = await browser.post("/v1/api-keys", json={"name": "x"}, headers=raw)
        assert (answer.status_code, answer.json()["name"]) == (403, "invalid_csrf_token")
    answer = await browser.post("/v1/api-keys", json={"name": "x"}, headers={"x-csrf-token": token})
    assert answer.status_code == 201


async def test_signing_out(browser: httpx.AsyncClient, seeded: Seeded, settings: Settings) -> None:
    await browser.get(path_of(seeded, settings))
    cookie = browser.cookies["paceline_session"]
    token = (await browser.get("/v1/me")).json()["csrf_token"]
    assert (await browser.post("/auth/logout")).status_code == 403
    assert (await browser.post("/auth/logout", headers={"x-csrf-token": token})).status_code == 204
    assert "paceline_session" not in browser.cookies
    assert (await browser.get("/v1/me", headers={"cookie": f"paceline_session={cookie}"})).status_code == 401
    assert (await browser.post("/auth/logout")).status_code == 204  # nothing to end is no error


async def test_a_session_ends_unused_after_two_weeks_and_used_after_thirty_days(
    browser: httpx.AsyncClient, app: Litestar, seeded: Seeded, settings: Settings
) -> None:
    async def age(**by: timedelta) -> None:
        async with app.state.pool.connection() as conn:
            for column, span in by.items():
                await conn.execute(f"update sessions set {column} = {column} - %s", [span])

    await browser.get(path_of(seeded, settings))
    await age(last_seen_at=timedelta(days=13, hours=23))
    assert (await browser.get("/v1/me")).status_code == 200  # and counts as used now
    await age(last_seen_at=timedelta(days=13, hours=23))
    assert (await browser.get("/v1/me")).status_code == 200
    await age(expires_at=timedelta(days=29, hours=23))
    assert (await browser.get("/v1/me")).status_code == 200
    await age(last_seen_at=timedelta(days=14, seconds=1))
    assert (await browser.get("/v1/me")).status_code == 401
    await age(last_seen_at=timedelta(days=-14), expires_at=timedelta(hours=1))
    assert (await browser.get("/v1/me")).status_code == 401
    await prune(app.state.pool)
    async with app.state.pool.connection() as conn:
        assert await (await conn.execute("select from sessions")).fetchone() is None


async def test_one_sees_where_one_is_signed_in_and_ends_it(app: Litestar, settings: Settings) -> None:
    safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1"
    async with client_of(app) as laptop, client_of(app) as phone:
        phone.headers["user-agent"] = safari
        for browser in (laptop, phone):
            await browser.get(path_of(await seed(app.state.pool, settings, inbox=None), settings))
        listed = (await laptop.get("/v1/me/sessions")).json()["data"]
        assert [(each["device"], each["address"], each["current"]) for each in listed] == [
            ("Safari on iPhone", "127.0.0.1", False),
            ("Python", "127.0.0.1", True),
        ]
        token = (await laptop.get("/v1/me")).json()["csrf_token"]
        path, headers = f"/v1/me/sessions/{listed[0]['id']}", {"x-csrf-token": token}
        assert (await laptop.delete(path, headers=headers)).status_code == 204
        assert (await phone.get("/v1/me")).status_code == 401
        assert (await laptop.delete(path, headers=headers)).status_code == 404
        assert len((await laptop.get("/v1/me/sessions")).json()["data"]) == 1


async def test_sessions_of_others_are_not_there(api: Api, stranger: Api, app: Litestar) -> None:
    async with (
        signed_in(app, api.tenant.workspace_id, api.tenant.user_id) as ann,
        signed_in(app, stranger.tenant.workspace_id, stranger.tenant.user_id) as zoe,
    ):
        [hers] = (await ann.ok("GET", "/me/sessions"))["data"]
        await zoe.refused(404, "not_found", "DELETE", f"/me/sessions/{hers['id']}")
        await ann.ok("GET", "/me")


async def test_signing_out_everywhere(app: Litestar, settings: Settings) -> None:
    async with client_of(app) as one, client_of(app) as two:
        for browser in (one, two):
            await browser.get(path_of(await seed(app.state.pool, settings, inbox=None), settings))
        token = (await one.get("/v1/me")).json()["csrf_token"]
        await one.post("/auth/logout?everywhere=true", headers={"x-csrf-token": token})
        assert (await two.get("/v1/me")).status_code == 401


async def test_a_viewer_looks_but_does_not_touch(
    browser: httpx.AsyncClient, app: Litestar, seeded: Seeded, settings: Settings
) -> None:
    await browser.get(path_of(seeded, settings))
    async with app.state.pool.connection() as conn:
        await conn.execute("update members set role = 'viewer'")
    me = (await browser.get("/v1/me")).json()
    assert me["role"] == "viewer"
    answer = await browser.post("/v1/senders", json={}, headers={"x-csrf-token": me["csrf_token"]})
    assert (answer.status_code, answer.json()["name"]) == (403, "viewer_only")
    async with app.state.pool.connection() as conn:
        await conn.execute("delete from members")
    assert (await browser.get("/v1/me")).status_code == 401


async def test_over_https_cookies_are_bound_to_the_host(settings: Settings) -> None:
    app = create_app(msgspec.structs.replace(settings, base_url="https://mail.example.test"))
    async with app.lifespan(), client_of(app, "https://mail.example.test") as browser:
        found = await seed(app.state.pool, app.state.settings, inbox=None)
        answer = await browser.get(found.sign_in_url)
        cookie = answer.headers.get_list("set-cookie")[0]
        assert cookie.startswith("__Host-paceline_session=")
        assert "Secure" in cookie.split("; ")
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        assert (await browser.get("/v1/me")).status_code == 200


async def test_without_a_provider_the_page_says_how_to_set_one(browser: httpx.AsyncClient) -> None:
    config = (await browser.get("/auth/config")).json()
    assert config["provider"] is None
    assert "GOOGLE_CLIENT_ID" in config["hint"]
    assert (await browser.get("/auth/login")).headers["location"] == "/sign-in?error=not_configured"
    assert (await browser.get("/auth/callback?code=x&state=y")).headers["location"] == "/sign-in?error=state"


async def test_google_is_called_by_its_name(settings: Settings) -> None:
    app = create_app(msgspec.structs.replace(settings, google_client_id="id", google_client_secret="secret"))
    async with app.lifespan(), client_of(app) as browser:
        config = (await browser.get("/auth/config")).json()
    assert config == {"provider": "google", "provider_label": "Google", "hint": None}


@pytest.mark.parametrize(
    ("domain", "hosted", "issuer", "allowed"),
    [
        ("example.com", "example.com", GOOGLE, True),
        ("example.com", None, GOOGLE, False),  # a private Google account may carry any address
        ("example.com", "other.test", GOOGLE, False),
        ("other.test", "example.com", GOOGLE, False),
        ("gmail.com", None, GOOGLE, True),
        ("example.com", None, "https://id.example.test", True),
        ("example.com", "other.test", "https://id.example.test", False),
        ("sub.example.com", None, "https://id.example.test", False),
    ],
)
def test_allowed_domains_are_held_against_the_address_and_against_hd(
    settings: Settings, domain: str, hosted: str | None, issuer: str, allowed: bool
) -> None:
    provider = Provider(msgspec.structs.replace(settings, allowed_domains=("example.com", "gmail.com")))
    if allowed:
        provider.check_domain(domain, hosted, issuer)
    else:
        with pytest.raises(DomainNotAllowed):
            provider.check_domain(domain, hosted, issuer)


async def test_seeding_twice_keeps_what_is_there(app: Litestar, settings: Settings, seeded: Seeded) -> None:
    moved = InboxAddress("127.0.0.1", 2626, INBOX.url)
    again = await seed(app.state.pool, settings, inbox=moved, existing_api_key=seeded.api_key)
    assert again.api_key == seeded.api_key
    assert again.sign_in_url != seeded.sign_in_url
    async with client_of(app) as client:
        headers = {"authorization": f"Bearer {again.api_key}"}
        senders = (await client.get("/v1/senders", headers=headers)).json()["data"]
        assert [(s["name"], s["port"], s["hourly_limit"], s["min_delay_ms"]) for s in senders] == [
            ("Test inbox", 2626, None, 0)
        ]
        assert senders[0]["is_default"]
        keys = (await client.get("/v1/api-keys", headers=headers)).json()["data"]
        assert [key["name"] for key in keys] == ["paceline up"]
        assert await api_keys.authenticate(app.state.pool, "pl_gone") is None
        renewed = await seed(app.state.pool, settings, inbox=moved, existing_api_key="pl_gone")
        assert renewed.api_key not in ("pl_gone", again.api_key)
