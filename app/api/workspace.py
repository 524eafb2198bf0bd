"""/workspace."""

from __future__ import annotations

from litestar import Controller, get, patch
from litestar.params import JSONBody

from app.api.access import MANAGING
from app.api.given import Caller, Now, Pool, Settings
from app.contract.workspaces import WorkspaceChange, WorkspaceSettings
from app.services import workspaces


class Workspace(Controller):
    path = "/workspace"
    tags = ["Account"]  # noqa: RUF012  # Litestar's way

    @get(operation_id="getWorkspace", summary="Get the workspace")
    async def get_workspace(self, caller: Caller, pool: Pool) -> WorkspaceSettings:
        """What holds for all of its senders and campaigns."""
        return await workspaces.get(pool, workspace_id=caller.workspace_id)

    @patch(operation_id="changeWorkspace", summary="Change the workspace", opt=MANAGING)
    async def change_workspace(
        self, caller: Caller, pool: Pool, settings: Settings, now: Now, data: JSONBody[WorkspaceChange]
    ) -> WorkspaceSettings:
        """Owners only. A new limit holds for every dispatch after the answer."""
        return await workspaces.change(pool, settings, workspace_id=caller.workspace_id, wanted=data, now=now)
