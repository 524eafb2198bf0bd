"""/workspaces: those of the person who signed in. /workspace is the one that they are in."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post
from litestar.params import JSONBody, PathParameter

from app.api.access import PERSONAL
from app.api.given import Caller, Pool, Settings
from app.contract.lists import List
from app.contract.people import NewWorkspace, WorkspaceItem
from app.services import members, memberships


class Workspaces(Controller):
    tags = ["Account"]  # noqa: RUF012  # Litestar's way
    opt = PERSONAL

    @get("/workspaces", operation_id="listWorkspaces", summary="List your workspaces")
    async def list_workspaces(self, caller: Caller, pool: Pool) -> List[WorkspaceItem]:
        """All that you belong to, by name."""
        return await memberships.list_workspaces(pool, asks=caller.person)

    @post("/workspaces", operation_id="createWorkspace", summary="Create a workspace")
    async def create_workspace(
        self, caller: Caller, pool: Pool, settings: Settings, data: JSONBody[NewWorkspace]
    ) -> WorkspaceItem:
        """You are its owner, and this session goes there."""
        return await memberships.create(pool, settings, asks=caller.person, wanted=data)

    @post(
        "/workspaces/{workspace_id:uuid}/enter",
        operation_id="enterWorkspace",
        summary="Go to another workspace",
        status_code=200,
    )
    async def enter_workspace(
        self, caller: Caller, pool: Pool, workspace_id: Annotated[UUID, PathParameter(description="Its id.")]
    ) -> WorkspaceItem:
        """This session works there from now on, under a new CSRF token: read `GET /me` again."""
        return await memberships.enter(pool, asks=caller.person, workspace_id=workspace_id)

    @post("/workspace/leave", operation_id="leaveWorkspace", summary="Leave the workspace", status_code=204)
    async def leave_workspace(self, caller: Caller, pool: Pool) -> None:
        """Keys that you made here are revoked. The last owner cannot leave."""
        await members.leave(pool, asks=caller.person)
