"""Workspaces for tests, each with a person and an API key, and a client that speaks to the app without a socket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from app.db.pool import Pool
from app.db.transaction import transaction
from app.services import accounts, api_keys
from app.services.accounts import Identity
from app.settings import Settings
from tests.support.promised import promised_by


@dataclass(frozen=True)
class Tenant:
    workspace_id: UUID
    user_id: UUID
    key: str
    send_key: str  # may only send

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.key}"}


async def make_tenant(pool: Pool, settings: Settings, email: str) -> Tenant:
    """A workspace of its own, owned by a new person."""
    async with transaction(pool) as tx:
        identity = Identity("https://id.example.test", email, email, email.partition("@")[0].title(), None)
        user_id = await accounts.add_user(tx, identity)
        workspace_id = await accounts.add_workspace(tx, settings, name=email, owner=user_id)
        keys = [
            await api_keys.add(tx, workspace_id=workspace_id, created_by=user_id, name=scope, scope=scope)
            for scope in ("full", "send")
        ]
    return Tenant(workspace_id, user_id, keys[0].token, keys[1].token)


class Api(httpx.AsyncClient):
    """Calls the app in this process, as one tenant. Every answer must be one that the OpenAPI document promises."""

    def __init__(self, app: Any, tenant: Tenant) -> None:
        self._app = app
        super().__init__(
            transport=httpx.ASGITransport(app), base_url="http://paceline.test/v1", headers=tenant.headers, timeout=30
        )
        self.tenant = tenant

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        answer = await super().send(request, **options)
        if not options.get("stream"):
            promised_by(self._app).hold(answer)
        return answer

    async def ok(self, method: str, path: str, **request: Any) -> Any:
        """The JSON of an answer that must be a success."""
        answer = await self.request(method, path, **request)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def refused(self, status: int, method: str, path: str, **request: Any) -> dict[str, str]:
        """The problems of an answer that must be a refusal with this status, by path; under "" the message."""
        answer = await self.request(method, path, **request)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        body = answer.json()
        return {"": body["message"], **{problem["path"]: problem["message"] for problem in body["errors"]}}
