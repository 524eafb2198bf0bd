"""Files that go along with a message, as the API takes and shows them."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from app.contract.base import Output

Byte = Annotated[int, Meta(ge=0, le=255)]


class NewAttachment(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A file in the request itself: nothing is fetched from elsewhere."""

    filename: Annotated[
        str | None, Meta(description="Without folders. Absent: `attachment-1` and so on, ending by the content type.")
    ] = None
    content: Annotated[
        str | list[Byte] | None, Meta(description="The file in base64, or as a list of its bytes; 25 MB a message.")
    ] = None
    content_type: Annotated[str | None, Meta(description="Absent: what the name's ending says.")] = None
    content_id: Annotated[
        str | None, Meta(description="What the HTML shows it by, as in `<img src='cid:logo'>`: here `logo`.")
    ] = None
    inline_content_id: Annotated[str | None, Meta(description="The same as `content_id`.")] = None
    path: Annotated[str | None, Meta(description="Not here: remote files are not fetched.")] = None


class Attachment(Output):
    """A file of a message that is there."""

    id: UUID
    filename: str
    content_type: str
    content_id: str | None
    content_disposition: Literal["inline", "attachment"]
    size: int  # bytes
    download_url: str  # for those who may see the message: with the key, or signed in


class AttachmentDetail(Attachment):
    object: Literal["attachment"]
