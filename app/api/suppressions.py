"""/suppressions. Paths and fields that Resend has are the same here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from litestar import Controller, Request, Response, delete, get, post
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, PathParameter, QueryParameter
from litestar.response import Stream

from app.api.given import Caller, Page, Pool
from app.api.lists import provide_page
from app.api.recipients import MAX_BODY, EitherBody, given_list
from app.contract.lists import List
from app.contract.suppressions import (
    AddedSuppressions,
    ImportedSuppressions,
    NewSuppression,
    NewSuppressions,
    Origin,
    RemovedSuppression,
    RemovedSuppressions,
    Suppression,
    SuppressionReason,
    SuppressionsToRemove,
)
from app.domain.suppressions import ORIGINS, Reason
from app.services import suppressions
from app.services.suppressions import Wanted

IdOrEmail = Annotated[str, PathParameter(description="Its id, or the address.")]


async def provide_wanted(
    reason: Annotated[SuppressionReason | None, QueryParameter(description="Only those for this reason.")] = None,
    origin: Annotated[Origin | None, QueryParameter(description="The same in Resend's words.")] = None,
    q: Annotated[
        str | None, QueryParameter(description="The start of an address, or with an @ in front that of a domain.")
    ] = None,
) -> Wanted:
    if reason is None and origin is None:
        return Wanted(q=q)
    fitting = tuple(each for each in Reason if reason in (None, each) and origin in (None, ORIGINS[each]))
    return Wanted(reasons=fitting, q=q)


WantedSuppressions = NamedDependency[Wanted]


class Suppressions(Controller):
    path = "/suppressions"
    tags = ["Suppressions"]  # noqa: RUF012  # Litestar's way

    @get(
        operation_id="listSuppressions",
        summary="List suppressions",
        dependencies={"page": Provide(provide_page), "wanted": Provide(provide_wanted)},
    )
    async def list_suppressions(
        self, caller: Caller, pool: Pool, page: Page, wanted: WantedSuppressions
    ) -> List[Suppression]:
        """Newest first."""
        return await suppressions.list_suppressions(pool, workspace_id=caller.workspace_id, wanted=wanted, page=page)

    @post(operation_id="addSuppression", summary="Suppress an address")
    async def add_suppression(self, caller: Caller, pool: Pool, data: JSONBody[NewSuppression]) -> Suppression:
        """From now on nothing of this workspace is sent to it, also what waits already. One that is suppressed already
        stays as it is and is returned."""
        return await suppressions.add(pool, workspace_id=caller.workspace_id, wanted=data)

    @post("/batch/add", operation_id="addSuppressions", summary="Suppress up to 1,000 addresses")
    async def add_suppressions(self, caller: Caller, pool: Pool, data: JSONBody[NewSuppressions]) -> AddedSuppressions:
        """All of them or, where one is no address, none."""
        return await suppressions.add_many(pool, workspace_id=caller.workspace_id, wanted=data)

    @post("/batch/remove", operation_id="removeSuppressions", summary="Remove up to 1,000", status_code=200)
    async def remove_suppressions(
        self, caller: Caller, pool: Pool, data: JSONBody[SuppressionsToRemove]
    ) -> RemovedSuppressions:
        """By `ids` or by `emails`; what is not there is left out of the answer."""
        return await suppressions.remove_many(pool, workspace_id=caller.workspace_id, wanted=data)

    @post(
        "/import",
        operation_id="importSuppressions",
        operation_class=EitherBody,
        request_max_body_size=MAX_BODY,
        status_code=200,
        summary="Suppress the addresses of a list",
        responses={202: ResponseSpec(ImportedSuppressions, description="A long list: a worker reads it now.")},
    )
    async def import_suppressions(
        self, caller: Caller, pool: Pool, request: Request[Any, Any, Any]
    ) -> Response[ImportedSuppressions]:
        """CSV, TSV or text, as a form with the field `file` or as JSON `{"text"}`, up to 256 MB, read like a list of
        recipients. A column `reason` may say `hard_bounce`, `complaint` or `unsubscribed`; else it is `manual`.

        A list of more than 10,000 rows is answered with 202 at once and read by a worker: `GET /imports/{id}` says how
        far it is. Nothing of a list that cannot be read to its end is suppressed."""
        given = await given_list(request)
        found = await suppressions.import_list(
            pool,
            workspace_id=caller.workspace_id,
            file=given.file,
            size=given.size,
            filename=given.filename,
            columns=given.columns,
        )
        return Response(found, status_code=200 if found.state == "done" else 202)

    @get(
        "/export.csv",
        operation_id="exportSuppressions",
        summary="Export as CSV",
        media_type="text/csv",
        dependencies={"wanted": Provide(provide_wanted)},
    )
    async def export_suppressions(self, caller: Caller, pool: Pool, wanted: WantedSuppressions) -> Stream:
        """All that the filters let through, newest first. No cell is taken for a formula: where one could be, an
        apostrophe stands before it, which an import takes away."""
        lines: AsyncIterator[str] = suppressions.export(pool, workspace_id=caller.workspace_id, wanted=wanted)
        headers = {"content-disposition": 'attachment; filename="suppressions.csv"'}
        return Stream(lines, media_type="text/csv; charset=utf-8", headers=headers)

    @get("/{id_or_email:str}", operation_id="getSuppression", summary="Get a suppression")
    async def get_suppression(self, caller: Caller, pool: Pool, id_or_email: IdOrEmail) -> Suppression:
        return await suppressions.get(pool, workspace_id=caller.workspace_id, id_or_email=id_or_email)

    @delete("/{id_or_email:str}", operation_id="removeSuppression", summary="Remove a suppression", status_code=200)
    async def remove_suppression(self, caller: Caller, pool: Pool, id_or_email: IdOrEmail) -> RemovedSuppression:
        """Later mail goes through again. What was held back stays `suppressed`."""
        return await suppressions.remove(pool, workspace_id=caller.workspace_id, id_or_email=id_or_email)
