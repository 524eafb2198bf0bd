"""The people of a workspace: roles, removal, leaving, and that an owner always stays."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from uuid import uuid4

from litestar import Litestar

from tests.support.people import join, signed_in
from tests.support.tenants import Api


async def test_members_are_listed_with_their_role_and_keys(api: Api, app: Litestar) -> None:
    await join(app, api.tenant.workspace_id, "bob@example.test", "viewer")
    listed = (await api.ok("GET", "/members"))["data"]
    assert [(each["email"], each["name"], each["role"], each["api_keys"]) for each in listed] == [
        ("bob@example.test", "Bob", "viewer", 0),
        ("ann@example.test", "Ann", "owner", 2),
    ]
    first = await api.ok("GET", "/members?limit=1")
    assert first["has_more"]
    second = await api.ok("GET", f"/members?limit=1&after={first['data'][0]['id']}")
    assert [each["email"] for each in second["data"]] == ["ann@example.test"]


async def test_a_role_holds_from_the_next_request(api: Api, app: Litestar) -> None:
    bob = await join(app, api.tenant.workspace_id, "bob@example.test", "viewer")
    async with signed_in(app, api.tenant.workspace_id, bob) as browser:
        await browser.refused(403, "viewer_only", "POST", "/emails", json={})
        changed = await api.ok("PATCH", f"/members/{bob}", json={"role": "member"})
        assert (changed["email"], changed["role"]) == ("bob@example.test", "member")
        await browser.refused(422, "validation_error", "POST", "/emails", json={})
        await browser.refused(403, "owner_only", "PATCH", f"/members/{bob}", json={"role": "owner"})
    for body in [{}, {"role": "admin"}, {"role": None}, {"role": "owner", "email": "x@y.test"}]:
        await api.refused(422, "PATCH", f"/members/{bob}", json=body)


async def test_who_is_removed_is_signed_out_and_their_keys_end(api: Api, app: Litestar) -> None:
    bob = await join(app, api.tenant.workspace_id, "bob@example.test", "owner")
    async with signed_in(app, api.tenant.workspace_id, bob) as browser:
        key = (await browser.ok("POST", "/api-keys", json={"name": "Bob's"}))["token"]
        headers = {"authorization": f"Bearer {key}"}
        assert (await api.get("/me", headers=headers)).status_code == 200

        assert (await api.delete(f"/members/{bob}")).status_code == 204
        await browser.refused(401, "missing_api_key", "GET", "/me")
        answer = await api.get("/me", headers=headers)
        assert (answer.status_code, answer.json()["name"]) == (403, "invalid_api_key")
    assert [each["name"] for each in (await api.ok("GET", "/api-keys"))["data"]] == ["send", "full"]
    await api.refused(404, "DELETE", f"/members/{bob}")

    # Who comes back finds their keys gone for good.
    await join(app, api.tenant.workspace_id, "bob@example.test", "owner")
    assert (await api.get("/me", headers=headers)).status_code == 403


async def test_removal_leaves_other_workspaces_alone(api: Api, stranger: Api, app: Litestar) -> None:
    bob = await join(app, api.tenant.workspace_id, "bob@example.test", "member")
    await join(app, stranger.tenant.workspace_id, "bob@example.test", "member")
    async with signed_in(app, stranger.tenant.workspace_id, bob) as browser:
        assert (await api.delete(f"/members/{bob}")).status_code == 204
        assert (await browser.ok("GET", "/me"))["workspace"]["name"] == "zoe@example.test"


async def test_the_last_owner_stays(api: Api, app: Litestar) -> None:
    ann = api.tenant.user_id
    bob = await join(app, api.tenant.workspace_id, "bob@example.test", "member")
    async with signed_in(app, api.tenant.workspace_id, ann) as browser:
        for method, path, body in [
            ("PATCH", f"/members/{ann}", {"role": "member"}),
            ("DELETE", f"/members/{ann}", None),
            ("POST", "/workspace/leave", None),
        ]:
            await browser.refused(409, "last_owner", method, path, json=body)
        assert (await browser.ok("PATCH", f"/members/{ann}", json={"role": "owner"}))["role"] == "owner"
        await browser.ok("PATCH", f"/members/{bob}", json={"role": "owner"})
        await browser.ok("PATCH", f"/members/{ann}", json={"role": "member"})


async def test_two_owners_cannot_both_go_at_once(api: Api, app: Litestar) -> None:
    for turn in range(5):
        bob = await join(app, api.tenant.workspace_id, f"bob{turn}@example.test", "owner")
        people = [api.tenant.user_id, bob]
        async with AsyncExitStack() as open_until_then:
            browsers = [
                await open_until_then.enter_async_context(signed_in(app, api.tenant.workspace_id, each))
                for each in people
            ]
            answers = await asyncio.gather(*[each.post("/workspace/leave") for each in browsers])
        assert sorted(answer.status_code for answer in answers) == [204, 409]
        async with app.state.pool.connection() as conn:
            await conn.execute("delete from members")
        await join(app, api.tenant.workspace_id, "ann@example.test", "owner")


async def test_leaving_leads_to_another_workspace_where_there_is_one(api: Api, stranger: Api, app: Litestar) -> None:
    bob = await join(app, api.tenant.workspace_id, "bob@example.test", "member")
    await join(app, stranger.tenant.workspace_id, "bob@example.test", "viewer")
    async with signed_in(app, api.tenant.workspace_id, bob) as browser:
        await browser.ok("POST", "/workspace/leave")
        await browser.read_token()
        assert (await browser.ok("GET", "/me"))["workspace"]["name"] == "zoe@example.test"
        await browser.ok("POST", "/workspace/leave")
        await browser.refused(401, "missing_api_key", "GET", "/me")


async def test_people_of_others_are_not_there(api: Api, stranger: Api) -> None:
    zoe = stranger.tenant.user_id
    for id in (zoe, uuid4()):
        await api.refused(404, "PATCH", f"/members/{id}", json={"role": "viewer"})
        await api.refused(404, "DELETE", f"/members/{id}")
    assert [each["role"] for each in (await stranger.ok("GET", "/members"))["data"]] == ["owner"]
