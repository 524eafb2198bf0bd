"""GET /me."""

from __future__ import annotations

from litestar import get

from app.api.given import Caller, Pool, Settings
from app.contract.accounts import Me
from app.services import accounts


@get("/me", operation_id="getMe", summary="Who is calling", tags=["Account"])
async def get_me(caller: Caller, pool: Pool, settings: Settings) -> Me:
    """The person and workspace behind a session or key, and the token that a browser must send back."""
    return await accounts.me(
        pool,
        settings,
        workspace_id=caller.workspace_id,
        user_id=caller.user_id,
        role=caller.role,
        csrf_token=caller.csrf_token,
    )
