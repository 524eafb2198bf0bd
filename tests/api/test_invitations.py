"""Invitations: a link for one address, once, within a week; worth nothing to anybody else."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from litestar import Litestar

from app.main import create_app
from app.services import accounts
from app.services.accounts import Identity
from app.services.invitations import InvitationForAnother
from app.settings import Settings
from tests.support.asgi import client_of
from tests.support.people import Browser, join, signed_in
from tests.support.tenants import Api, make_tenant

SENDER = {"from_email": "team@example.test", "host": "127.0.0.1", "port": 2525, "security": "none"}


def token_of(invitation: dict[str, Any]) -> str:
    url, _, token = str(invitation["url"]).partition("#")
    assert url.endswith("/join")
    return token


async def test_an_invitation_is_shown_once_and_kept_as_a_hash(api: Api, app: Litestar, settings: Settings) -> None:
    made = await api.ok("POST", "/invitations", json={"email": "Bob@Example.test", "role": "viewer"})
    assert made["url"].startswith(f"{settings.base_url}/join#")
    assert (made["email"], made["role"], made["invited_by"], made["mailed"]) == (
        "bob@example.test",
        "viewer",
        "Ann",
        False,
    )
    [listed] = (await api.ok("GET", "/invitations"))["data"]
    assert listed == {name: value for name, value in made.items() if name not in ("url", "mailed")}
    async with app.state.pool.connection() as conn:
        dumped = await (await conn.execute("select string_agg(i::text, ' ') as said from invitations i")).fetchone()
    assert token_of(made) not in dumped["said"]


async def test_it_is_mailed_by_the_default_sender_and_the_workspace_cannot_read_it(api: Api) -> None:
    await api.ok("POST", "/senders", json=SENDER)
    made = await api.ok("POST", "/invitations", json={"email": "bob@example.test"})
    assert made["mailed"]
    [mail] = (await api.ok("GET", "/emails"))["data"]
    assert (mail["from"], mail["to"]) == ("team@example.test", ["bob@example.test"])
    assert mail["subject"] == "Ann invites you to ann@example.test"
    path = f"/emails/{mail['id']}"
    shown = await api.get(path)
    assert token_of(made) not in shown.text
    assert "Only the recipient" in shown.json()["text"]
    for method, where, body in [("GET", f"{path}/source", None), ("PATCH", path, {"reply_to": "me@evil.test"})]:
        answer = await api.request(method, where, json=body)
        assert (answer.status_code, answer.json()["name"]) == (403, "confidential")
    for where in ("/emails", "/emails?q=join", f"{path}/events"):
        assert token_of(made) not in (await api.get(where)).text
    await api.ok("POST", f"{path}/cancel")


async def test_who_is_signed_in_with_the_address_joins(api: Api, stranger: Api, app: Litestar) -> None:
    made = await api.ok("POST", "/invitations", json={"email": "zoe@example.test", "role": "member"})
    body = {"token": token_of(made)}
    async with client_of(app) as anybody:
        seen = (await anybody.post("/auth/invitation", json=body)).json()
        assert (seen["email"], seen["workspace"], seen["invited_by"]) == ("zoe@example.test", "ann@example.test", "Ann")
    zoe = stranger.tenant
    async with signed_in(app, zoe.workspace_id, zoe.user_id) as browser:
        joined = await browser.ok("POST", "/invitations/accept", json=body)
        assert (joined["name"], joined["role"], joined["current"]) == ("ann@example.test", "member", True)
        await browser.read_token()
        assert (await browser.ok("GET", "/me"))["workspace"]["name"] == "ann@example.test"
        await browser.refused(404, "invitation", "POST", "/invitations/accept", json=body)
    assert (await api.ok("GET", "/invitations"))["data"] == []
    assert len((await api.ok("GET", "/members"))["data"]) == 2
    await api.refused(409, "POST", "/invitations", json={"email": "zoe@example.test"})


async def test_of_two_who_accept_at_once_one_does(api: Api, stranger: Api, app: Litestar) -> None:
    made = await api.ok("POST", "/invitations", json={"email": "zoe@example.test"})
    zoe = stranger.tenant
    async with (
        signed_in(app, zoe.workspace_id, zoe.user_id) as one,
        signed_in(app, zoe.workspace_id, zoe.user_id) as two,
    ):
        asks = [each.post("/invitations/accept", json={"token": token_of(made)}) for each in (one, two)]
        assert sorted([answer.status_code for answer in await asyncio.gather(*asks)]) == [200, 404]


async def test_nobody_else_can_use_it(api: Api, stranger: Api, app: Litestar) -> None:
    made = await api.ok("POST", "/invitations", json={"email": "bob@example.test", "role": "owner"})
    body = {"token": token_of(made)}
    async with signed_in(app, stranger.tenant.workspace_id, stranger.tenant.user_id) as zoe:
        await zoe.refused(403, "invitation_email", "POST", "/invitations/accept", json=body)
    # Bob's address, but on the word of another workspace's mail: that may not speak for this one.
    bob = await join(app, stranger.tenant.workspace_id, "bob@example.test", "member")
    async with signed_in(app, stranger.tenant.workspace_id, bob, confined=True) as confined:
        await confined.refused(403, "invitation_email", "POST", "/invitations/accept", json=body)
    assert len((await api.ok("GET", "/members"))["data"]) == 1
    async with signed_in(app, stranger.tenant.workspace_id, bob) as real:
        await real.ok("POST", "/invitations/accept", json=body)


async def test_it_ends_when_taken_back_replaced_or_a_week_old(api: Api, app: Litestar) -> None:
    async def ended(invitation: Any) -> bool:
        async with client_of(app) as anybody:
            answer = await anybody.post("/auth/invitation", json={"token": token_of(invitation)})
        return answer.status_code == 404 and answer.json()["name"] == "invitation"

    first = await api.ok("POST", "/invitations", json={"email": "bob@example.test"})
    second = await api.ok("POST", "/invitations", json={"email": "bob@example.test", "role": "owner"})
    assert [await ended(each) for each in (first, second)] == [True, False]
    assert [each["id"] for each in (await api.ok("GET", "/invitations"))["data"]] == [second["id"]]
    assert (await api.delete(f"/invitations/{second['id']}")).status_code == 204
    assert await ended(second)
    await api.refused(404, "DELETE", f"/invitations/{second['id']}")
    third = await api.ok("POST", "/invitations", json={"email": "bob@example.test"})
    async with app.state.pool.connection() as conn:
        await conn.execute("update invitations set expires_at = now() where revoked_at is null")
    assert await ended(third)
    assert [each["id"] for each in (await api.ok("GET", "/invitations"))["data"]] == [third["id"]]


async def test_what_somebody_invited_ends_with_their_ownership(api: Api, app: Litestar) -> None:
    bob = await join(app, api.tenant.workspace_id, "bob@example.test", "owner")
    async with signed_in(app, api.tenant.workspace_id, bob) as browser:
        for path, body in [(f"/members/{bob}", {"role": "member"}), (f"/members/{bob}", None)]:
            await browser.ok("POST", "/invitations", json={"email": "backdoor@example.test", "role": "owner"})
            await api.ok("POST", "/invitations", json={"email": "carl@example.test"})
            assert len((await api.ok("GET", "/invitations"))["data"]) == 2
            if body:
                await api.ok("PATCH", path, json=body)
            else:
                await api.delete(path)
            assert [each["email"] for each in (await api.ok("GET", "/invitations"))["data"]] == ["carl@example.test"]
            if body:
                await api.ok("PATCH", path, json={"role": "owner"})


async def test_invitations_of_others_are_not_there(api: Api, stranger: Api) -> None:
    made = await api.ok("POST", "/invitations", json={"email": "bob@example.test"})
    await stranger.refused(404, "DELETE", f"/invitations/{made['id']}")
    assert (await stranger.ok("GET", "/invitations"))["data"] == []
    assert len((await api.ok("GET", "/invitations"))["data"]) == 1


@pytest.mark.parametrize(
    "body",
    [{}, {"email": "bob"}, {"email": "bob@example.test", "role": "king"}, {"email": "a@b.test\r\nBcc: x@y.test"}],
)
async def test_what_cannot_be_is_refused(api: Api, body: Any) -> None:
    await api.refused(422, "POST", "/invitations", json=body)
    assert (await api.ok("GET", "/invitations"))["data"] == []


async def test_only_people_of_the_allowed_domains_are_invited(settings: Settings) -> None:
    app = create_app(msgspec.structs.replace(settings, allowed_domains=("example.test",)))
    async with app.lifespan():
        tenant = await make_tenant(app.state.pool, settings, "ann@example.test")
        async with Api(app, tenant) as api:
            for email in ("bob@other.test", "bob@sub.example.test"):
                said = await api.refused(422, "POST", "/invitations", json={"email": email})
                assert "ALLOWED_DOMAINS" in said["email"]
            await api.ok("POST", "/invitations", json={"email": "bob@example.test"})


async def test_a_provider_sign_in_accepts_on_the_way(api: Api, app: Litestar, settings: Settings) -> None:
    """What the callback does once the provider has spoken: a newcomer gets no workspace of their own besides."""
    made = await api.ok("POST", "/invitations", json={"email": "bob@example.test"})
    bob = Identity("https://id.example.test", "bob-at-the-provider", "bob@example.test", "Bob", None)
    eve = Identity("https://id.example.test", "eve-at-the-provider", "eve@example.test", "Eve", None)

    async def sign_in(who: Identity) -> str:
        return await accounts.sign_in(
            app.state.pool, settings, who, now=datetime.now(UTC), replaces=None, invitation=token_of(made)
        )

    with pytest.raises(InvitationForAnother):
        await sign_in(eve)
    async with Browser(app) as browser:
        browser.cookies.set("paceline_session", await sign_in(bob))
        await browser.read_token()
        assert [each["name"] for each in (await browser.ok("GET", "/workspaces"))["data"]] == ["ann@example.test"]
        assert not (await browser.ok("GET", "/me"))["confined"]
    async with app.state.pool.connection() as conn:
        users = await (await conn.execute("select count(*) as n from users where email like 'eve%'")).fetchone()
    assert users == {"n": 0}
