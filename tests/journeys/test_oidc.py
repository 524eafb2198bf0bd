"""Signing in by OpenID Connect, against a real provider (npm oidc-provider) and a real web process."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx
import psycopg
import pytest

from app.contract.people import NewInvitation
from app.db.pool import Pool
from app.services import invitations
from app.services.setup import seed
from app.settings import Settings
from tests.support.ports import free_port
from tests.support.tenants import make_tenant
from tests.support.waiting import wait_until_sync
from tests.support.web import answers

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Place:
    """Where the two servers of a test are."""

    web: str
    issuer: str


@contextlib.contextmanager
def running(command: list[str | Path], ready: str, **options: Any) -> Iterator[None]:
    process = subprocess.Popen(command, cwd=ROOT, **options)
    try:
        wait_until_sync(lambda: process.poll() is not None or answers(ready), what=f"{ready} to answer")
        assert process.poll() is None
        yield
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    found = Place(f"http://127.0.0.1:{free_port()}", f"http://127.0.0.1:{free_port()}")
    script = ROOT / "tests/support/oidc_provider.mjs"
    port = str(urlsplit(found.issuer).port)
    command: list[str | Path] = [
        ROOT / "tools/npm.sh",
        "tests/node",
        "node",
        script,
        port,
        f"{found.web}/auth/callback",
    ]
    with running(command, f"{found.issuer}/.well-known/openid-configuration", stderr=subprocess.DEVNULL):
        yield found


@pytest.fixture
def allowed_domains() -> str:
    return ""


@pytest.fixture
def web(place: Place, environment: dict[str, str], allowed_domains: str) -> Iterator[Place]:
    given = environment | {
        "BASE_URL": place.web,
        "OIDC_ISSUER": place.issuer,
        "GOOGLE_CLIENT_ID": "paceline",
        "GOOGLE_CLIENT_SECRET": "a-secret-of-the-test",
        "ALLOWED_DOMAINS": allowed_domains,
        "WORKSPACE_MAX_EMAILS_PER_HOUR": "500",
    }
    command: list[str | Path] = [sys.executable, "-m", "app.cli", "web", "--port", str(urlsplit(place.web).port)]
    with running(command, f"{place.web}/readyz", env=given):
        yield place


class Browser(httpx.AsyncClient):
    """Follows redirects and fills in forms, one step at a time; keeps cookies.

    It keeps no connection: both servers end one that rests for five seconds, at worst while it is used again. And it
    reads no authorities, which would take longer than all that it asks.
    """

    def __init__(self, place: Place) -> None:
        limits = httpx.Limits(max_keepalive_connections=0)
        super().__init__(follow_redirects=False, timeout=60, verify=False, limits=limits)
        self.place = place

    async def walk(self, url: str, *, stop_at: str = "") -> str:
        """Goes where redirects and the provider's forms lead: to the first address that begins with `stop_at`, which is
        not visited, or to the first page of ours."""
        answer = await self.get(url)
        while True:
            if answer.is_redirect:
                url = urljoin(str(answer.url), answer.headers["location"])
                if stop_at and url.startswith(stop_at):
                    return url
                if url.startswith(self.place.web) and "/auth/" not in url:
                    return url
                answer = await self.get(url)
            else:
                answer = await self.submit(answer)

    async def submit(self, page: httpx.Response) -> httpx.Response:
        assert page.status_code == 200, page.text
        action = re.search(r'<form[^>]* action="([^"]+)"', page.text)
        assert action is not None, page.text
        fields = dict(re.findall(r'type="hidden" name="(\w+)" value="(\w+)"', page.text))
        if fields["prompt"] == "login":
            fields |= {"login": self.login, "password": "any"}
        return await self.post(action[1], data=fields)

    async def sign_in(self, login: str, *, next: str = "/") -> str:
        """Where a whole sign-in ends."""
        self.login = login
        return await self.walk(f"{self.place.web}/auth/login?{urlencode({'next': next})}")

    async def callback_of(self, login: str, *, tamper: tuple[str, str] | None = None) -> str:
        """The address that the provider sends back to, not visited yet. `tamper` replaces a parameter on the way."""
        self.login = login
        begun = (await self.get(f"{self.place.web}/auth/login")).headers["location"]
        if tamper is not None:
            query = {name: values[0] for name, values in parse_qs(urlsplit(begun).query).items()}
            begun = f"{begun.partition('?')[0]}?{urlencode(query | {tamper[0]: tamper[1]})}"
        return await self.walk(begun, stop_at=f"{self.place.web}/auth/callback")

    async def me(self) -> Any:
        answer = await self.get(f"{self.place.web}/v1/me")
        return answer.json() if answer.status_code == 200 else None


def failed(place: Place, code: str) -> str:
    return f"{place.web}/sign-in?error={code}"


def count(settings: Settings, table: str) -> int:
    with psycopg.connect(settings.database_url) as connection:
        found = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    assert found is not None
    return int(found[0])


async def test_a_first_sign_in_makes_an_account_and_the_next_one_finds_it(web: Place, settings: Settings) -> None:
    async with Browser(web) as browser, Browser(web) as later, Browser(web) as other:
        assert (await browser.get(f"{web.web}/auth/config")).json() == {
            "provider": "oidc",
            "provider_label": "127.0.0.1",
            "hint": None,
        }
        assert await browser.sign_in("ann", next="/scheduled?q=x") == f"{web.web}/scheduled?q=x"
        first = await browser.me()
        assert first["user"]["email"] == "ann@example.com"
        assert first["user"]["name"] == "Ann"
        assert first["user"]["avatar_url"] == "https://pictures.example/face.png"
        assert (first["workspace"]["name"], first["role"]) == ("Ann's workspace", "owner")

        assert await later.sign_in("ann") == f"{web.web}/"
        again = await later.me()
        assert again["workspace"] == first["workspace"]
        assert again["csrf_token"] != first["csrf_token"]

        assert await other.sign_in("bob+userinfo") == f"{web.web}/"
        assert (await other.me())["workspace"]["id"] != first["workspace"]["id"]
    with psycopg.connect(settings.database_url) as connection:
        limits = connection.execute("SELECT hourly_limit FROM workspaces").fetchall()
    assert limits == [(500,), (500,)]


async def test_localhost_becomes_the_address_that_the_provider_knows(web: Place) -> None:
    async with Browser(web) as browser:
        browser.login = "ann"
        began = f"{web.web.replace('127.0.0.1', 'localhost')}/auth/login?next=%2Fsent"
        assert await browser.walk(began) == f"{web.web}/sent"
        assert await browser.me() is not None


async def test_a_new_sign_in_ends_the_session_that_the_browser_had(web: Place) -> None:
    async with Browser(web) as browser, Browser(web) as thief:
        await browser.sign_in("ann")
        thief.cookies.set("paceline_session", browser.cookies["paceline_session"], domain="127.0.0.1")
        assert await thief.me() is not None
        await browser.sign_in("ann")
        assert await thief.me() is None
        assert await browser.me() is not None


async def test_a_callback_belongs_to_the_browser_that_began_it_and_works_once(web: Place, settings: Settings) -> None:
    async with Browser(web) as ann:
        # A callback that another browser began: its state is bound to Ann's cookie.
        callback = await ann.callback_of("ann")
        async with Browser(web) as victim:
            assert await victim.walk(callback) == failed(web, "state")
            # A state of the victim's own does not fit Ann's code either.
            await victim.get(f"{web.web}/auth/login")
            assert await victim.walk(callback) == failed(web, "state")
        # Replayed, even with the cookie of the first time: the provider has seen the code.
        pending = ann.cookies["paceline_sign_in"]
        assert await ann.walk(callback) == f"{web.web}/"
        assert await ann.walk(callback) == failed(web, "state")
        ann.cookies.set("paceline_sign_in", pending, domain="127.0.0.1", path="/")
        assert await ann.walk(callback) == failed(web, "provider")
    assert (count(settings, "sessions"), count(settings, "users")) == (1, 1)


async def test_what_was_tampered_with_on_the_way_signs_nobody_in(web: Place, settings: Settings) -> None:
    for tamper, code in [
        (("nonce", "of-the-attacker"), "provider"),
        (("state", "of-the-attacker"), "state"),
        (("code_challenge", "A" * 43), "provider"),
    ]:
        async with Browser(web) as browser:
            assert await browser.walk(await browser.callback_of("eve", tamper=tamper)) == failed(web, code), tamper
            assert await browser.me() is None
    async with Browser(web) as browser:
        callback = await browser.callback_of("eve")
        mixed_up = re.sub(r"iss=[^&]+", "iss=https%3A%2F%2Fissuer.example", callback)
        assert mixed_up != callback
        assert await browser.walk(mixed_up) == failed(web, "provider")
    assert (count(settings, "sessions"), count(settings, "users")) == (0, 0)


async def test_a_redirect_to_elsewhere_is_refused_by_the_provider(web: Place) -> None:
    async with Browser(web) as browser:
        begun = (await browser.get(f"{web.web}/auth/login?redirect_uri=https://evil.example/")).headers["location"]
        query = {name: values[0] for name, values in parse_qs(urlsplit(begun).query).items()}
        assert query["redirect_uri"] == f"{web.web}/auth/callback"
        foreign = urlencode(query | {"redirect_uri": "https://evil.example/"})
        answer = await browser.get(f"{begun.partition('?')[0]}?{foreign}")
        assert (answer.status_code, "redirect_uri" in answer.text) == (400, True)


async def test_a_cookie_that_is_none_of_ours_and_a_refusal_sign_nobody_in(web: Place, settings: Settings) -> None:
    for sealed in ["", "x", "AAAA" * 40]:
        async with Browser(web) as browser:
            callback = await browser.callback_of("eve")
            del browser.cookies["paceline_sign_in"]
            browser.cookies.set("paceline_sign_in", sealed, domain="127.0.0.1", path="/")
            assert await browser.walk(callback) == failed(web, "state")
    async with Browser(web) as browser:
        state = parse_qs(urlsplit(await browser.callback_of("eve")).query)["state"][0]
        refusal = urlencode({"state": state, "error": "access_denied", "error_description": "no <b>thanks</b>"})
        assert await browser.walk(f"{web.web}/auth/callback?{refusal}") == failed(web, "denied")
    assert (count(settings, "sessions"), count(settings, "users")) == (0, 0)


@pytest.mark.parametrize(
    "next", ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "x"]
)
async def test_next_never_leads_elsewhere(web: Place, next: str) -> None:
    async with Browser(web) as browser:
        assert await browser.sign_in("ann", next=next) == f"{web.web}/"


async def test_a_forged_id_token_signs_nobody_in(web: Place, settings: Settings) -> None:
    for what in ["key", "audience", "issuer", "expired", "unsigned"]:
        async with Browser(web) as browser:
            assert await browser.sign_in(f"ann+forged:{what}") == failed(web, "provider"), what
            assert await browser.me() is None
    assert count(settings, "users") == 0


@pytest.mark.parametrize("allowed_domains", ["example.com, example.org"])
async def test_who_may_sign_in(web: Place, settings: Settings) -> None:
    for login, code in [
        ("ann+unverified", "unverified"),
        ("ann+unverified+userinfo", "unverified"),
        ("ann@elsewhere.test", "domain"),
        ("ann@sub.example.com", "domain"),
        ("ann+hd:elsewhere.test", "domain"),
    ]:
        async with Browser(web) as browser:
            assert await browser.sign_in(login) == failed(web, code), login
            assert await browser.me() is None
    assert count(settings, "users") == 0
    for login in ["ann+hd:example.com", "ann@example.org"]:
        async with Browser(web) as browser:
            assert await browser.sign_in(login) == f"{web.web}/", login


async def test_the_first_person_takes_over_the_seeded_workspace(web: Place, pool: Pool, settings: Settings) -> None:
    await seed(pool, settings, inbox=None)
    async with Browser(web) as first, Browser(web) as second:
        await first.sign_in("ann")
        await second.sign_in("bob")
        assert (await first.me())["workspace"]["name"] == "My workspace"
        assert (await first.me())["role"] == "owner"
        assert (await second.me())["workspace"]["name"] == "Bob's workspace"


async def test_an_address_leads_to_an_account_once(web: Place, pool: Pool, settings: Settings) -> None:
    async with Browser(web) as browser:
        await browser.sign_in("ann")
    with psycopg.connect(settings.database_url) as connection:
        # As an invitation would leave it: the address is known, the identity is not.
        connection.execute("UPDATE users SET oidc_issuer = NULL, oidc_subject = NULL")
    async with Browser(web) as browser:
        assert await browser.sign_in("ann") == f"{web.web}/"
    with psycopg.connect(settings.database_url) as connection:
        connection.execute("UPDATE users SET oidc_subject = 'somebody who had this address before'")
    async with Browser(web) as browser:
        assert await browser.sign_in("ann") == failed(web, "conflict")
    assert count(settings, "users") == 1


async def test_an_account_is_the_providers_subject_whatever_its_address(web: Place, settings: Settings) -> None:
    async with Browser(web) as browser:
        await browser.sign_in("ann+sub:one")
        first = await browser.me()
    async with Browser(web) as browser:
        # Married: the address is another, the person is not.
        assert await browser.sign_in("ann.lee@example.com+sub:one") == f"{web.web}/"
        again = await browser.me()
        assert (again["user"]["id"], again["user"]["email"]) == (first["user"]["id"], "ann.lee@example.com")
    async with Browser(web) as browser:
        # The address is free now: who gets it is somebody new.
        assert await browser.sign_in("ann+sub:two") == f"{web.web}/"
        newcomer = await browser.me()
        assert newcomer["user"]["id"] != first["user"]["id"]
        assert newcomer["workspace"]["id"] != first["workspace"]["id"]
    async with Browser(web) as browser:
        # The same address on another subject never leads into somebody's account.
        assert await browser.sign_in("ann+sub:three") == failed(web, "conflict")
        assert await browser.me() is None
    async with Browser(web) as browser:
        # An address that another account has stays there.
        assert await browser.sign_in("ann+sub:one") == f"{web.web}/"
        assert (await browser.me())["user"]["email"] == "ann.lee@example.com"
    assert count(settings, "users") == 2


async def test_an_identity_ends_the_sessions_that_mailed_links_began(web: Place, settings: Settings) -> None:
    """Whoever runs a workspace's mail server could have begun them before the person ever came."""
    async with Browser(web) as before, Browser(web) as browser:
        await before.sign_in("ann")
        with psycopg.connect(settings.database_url) as connection:
            connection.execute("UPDATE users SET oidc_issuer = NULL, oidc_subject = NULL")
        assert await before.me() is not None
        await browser.sign_in("ann")
        assert await before.me() is None
        assert await browser.me() is not None


async def test_an_invitation_is_accepted_on_the_way(web: Place, pool: Pool, settings: Settings) -> None:
    tenant = await make_tenant(pool, settings, "owner@example.com")
    wanted = NewInvitation(email="bob@example.com", role="viewer")
    made = await invitations.create(
        pool,
        settings,
        workspace_id=tenant.workspace_id,
        invited_by=tenant.user_id,
        wanted=wanted,
        now=datetime.now(UTC),
    )
    join = f"{web.web}/auth/login?{urlencode({'invitation': made.url.partition('#')[2]})}"
    async with Browser(web) as eve, Browser(web) as bob, Browser(web) as again:
        eve.login, bob.login, again.login = "eve", "bob", "bob"
        assert await eve.walk(join) == failed(web, "invitation_email")
        assert await eve.me() is None
        assert await bob.walk(join.replace("127.0.0.1", "localhost")) == f"{web.web}/"
        me = await bob.me()
        assert (me["workspace"]["id"], me["role"], me["confined"]) == (str(tenant.workspace_id), "viewer", False)
        assert await again.walk(join) == failed(web, "invitation")
    assert count(settings, "workspaces") == 1
    assert count(settings, "users") == 2


def test_a_provider_that_is_away_is_said_so(environment: dict[str, str]) -> None:
    port = free_port()
    gone = environment | {"BASE_URL": f"http://127.0.0.1:{port}", "GOOGLE_CLIENT_ID": "x"}
    gone |= {"OIDC_ISSUER": f"http://127.0.0.1:{free_port()}"}
    with running([sys.executable, "-m", "app.cli", "web", "--port", str(port)], f"{gone['BASE_URL']}/readyz", env=gone):
        answer = httpx.get(f"{gone['BASE_URL']}/auth/login")
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?error=provider")
