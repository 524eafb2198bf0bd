"""/members: the people of a workspace."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Controller, delete, get, patch
from litestar.di import Provide
from litestar.params import JSONBody, PathParameter

from app.api.access import MANAGING
from app.api.given import Caller, Page, Pool
from app.api.lists import provide_page
from app.contract.lists import List
from app.contract.people import Member, MemberChange
from app.services import members

MemberId = Annotated[UUID, PathParameter(description="The person's id.")]


class Members(Controller):
    path = "/members"
    tags = ["Team"]  # noqa: RUF012  # Litestar's way

    @get(operation_id="listMembers", summary="List members", dependencies={"page": Provide(provide_page)})
    async def list_members(self, caller: Caller, pool: Pool, page: Page) -> List[Member]:
        """Who belongs to the workspace, the newest account first."""
        return await members.list_members(pool, workspace_id=caller.workspace_id, page=page)

    @patch("/{member_id:uuid}", operation_id="changeMember", summary="Change a role", opt=MANAGING)
    async def change_member(
        self, caller: Caller, pool: Pool, member_id: MemberId, data: JSONBody[MemberChange]
    ) -> Member:
        """Owners only. Holds from the next request on, for keys that the person made too. One owner stays."""
        return await members.change(pool, workspace_id=caller.workspace_id, user_id=member_id, wanted=data)

    @delete("/{member_id:uuid}", operation_id="removeMember", summary="Remove a member", opt=MANAGING)
    async def remove_member(self, caller: Caller, pool: Pool, member_id: MemberId) -> None:
        """Owners only. Ends the person's sessions here and revokes the keys that they made. Their mail stays."""
        await members.remove(pool, workspace_id=caller.workspace_id, user_id=member_id)
