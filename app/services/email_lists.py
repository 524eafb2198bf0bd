"""Lists of messages, a part at a time, in each order that they can have.

What a part costs does not grow with what is stored: see docs/decisions/0014-search.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

import msgspec

from app.contract.lists import Page
from app.db.pool import FOREVER, NEVER, Conn
from app.db.queries import queries, rows
from app.domain.ids import first_id
from app.domain.status import ENDED, WAITING, Status
from app.errors import ValidationError

Sort = Literal["created_at", "scheduled_at", "sent_at"]

LOWEST: Final = UUID(int=0)
HIGHEST: Final = UUID(int=2**128 - 1)
EPOCH: Final = datetime.fromtimestamp(0, UTC)
LAST_POSITION: Final = 2**31 - 1

# What a list can hold, by its order.
LISTED: Final[dict[Sort, frozenset[Status]]] = {
    "created_at": frozenset(Status),
    "scheduled_at": WAITING,
    "sent_at": ENDED | {Status.UNCERTAIN},
}
_WORDS: Final[dict[Sort, str]] = {
    "created_at": "",
    "scheduled_at": "sort=scheduled_at lists what waits: status can be scheduled or deferred.",
    "sent_at": "sort=sent_at lists what has ended or is in doubt: "
    "status can be sent, failed, bounced, uncertain, cancelled, suppressed or missed.",
}


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a list is to hold, and in which order: `created_at` newest first, `scheduled_at` the next one first,
    `sent_at` the last one first.

    `q`: see `email_search`. `tag`: a name or `name:value`. `since` and `until`, itself left out: of the time that the
    list is sorted by.
    """

    statuses: tuple[Status, ...] = ()  # empty: all that a list with this order can hold
    campaign_id: UUID | None = None
    sender_id: UUID | None = None
    q: str | None = None
    tag: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    sort: Sort = "created_at"

    def __post_init__(self) -> None:
        if not LISTED[self.sort].issuperset(self.statuses):
            raise ValidationError.at("sort", _WORDS[self.sort])

    @property
    def listed(self) -> list[str]:
        """The statuses, as they are stored."""
        return [status.value for status in Status if status in (self.statuses or LISTED[self.sort])]

    @property
    def rises(self) -> bool:
        return self.sort == "scheduled_at"


class Place(NamedTuple):
    """Where something stands in a list; they sort as the list does. What it is not sorted by is the same everywhere."""

    at: datetime
    position: int
    id: UUID


class Span(NamedTuple):
    """A part of a list: what lies between two places, both left out."""

    low: Place
    high: Place

    @property
    def parameters(self) -> dict[str, Any]:
        return {
            f"{end}_{name}": value
            for end, place in zip(("low", "high"), self, strict=True)
            for name, value in place._asdict().items()
        }


class Scope(NamedTuple):
    """Which messages a list has: of a workspace in these statuses, or else of these lanes of it in these."""

    statuses: Sequence[str]
    lane_ids: Sequence[int] = ()
    lane_statuses: Sequence[str] = ()

    @property
    def is_whole(self) -> bool:
        return bool(self.statuses)


async def span_of(conn: Conn, workspace_id: UUID, wanted: Wanted, page: Page) -> Span:
    """What lies beside the page's cursor and within the times asked for. Raises ValidationError where the cursor is
    none of this list."""
    low, high = _ends(wanted)
    cursor = page.before or page.after
    if cursor is None:
        return Span(low, high)
    place = await _place(conn, workspace_id, wanted.sort, cursor)
    if place is None:
        raise ValidationError.at("before" if page.before else "after", "There is no such message to go on from.")
    if (page.after is None) == wanted.rises:
        return Span(low, min(high, place))
    return Span(max(low, place), high)


def _ends(wanted: Wanted) -> tuple[Place, Place]:
    since, until = wanted.since, wanted.until
    if wanted.sort == "created_at":
        low = LOWEST if since is None else first_id(since)
        high = HIGHEST if until is None else first_id(until)
        return Place(EPOCH, 0, low), Place(EPOCH, 0, high)
    first = Place(NEVER if since is None else since, 0 if wanted.sort == "sent_at" else -1, LOWEST)
    if until is not None:
        return first, Place(until, 0 if wanted.sort == "sent_at" else -1, LOWEST)
    return first, Place(FOREVER, 0 if wanted.sort == "sent_at" else LAST_POSITION, HIGHEST)


async def _place(conn: Conn, workspace_id: UUID, sort: Sort, id: UUID) -> Place | None:
    if sort == "created_at":
        return Place(EPOCH, 0, id)
    row = await queries.email_lists.place(conn, workspace_id=workspace_id, id=id)
    if row is None:
        return None
    if sort == "scheduled_at":
        return Place(row["due_at"], row["position"], id)
    return None if row["ended_at"] is None else Place(row["ended_at"], 0, id)


async def part(
    conn: Conn, workspace_id: UUID, wanted: Wanted, span: Span, *, rising: bool, count: int, single: bool = False
) -> list[Place]:
    """Up to `count` messages from one end of the span, whatever `q` and `tag` say. `single`: of no campaign."""
    campaigns = None if wanted.campaign_id is None else [wanted.campaign_id]
    return await part_of(conn, workspace_id, wanted, [] if single else campaigns, span, rising=rising, count=count)


async def part_of(
    conn: Conn,
    workspace_id: UUID,
    wanted: Wanted,
    campaign_ids: Sequence[UUID] | None,
    span: Span,
    *,
    rising: bool,
    count: int,
) -> list[Place]:
    """The same of these campaigns; of none of them: of messages without one."""
    way = "rising" if rising else "falling"
    query = getattr(queries.email_lists, f"{wanted.sort.removesuffix('_at')}_{way}")
    asked: dict[str, Any] = {"workspace_id": workspace_id, "count": count, **span.parameters}
    campaigns = None if campaign_ids is None else list(campaign_ids)
    scope = await _scope(conn, workspace_id, wanted, campaigns)
    asked |= {"statuses": list(scope.statuses), "lane_ids": list(scope.lane_ids)}
    if wanted.sort == "scheduled_at":
        only_deferred = wanted.listed == [Status.DEFERRED.value]
        asked |= {"whole": scope.is_whole, "only_deferred": only_deferred, "statuses": wanted.listed}
        asked["lane_ids"] = sorted({*scope.lane_ids})
    else:
        asked["lane_statuses"] = list(scope.lane_statuses)
        if wanted.sort == "created_at":
            asked["whole"] = scope.is_whole and len(scope.statuses) == len(Status)
            asked["statuses"] = [] if asked["whole"] else asked["statuses"]
    found = query(conn, **asked)
    return [Place(row["at"], row["position"], row["id"]) for row in await rows(found)]


async def _scope(conn: Conn, workspace_id: UUID, wanted: Wanted, campaigns: list[UUID] | None) -> Scope:
    if wanted.sender_id is None and campaigns is None:
        return Scope(wanted.listed)
    parts = await rows(
        queries.email_lists.parts(
            conn,
            workspace_id=workspace_id,
            statuses=wanted.listed,
            sender_id=wanted.sender_id,
            campaign_ids=campaigns,
        )
    )
    return Scope([], [row["lane_id"] for row in parts], [row["status"] for row in parts])
