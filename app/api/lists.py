"""The query parameters that every list takes, as a Litestar dependency named `page`."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from litestar.params import QueryParameter

from app.contract.lists import Page

LIMIT: Final[dict[str, Any]] = {"minimum": 1, "maximum": 100}  # Page checks it, in words of its own


async def provide_page(
    limit: Annotated[int, QueryParameter(description="How many at most, 1 to 100.", schema_extra=LIMIT)] = 20,
    after: Annotated[UUID | None, QueryParameter(description="Only what is older than this id.")] = None,
    before: Annotated[UUID | None, QueryParameter(description="Only what is newer than this id.")] = None,
) -> Page:
    return Page(limit=limit, after=after, before=before)
