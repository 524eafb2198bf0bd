"""/recipients and /imports: lists that campaigns are made from."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any, BinaryIO, Final, cast
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.exceptions import ClientException, SerializationException
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import (
    OpenAPIFormat,
    OpenAPIMediaType,
    OpenAPIType,
    Operation,
    Reference,
    RequestBody,
    Schema,
)
from litestar.params import PathParameter
from litestar.response import Stream

from app.api.bodies import JSON, check_kind
from app.api.given import Caller, Pool
from app.contract.recipients import ColumnNames, Import, RecipientText
from app.errors import ValidationError
from app.services import import_reports, imports

MAX_BODY: Final = imports.BYTES_LIMIT + 1024 * 1024  # bytes: the parts of a form have heads of their own
ImportId = Annotated[UUID, PathParameter(description="The list's `import_id`.")]

_FILE = Schema(
    type=OpenAPIType.OBJECT,
    properties={
        "file": Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY),
        "columns": Schema(
            type=OpenAPIType.STRING,
            description='What templates call the columns, as JSON: `["email", "first_name", null]`.',
        ),
    },
    required=["file"],
)
_TEXT = Reference(ref="#/components/schemas/RecipientText")


@dataclass
class EitherBody(Operation):
    """The body of a route that takes a list, which may be of two kinds."""

    def __post_init__(self) -> None:
        self.request_body = RequestBody(
            required=True,
            content={
                "multipart/form-data": OpenAPIMediaType(schema=_FILE),
                "application/json": OpenAPIMediaType(schema=_TEXT),
            },
        )


class GivenList(msgspec.Struct):
    """A list as it came in a request."""

    file: BinaryIO
    size: int  # bytes
    filename: str | None
    columns: list[str | None] | None


@post(
    "/recipients/parse",
    operation_id="parseRecipients",
    operation_class=EitherBody,
    request_max_body_size=MAX_BODY,
    status_code=200,
    summary="Read a list of recipients",
    tags=["Recipients"],
    responses={202: ResponseSpec(Import, description="A long list: a worker reads it now.")},
)
async def parse_recipients(caller: Caller, pool: Pool, request: Request[Any, Any, Any]) -> Response[Import]:
    """CSV, TSV or text, as a form with the field `file` or as JSON `{"text"}`; up to 256 MB.

    Finds encoding, delimiter, header and the column with addresses by itself. The other columns are variables for
    templates. A list of more than 10,000 rows is answered with 202 at once and read by a worker: `GET /imports/{id}`
    says how far it is. A campaign takes the list by its `import_id` once it is done.
    """
    given = await given_list(request)
    found = await imports.parse(
        pool,
        workspace_id=caller.workspace_id,
        file=given.file,
        size=given.size,
        filename=given.filename,
        columns=given.columns,
    )
    return Response(found, status_code=200 if found.state == "done" else 202)


class Imports(Controller):
    path = "/imports"
    tags = ["Recipients"]  # noqa: RUF012  # Litestar's way

    @get("/{import_id:uuid}", operation_id="getImport", summary="Get a list of recipients")
    async def get_import(self, caller: Caller, pool: Pool, import_id: ImportId) -> Import:
        """What was found in it, or how far reading it is; also of a list of suppressions."""
        return await imports.get(pool, workspace_id=caller.workspace_id, id=import_id)

    @post("/{import_id:uuid}/cancel", operation_id="cancelImport", summary="Cancel reading a list", status_code=200)
    async def cancel_import(self, caller: Caller, pool: Pool, import_id: ImportId) -> Import:
        """What was read of it is forgotten. A list that is done stays, as does one of suppressions of which the first
        addresses are suppressed."""
        return await imports.cancel(pool, workspace_id=caller.workspace_id, id=import_id)

    @get(
        "/{import_id:uuid}/report.csv",
        operation_id="getImportReport",
        summary="Download what is wrong with a list",
        media_type="text/csv",
    )
    async def get_import_report(self, caller: Caller, pool: Pool, import_id: ImportId) -> Stream:
        """Every row that is invalid, a duplicate, suppressed or the address of a role, with the reason, as CSV."""
        content: AsyncIterator[bytes] = await import_reports.report(
            pool, workspace_id=caller.workspace_id, id=import_id
        )
        return Stream(
            content,
            media_type="text/csv; charset=utf-8",
            headers={"content-disposition": f'attachment; filename="list-report-{import_id}.csv"'},
        )


async def given_list(request: Request[Any, Any, Any]) -> GivenList:
    """Of a form or as JSON. Raises ValidationError."""
    if request.content_type[0] != "multipart/form-data":
        check_kind(request, JSON)
        try:
            body = await request.json() if await request.body() else {}
        except SerializationException as error:
            raise ClientException("The body is not valid JSON.") from error
        pasted = msgspec.convert(body, RecipientText)
        return _of_text(pasted.text, None, pasted.columns)
    form = await request.form()
    columns = _columns(form.get("columns"))
    file = form.get("file")
    if isinstance(file, UploadFile):
        size = file.file.seek(0, io.SEEK_END)
        return GivenList(cast("BinaryIO", file.file), size or file.file.tell(), file.filename or None, columns)
    if isinstance(file, str):
        return _of_text(file, None, columns)
    raise ValidationError.at("file", "Send the list in the form's field `file`.")


def _of_text(text: str, filename: str | None, columns: list[str | None] | None) -> GivenList:
    data = text.encode("utf-8", "surrogatepass")
    return GivenList(io.BytesIO(data), len(data), filename, columns)


def _columns(given: object) -> list[str | None] | None:
    if given is None or given == "":
        return None
    try:
        return msgspec.json.decode(str(given), type=ColumnNames)
    except msgspec.MsgspecError:
        message = 'Give the names of the columns as a JSON list: ["email", "first_name", null].'
        raise ValidationError.at("columns", message) from None
