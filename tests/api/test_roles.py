"""Who may do what: every route of the API document, as owner, member and viewer, and with an API key of each."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from litestar import Litestar

from app.api.docs import document
from app.contract.accounts import NewApiKey
from app.domain.roles import RIGHTS, Right, Role, may
from app.services import api_keys
from tests.support.asgi import client_of
from tests.support.people import join, signed_in
from tests.support.tenants import Api

METHODS = ("get", "post", "patch", "put", "delete")
OWNERS_MANAGE = {"API keys", "Webhooks", "Team"}  # tags: everything unsafe there is for owners
FOR_OWNERS = {"changeWorkspace"}
LOOKS = {  # unsafe methods that change nothing
    "previewTemplate",
    "previewWords",
    "publishTemplate",
    "previewCampaign",
    "previewCampaignWords",
    "findMissingVariables",
    "checkSenderDns",
}
PERSONAL = {
    "listSessions",
    "endSession",
    "listWorkspaces",
    "createWorkspace",
    "enterWorkspace",
    "leaveWorkspace",
    "acceptInvitation",
}
ROLES: tuple[Role, ...] = ("owner", "member", "viewer")


def operations(app: Litestar) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, item[method])
        for path, item in document(app)["paths"].items()
        for method in METHODS
        if method in item
    ]


def wanted(method: str, operation: dict[str, Any]) -> Right:
    if method == "GET" or operation["operationId"] in PERSONAL | LOOKS:
        return "read"
    if operation["operationId"] in FOR_OWNERS or OWNERS_MANAGE & set(operation["tags"]):
        return "manage"
    return "change"


def refusal(answer: httpx.Response) -> str | None:
    """The name of a refusal by role; None where the caller got past the guard, whatever came then."""
    name = answer.json().get("name") if answer.status_code == 403 else None
    return name if name in ("viewer_only", "owner_only", "session_only") else None


async def ask(client: httpx.AsyncClient, method: str, path: str) -> httpx.Response:
    """With ids that nobody has and no body: who gets past the guard is told of that, and nothing is changed."""
    filled = re.sub(r"\{[^}]+\}", str(uuid4()), path)
    return await client.request(method, f"http://paceline.test{filled}")


def test_each_role_may_what_the_one_below_may() -> None:
    assert RIGHTS["viewer"] < RIGHTS["member"] < RIGHTS["owner"] == {"read", "change", "manage"}


@pytest.mark.parametrize("role", ROLES)
async def test_every_route_asks_for_its_right(api: Api, app: Litestar, role: Role) -> None:
    user_id = await join(app, api.tenant.workspace_id, f"{role}@example.test", role)
    async with signed_in(app, api.tenant.workspace_id, user_id) as browser:
        for method, path, operation in operations(app):
            name = operation["operationId"]
            if name in ("leaveWorkspace", "streamEvents"):
                continue  # the first would do it, the second does not end
            right = wanted(method, operation)
            expected = None if may(role, right) else "owner_only" if right == "manage" else "viewer_only"
            answer = await ask(browser, method, path)
            assert refusal(answer) == expected, f"{name} as {role}: {answer.status_code} {answer.text}"
            assert answer.status_code < 500, name


@pytest.mark.parametrize("role", ROLES)
async def test_a_key_may_no_more_than_who_made_it(api: Api, app: Litestar, role: Role) -> None:
    user_id = await join(app, api.tenant.workspace_id, f"{role}@example.test", role)
    made = await api_keys.create(
        app.state.pool,
        workspace_id=api.tenant.workspace_id,
        created_by=user_id,
        wanted=NewApiKey(name="theirs"),
        now=datetime.now(UTC),
    )
    async with client_of(app) as client:
        client.headers["authorization"] = f"Bearer {made.token}"
        for method, path, operation in operations(app):
            name = operation["operationId"]
            if name == "streamEvents":
                continue
            right = wanted(method, operation)
            expected = None if may(role, right) else "owner_only" if right == "manage" else "viewer_only"
            answer = await ask(client, method, path)
            assert refusal(answer) == ("session_only" if name in PERSONAL else expected), f"{name} as {role}"


async def test_a_page_of_another_site_cannot_use_a_session(api: Api, app: Litestar) -> None:
    async with signed_in(app, api.tenant.workspace_id, api.tenant.user_id) as browser:
        del browser.headers["x-csrf-token"]
        for method, path, operation in operations(app):
            if method == "GET":
                continue
            answer = await ask(browser, method, path)
            assert answer.json()["name"] == "invalid_csrf_token", operation["operationId"]
