"""The workspaces of a person: listed, made, gone to; and sessions that a workspace's own mail began stay in it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import msgspec
import pytest
from litestar import Litestar

from app.main import create_app
from app.settings import Settings
from tests.support.people import join, signed_in
from tests.support.tenants import Api


async def test_going_to_another_workspace(api: Api, stranger: Api, app: Litestar) -> None:
    ann = api.tenant.user_id
    await join(app, stranger.tenant.workspace_id, "ann@example.test", "viewer")
    async with signed_in(app, api.tenant.workspace_id, ann) as browser:
        listed = (await browser.ok("GET", "/workspaces"))["data"]
        assert [(each["name"], each["role"], each["current"]) for each in listed] == [
            ("ann@example.test", "owner", True),
            ("zoe@example.test", "viewer", False),
        ]
        entered = await browser.ok("POST", f"/workspaces/{stranger.tenant.workspace_id}/enter")
        assert (entered["name"], entered["role"], entered["current"]) == ("zoe@example.test", "viewer", True)
        # A page that still shows the other workspace has its old token and cannot change anything here.
        await browser.refused(403, "invalid_csrf_token", "POST", f"/workspaces/{api.tenant.workspace_id}/enter")
        await browser.read_token()
        me = await browser.ok("GET", "/me")
        assert (me["workspace"]["name"], me["role"]) == ("zoe@example.test", "viewer")
        await browser.refused(403, "viewer_only", "POST", "/emails", json={})


async def test_workspaces_of_others_are_not_there(api: Api, stranger: Api, app: Litestar) -> None:
    async with signed_in(app, api.tenant.workspace_id, api.tenant.user_id) as browser:
        for id in (stranger.tenant.workspace_id, uuid4()):
            await browser.refused(404, "not_found", "POST", f"/workspaces/{id}/enter")
        assert (await browser.ok("GET", "/me"))["workspace"]["name"] == "ann@example.test"


async def test_a_new_workspace_is_entered_and_empty(api: Api, settings: Settings) -> None:
    limited = create_app(msgspec.structs.replace(settings, workspace_max_emails_per_hour=70))
    async with limited.lifespan(), signed_in(limited, api.tenant.workspace_id, api.tenant.user_id) as browser:
        made = await browser.ok("POST", "/workspaces", json={"name": " Second "})
        assert (made["name"], made["role"], made["current"]) == ("Second", "owner", True)
        await browser.read_token()
        workspace = await browser.ok("GET", "/workspace")
        assert (workspace["id"], workspace["hourly_limit"]) == (made["id"], 70)
        assert (await browser.ok("GET", "/api-keys"))["data"] == []
        assert len((await browser.ok("GET", "/workspaces"))["data"]) == 2


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": " "}, {"name": "a\nb"}, {"name": "a\u202eb"}, {"name": 1}])
async def test_a_workspace_needs_a_name(api: Api, app: Litestar, body: Any) -> None:
    async with signed_in(app, api.tenant.workspace_id, api.tenant.user_id) as browser:
        await browser.refused(422, "validation_error", "POST", "/workspaces", json=body)
        assert len((await browser.ok("GET", "/workspaces"))["data"]) == 1


async def test_nobody_has_workspaces_without_end(api: Api, app: Litestar) -> None:
    async with signed_in(app, api.tenant.workspace_id, api.tenant.user_id) as browser:
        for number in range(49):
            await browser.ok("POST", "/workspaces", json={"name": f"{number}"})
            await browser.read_token()
        await browser.refused(409, "too_many_workspaces", "POST", "/workspaces", json={"name": "One more"})


async def test_a_confined_session_sees_and_reaches_nothing_else(api: Api, stranger: Api, app: Litestar) -> None:
    ann = api.tenant.user_id
    await join(app, stranger.tenant.workspace_id, "ann@example.test", "owner")
    async with (
        signed_in(app, api.tenant.workspace_id, ann) as own,
        signed_in(app, stranger.tenant.workspace_id, ann, confined=True) as browser,
    ):
        assert (await browser.ok("GET", "/me"))["confined"]
        assert not (await own.ok("GET", "/me"))["confined"]
        assert [each["name"] for each in (await browser.ok("GET", "/workspaces"))["data"]] == ["zoe@example.test"]
        await browser.refused(403, "confined_session", "POST", f"/workspaces/{api.tenant.workspace_id}/enter")
        await browser.refused(403, "confined_session", "POST", "/workspaces", json={"name": "x"})
        assert [each["current"] for each in (await browser.ok("GET", "/me/sessions"))["data"]] == [True]
        theirs = next(each for each in (await own.ok("GET", "/me/sessions"))["data"] if each["current"])
        await browser.refused(404, "not_found", "DELETE", f"/me/sessions/{theirs['id']}")
        signed_out = await browser.post("http://paceline.test/auth/logout?everywhere=true")
        assert signed_out.status_code == 204
        await browser.refused(401, "missing_api_key", "GET", "/me")
        await own.ok("GET", "/me")

        # Leaving does not let it out either.
        async with signed_in(app, stranger.tenant.workspace_id, ann, confined=True) as again:
            await again.ok("POST", "/workspace/leave")
            await again.refused(401, "missing_api_key", "GET", "/me")
