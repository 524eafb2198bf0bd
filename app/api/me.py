"""/me: who is calling, and where that person is signed in."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Controller, delete, get
from litestar.di import Provide
from litestar.params import PathParameter

from app.api.access import PERSONAL
from app.api.given import Caller, Page, Pool, Settings
from app.api.lists import provide_page
from app.contract.accounts import Me
from app.contract.lists import List
from app.contract.people import SessionItem
from app.services import accounts, sessions


class MeRoutes(Controller):
    path = "/me"
    tags = ["Account"]  # noqa: RUF012  # Litestar's way

    @get(operation_id="getMe", summary="Who is calling")
    async def get_me(self, caller: Caller, pool: Pool, settings: Settings) -> Me:
        """The person and workspace behind a session or key, and the token that a browser must send back."""
        return await accounts.me(
            pool,
            settings,
            workspace_id=caller.workspace_id,
            user_id=caller.user_id,
            role=caller.role,
            csrf_token=caller.csrf_token,
            confined=caller.session is not None and caller.session.confined,
        )

    @get(
        "/sessions",
        operation_id="listSessions",
        summary="Where you are signed in",
        opt=PERSONAL,
        dependencies={"page": Provide(provide_page)},
    )
    async def list_sessions(self, caller: Caller, pool: Pool, page: Page) -> List[SessionItem]:
        """Your sessions, newest first, for a browser that signed in. `POST /auth/logout?everywhere=true` ends all."""
        return await sessions.list_sessions(pool, asks=caller.person, page=page)

    @delete("/sessions/{session_id:uuid}", operation_id="endSession", summary="Sign a device out", opt=PERSONAL)
    async def end_session(
        self, caller: Caller, pool: Pool, session_id: Annotated[UUID, PathParameter(description="Its id.")]
    ) -> None:
        """Its next request is refused."""
        await sessions.end_one(pool, asks=caller.person, id=session_id)
