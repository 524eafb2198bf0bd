"""/invitations."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Controller, delete, get, post
from litestar.di import Provide
from litestar.params import JSONBody, PathParameter

from app.api.access import MANAGING, PERSONAL
from app.api.given import Caller, Now, Page, Pool, Settings
from app.api.lists import provide_page
from app.contract.lists import List
from app.contract.people import AcceptInvitation, Invitation, NewInvitation, NewInvitationShown, WorkspaceItem
from app.services import invitations


class Invitations(Controller):
    path = "/invitations"
    tags = ["Team"]  # noqa: RUF012  # Litestar's way

    @get(operation_id="listInvitations", summary="List invitations", dependencies={"page": Provide(provide_page)})
    async def list_invitations(self, caller: Caller, pool: Pool, page: Page) -> List[Invitation]:
        """Those that nobody has used or taken back, newest first; what has expired is among them."""
        return await invitations.list_invitations(pool, workspace_id=caller.workspace_id, page=page)

    @post(operation_id="createInvitation", summary="Invite somebody", opt=MANAGING)
    async def create_invitation(
        self, caller: Caller, pool: Pool, settings: Settings, now: Now, data: JSONBody[NewInvitation]
    ) -> NewInvitationShown:
        """Owners only. The answer is the only place where the link is shown: for this address, once, within 7 days.

        It is mailed too if the workspace has a default sender that works. It replaces an open one for the address.
        """
        return await invitations.create(
            pool, settings, workspace_id=caller.workspace_id, invited_by=caller.user_id, wanted=data, now=now
        )

    @delete("/{invitation_id:uuid}", operation_id="revokeInvitation", summary="Take an invitation back", opt=MANAGING)
    async def revoke_invitation(
        self, caller: Caller, pool: Pool, invitation_id: Annotated[UUID, PathParameter(description="Its id.")]
    ) -> None:
        """Owners only. Its link is refused from now on."""
        await invitations.revoke(pool, workspace_id=caller.workspace_id, id=invitation_id)

    @post("/accept", operation_id="acceptInvitation", summary="Accept an invitation", opt=PERSONAL, status_code=200)
    async def accept_invitation(self, caller: Caller, pool: Pool, data: JSONBody[AcceptInvitation]) -> WorkspaceItem:
        """For whoever is signed in with the address that was invited. This session goes to the workspace."""
        return await invitations.accept(pool, asks=caller.person, token=data.token)
