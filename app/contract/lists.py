"""Lists: newest first, paged by id (keyset), in Resend's shape."""

from __future__ import annotations

from typing import Generic, Literal, TypeVar
from uuid import UUID

import msgspec

from app.contract.base import Output
from app.errors import ValidationError

T = TypeVar("T")


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of a list is wanted: `limit` rows beside one that is known.

    `after` goes on to older rows, `before` back to newer ones; both are ids of that list, and at most one is given.
    """

    limit: int = 20
    after: UUID | None = None
    before: UUID | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= 100:
            raise ValidationError.at("limit", "The limit is a number from 1 to 100.")
        if self.after is not None and self.before is not None:
            raise ValidationError.at("before", "Give either after or before, not both.")


class List(Output, Generic[T]):
    object: Literal["list"]
    has_more: bool  # in the direction that was asked for
    data: list[T]


def page_of(found: list[T], page: Page) -> List[T]:
    """Makes the answer of up to `limit` + 1 rows as the query walked them: newest first, oldest first for `before`."""
    data = found[: page.limit]
    if page.before is not None:
        data.reverse()
    return List(object="list", has_more=len(found) > page.limit, data=data)
