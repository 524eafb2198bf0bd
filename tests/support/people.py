"""People who sign in with a browser, for tests of what each of them may do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
from litestar import Litestar

from app.db.queries import queries
from app.db.transaction import transaction
from app.domain.roles import Role
from app.services import accounts, sessions
from app.services.accounts import Identity
from tests.support.promised import promised_by


class Browser(httpx.AsyncClient):
    """Somebody's browser: it keeps the session's cookie and sends its CSRF token with what it changes.

    Every answer must be one that the OpenAPI document promises.
    """

    def __init__(self, app: Any, base_url: str = "http://paceline.test") -> None:
        super().__init__(transport=httpx.ASGITransport(app), base_url=f"{base_url}/v1", timeout=30)
        self._app = app

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        answer = await super().send(request, **options)
        if not options.get("stream"):
            promised_by(self._app).hold(answer)
        return answer

    async def read_token(self) -> None:
        self.headers["x-csrf-token"] = (await self.ok("GET", "/me"))["csrf_token"]

    async def ok(self, method: str, path: str, **request: Any) -> Any:
        """The JSON of an answer that must be a success; None where it has no body."""
        answer = await self.request(method, path, **request)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def refused(self, status: int, name: str, method: str, path: str, **request: Any) -> str:
        """The message of an answer that must be this refusal."""
        answer = await self.request(method, path, **request)
        assert (answer.status_code, answer.json()["name"]) == (status, name), f"{method} {path}: {answer.text}"
        return str(answer.json()["message"])


async def join(app: Litestar, workspace_id: UUID, email: str, role: Role) -> UUID:
    """Makes a person, where there is none with this address, a member of a workspace."""
    async with transaction(app.state.pool) as tx:
        known = await queries.users.by_email(tx, email=email)
        if known is None:
            identity = Identity("https://id.example.test", email, email, email.partition("@")[0].title(), None)
            user_id = await accounts.add_user(tx, identity)
        else:
            user_id = known["id"]
        await queries.members.add(tx, workspace_id=workspace_id, user_id=user_id, role=role)
    return user_id


@asynccontextmanager
async def signed_in(
    app: Litestar, workspace_id: UUID, user_id: UUID, *, confined: bool = False
) -> AsyncIterator[Browser]:
    """A browser with a session of this person's."""
    async with transaction(app.state.pool) as tx:
        token = await sessions.start(
            tx, user_id=user_id, workspace_id=workspace_id, now=datetime.now(UTC), confined=confined
        )
    async with Browser(app) as browser:
        browser.cookies.set("paceline_session", token)
        await browser.read_token()
        yield browser
