"""/recipients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import msgspec
from litestar import Request, post
from litestar.datastructures import UploadFile
from litestar.exceptions import ClientException, SerializationException
from litestar.openapi.spec import (
    OpenAPIFormat,
    OpenAPIMediaType,
    OpenAPIType,
    Operation,
    Reference,
    RequestBody,
    Schema,
)

from app.api.bodies import JSON, check_kind
from app.api.given import Caller, Pool
from app.contract.recipients import ParsedRecipients, RecipientText
from app.errors import ValidationError
from app.services import recipients

MAX_BODY: Final = recipients.BYTES_LIMIT + 1024 * 1024  # bytes: the parts of a form have heads of their own

_FILE = Schema(
    type=OpenAPIType.OBJECT,
    properties={"file": Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)},
    required=["file"],
)
_TEXT = Reference(ref="#/components/schemas/RecipientText")


@dataclass
class EitherBody(Operation):
    """The one route whose body may be of two kinds."""

    def __post_init__(self) -> None:
        self.request_body = RequestBody(
            required=True,
            content={
                "multipart/form-data": OpenAPIMediaType(schema=_FILE),
                "application/json": OpenAPIMediaType(schema=_TEXT),
            },
        )


@post(
    "/recipients/parse",
    operation_id="parseRecipients",
    operation_class=EitherBody,
    request_max_body_size=MAX_BODY,
    status_code=200,
    summary="Read a list of recipients",
    tags=["Recipients"],
)
async def parse_recipients(caller: Caller, pool: Pool, request: Request[Any, Any, Any]) -> ParsedRecipients:
    """CSV, TSV or text, as a form with the field `file` or as JSON `{"text"}`; up to 10,000 rows and 10 MB.

    Finds encoding, delimiter, header and the column with addresses by itself. The other columns are variables for
    templates. A campaign takes the list by its `import_id`.
    """
    data, filename = await given_list(request)
    return await recipients.parse(pool, workspace_id=caller.workspace_id, data=data, filename=filename)


async def given_list(request: Request[Any, Any, Any]) -> tuple[bytes | str, str | None]:
    if request.content_type[0] != "multipart/form-data":
        check_kind(request, JSON)
        try:
            body = await request.json() if await request.body() else {}
        except SerializationException as error:
            raise ClientException("The body is not valid JSON.") from error
        return msgspec.convert(body, RecipientText).text, None
    form = await request.form()
    file = form.get("file")
    if isinstance(file, UploadFile):
        return await file.read(), file.filename or None
    if isinstance(file, str):
        return file, None
    raise ValidationError.at("file", "Send the list in the form's field `file`.")
