"""People and their workspaces."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from app.contract.accounts import Me, User, Workspace
from app.db.pool import Pool
from app.db.queries import queries
from app.settings import Settings


async def me(
    pool: Pool,
    settings: Settings,
    *,
    workspace_id: UUID,
    user_id: UUID | None,
    role: Literal["owner", "member", "viewer"],
    csrf_token: str | None,
) -> Me:
    async with pool.connection() as conn:
        workspace = await queries.workspaces.get(conn, workspace_id=workspace_id)
        user = await queries.users.get(conn, workspace_id=workspace_id, id=user_id)
    return Me(
        user=None if user is None else User(**user),
        workspace=Workspace(**workspace),
        role=role,
        csrf_token=csrf_token,
        inbox_url=settings.inbox_url,
        rate_window_seconds=settings.rate_window_seconds,
    )
