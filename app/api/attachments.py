"""/emails/{id}/attachments."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import quote
from uuid import UUID

from litestar import Controller, get
from litestar.params import PathParameter
from litestar.response import Stream

from app.api.given import Caller, Pool, Settings
from app.contract.attachments import Attachment, AttachmentDetail
from app.contract.lists import List
from app.services import attachments

EmailId = Annotated[UUID, PathParameter(description="The message's id.")]
AttachmentId = Annotated[UUID, PathParameter(description="The attachment's id.")]

# Whatever a file says it is, a browser saves it: it neither shows nor runs it.
SAFE: Final = {"content-security-policy": "default-src 'none'; sandbox", "x-content-type-options": "nosniff"}


class Attachments(Controller):
    path = "/emails/{email_id:uuid}/attachments"
    tags = ["Emails"]  # noqa: RUF012  # Litestar's way

    @get(operation_id="listAttachments", summary="List a message's attachments")
    async def list_attachments(
        self, caller: Caller, pool: Pool, settings: Settings, email_id: EmailId
    ) -> List[Attachment]:
        """In their order, all on one page."""
        return await attachments.list_attachments(
            pool, workspace_id=caller.workspace_id, email_id=email_id, base_url=settings.base_url
        )

    @get("/{attachment_id:uuid}", operation_id="getAttachment", summary="Get an attachment")
    async def get_attachment(
        self, caller: Caller, pool: Pool, settings: Settings, email_id: EmailId, attachment_id: AttachmentId
    ) -> AttachmentDetail:
        """What is known of it; `download_url` has the file."""
        return await attachments.get(
            pool, workspace_id=caller.workspace_id, email_id=email_id, id=attachment_id, base_url=settings.base_url
        )

    @get(
        "/{attachment_id:uuid}/content",
        operation_id="downloadAttachment",
        summary="Download an attachment",
        media_type="application/octet-stream",
    )
    async def download_attachment(
        self, caller: Caller, pool: Pool, email_id: EmailId, attachment_id: AttachmentId
    ) -> Stream:
        """The file as it was given."""
        found = await attachments.download(pool, workspace_id=caller.workspace_id, email_id=email_id, id=attachment_id)
        headers = {"content-disposition": disposition(found.filename), "content-length": str(found.size)}
        return Stream(found.pieces, headers=headers | SAFE, media_type="application/octet-stream")


def disposition(filename: str) -> str:
    """As RFC 6266, 5 has it: the name in UTF-8, and in ASCII for whoever does not read that."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%' else "_" for c in filename)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
