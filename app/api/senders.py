"""/senders."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Controller, delete, get, patch, post
from litestar.di import Provide
from litestar.params import JSONBody, PathParameter

from app.api.given import Caller, Now, Page, Pool, Settings
from app.api.lists import provide_page
from app.contract.lists import List
from app.contract.senders import DeletedSender, NewSender, Sender, SenderChange, Usage, Verification
from app.services import senders, verification

SenderId = Annotated[UUID, PathParameter(description="Its id.")]


class Senders(Controller):
    path = "/senders"
    tags = ["Senders"]  # noqa: RUF012  # Litestar's way

    @get(operation_id="listSenders", summary="List senders", dependencies={"page": Provide(provide_page)})
    async def list_senders(self, caller: Caller, pool: Pool, page: Page) -> List[Sender]:
        """Newest first."""
        return await senders.list_senders(pool, workspace_id=caller.workspace_id, page=page)

    @post(operation_id="createSender", summary="Add a sender")
    async def create_sender(
        self, caller: Caller, pool: Pool, settings: Settings, now: Now, data: JSONBody[NewSender]
    ) -> Sender:
        """The first one of a workspace is its default. Its password is kept encrypted and never shown."""
        return await senders.create(
            pool, settings, workspace_id=caller.workspace_id, wanted=data, now=now, by=caller.user_id
        )

    @get("/{sender_id:uuid}", operation_id="getSender", summary="Get a sender")
    async def get_sender(self, caller: Caller, pool: Pool, sender_id: SenderId) -> Sender:
        return await senders.get(pool, workspace_id=caller.workspace_id, id=sender_id)

    @patch("/{sender_id:uuid}", operation_id="changeSender", summary="Change a sender")
    async def change_sender(
        self,
        caller: Caller,
        pool: Pool,
        settings: Settings,
        now: Now,
        sender_id: SenderId,
        data: JSONBody[SenderChange],
    ) -> Sender:
        """Takes effect within a second, for waiting messages too. Another host, port or username is another mailbox."""
        return await senders.change(
            pool, settings, workspace_id=caller.workspace_id, id=sender_id, wanted=data, now=now, by=caller.user_id
        )

    @delete("/{sender_id:uuid}", operation_id="deleteSender", summary="Delete a sender", status_code=200)
    async def delete_sender(self, caller: Caller, pool: Pool, now: Now, sender_id: SenderId) -> DeletedSender:
        """Refused while messages wait for it. What it sent stays."""
        await senders.delete(pool, workspace_id=caller.workspace_id, id=sender_id, now=now)
        return DeletedSender(object="sender", id=sender_id, deleted=True)

    @post("/verify", operation_id="verifyNewSender", summary="Try settings before saving them", status_code=200)
    async def verify_new_sender(
        self, caller: Caller, pool: Pool, settings: Settings, data: JSONBody[NewSender]
    ) -> Verification:
        """Connects and signs in, phase by phase. Sends nothing, saves nothing."""
        return await verification.of_new(pool, settings, workspace_id=caller.workspace_id, wanted=data)

    @post("/{sender_id:uuid}/verify", operation_id="verifySender", summary="Test a sender", status_code=200)
    async def verify_sender(self, caller: Caller, pool: Pool, settings: Settings, sender_id: SenderId) -> Verification:
        """Connects and signs in, phase by phase. Sends nothing. A sign-in makes the mailbox this workspace's."""
        return await verification.of_saved(pool, settings, workspace_id=caller.workspace_id, id=sender_id)

    @get("/{sender_id:uuid}/usage", operation_id="getSenderUsage", summary="How much of its limits is used")
    async def get_sender_usage(self, caller: Caller, pool: Pool, settings: Settings, sender_id: SenderId) -> Usage:
        """Counted as the gate counts: in the window that ends now, for the whole mailbox."""
        return await senders.usage(pool, settings, workspace_id=caller.workspace_id, id=sender_id)

    @post("/{sender_id:uuid}/pause", operation_id="pauseSender", summary="Pause a sender", status_code=200)
    async def pause_sender(self, caller: Caller, pool: Pool, now: Now, sender_id: SenderId) -> Sender:
        """Once this answers nothing more leaves by it. Its messages wait."""
        return await senders.pause(pool, workspace_id=caller.workspace_id, id=sender_id, now=now)

    @post("/{sender_id:uuid}/resume", operation_id="resumeSender", summary="Resume a sender", status_code=200)
    async def resume_sender(self, caller: Caller, pool: Pool, now: Now, sender_id: SenderId) -> Sender:
        """Its messages go on at once, also after trouble with its server."""
        return await senders.resume(pool, workspace_id=caller.workspace_id, id=sender_id, now=now)
