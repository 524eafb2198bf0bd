"""Messages by what people type: the start of an address, the starts of words in the subject, in tags or in the
campaign's name; and by a tag.

An index finds what matches, in no order that a list has. While that is little it is put in order; where it is much, a
walk along the list soon meets enough of it. Which of the two is told by a count that stops. Neither grows with what is
stored: see docs/decisions/0017-pages-of-matches.md.
"""

from __future__ import annotations

import heapq
from collections.abc import AsyncIterator
from itertools import islice
from typing import Any, Final
from uuid import UUID

import msgspec

from app.contract.lists import Page
from app.db.pool import Conn
from app.db.queries import queries, rows
from app.services.email_lists import HIGHEST, LOWEST, Place, Span, Wanted, part, part_of, span_of

MANY: Final = 2_000  # matches that are put in order; more are met on a walk
MANY_BY_ID: Final = 10_000  # the same where an address is all that is asked for: ids say the order, no row is read
FIRST_STEP: Final = 200  # messages
NEAR: Final = 1_000  # messages looked at on a walk where what matches is found in order anyway
FURTHEST: Final = 5_000  # messages looked at on a walk before everything that matches is put in order after all
FURTHEST_BY_ID: Final = 50_000  # addresses of messages, the same where ids say the order


async def page(conn: Conn, workspace_id: UUID, wanted: Wanted, page: Page) -> list[UUID]:
    """Ids of up to `limit` + 1 messages beside the page's cursor, in the order of the walk: as the list is sorted, or
    with `before` the other way. Raises ValidationError."""
    span = await span_of(conn, workspace_id, wanted, page)
    rising = wanted.rises == (page.before is None)
    return await _ids(conn, workspace_id, wanted, span, rising=rising, count=page.limit + 1)


async def after(conn: Conn, workspace_id: UUID, wanted: Wanted, last: UUID | None, *, count: int) -> list[UUID]:
    """The next `count` messages of a list that is read to its end."""
    span = await span_of(conn, workspace_id, wanted, Page(after=last))
    return await _ids(conn, workspace_id, wanted, span, rising=wanted.rises, count=count, to_the_end=True)


class _Meant(msgspec.Struct, frozen=True):
    """What the two texts of a search mean. An address has no space in it, and with an @ nothing else is meant."""

    q: str | None
    tag: str | None

    @property
    def by_address(self) -> bool:
        return self.q is not None and not any(letter.isspace() for letter in self.q)

    @property
    def by_text(self) -> bool:
        return self.q is None or "@" not in self.q

    @property
    def tags(self) -> str | None:
        """A list of tags that has this one, as JSON."""
        if self.tag is None:
            return None
        name, has_value, value = self.tag.partition(":")
        return msgspec.json.encode([{"name": name, "value": value} if has_value else {"name": name}]).decode()


class _Search(msgspec.Struct, frozen=True):
    """One question. Each of its sources gives what it has first in the order of the list; merged they give the list."""

    conn: Conn
    workspace_id: UUID
    wanted: Wanted
    meant: _Meant
    rising: bool
    to_the_end: bool  # of a list that is read as a whole

    async def ids(self, span: Span, count: int) -> list[UUID]:
        sources = [await self._of_campaigns(span, count)] if self.meant.by_text else []
        if self.meant.by_text and self.wanted.campaign_id is None:
            sources.append(await self._by_text(span, count))
        if self.meant.by_address:
            sources.append(await self._by_address(span, count))
        merged = dict.fromkeys(place.id for place in heapq.merge(*sources, reverse=not self.rising))
        return list(islice(merged, count))

    async def _of_campaigns(self, span: Span, count: int) -> list[Place]:
        wanted = self.wanted
        found = await rows(queries.email_search.campaigns(self.conn, **self._asked("q", "tags")))
        ids = [row["id"] for row in found if wanted.campaign_id in (None, row["id"])]
        if not ids:
            return []
        return await part_of(self.conn, self.workspace_id, wanted, ids, span, rising=self.rising, count=count)

    async def _by_text(self, span: Span, count: int) -> list[Place]:
        if self.wanted.sort != "created_at":
            return await self._by_text_in_order(span, count)
        if self.wanted.statuses or self.wanted.sender_id is not None:
            met = await self._walk_to_texts(span, count, near=True)
            if met is not None:
                return met
        # They are found in this order.
        query = queries.email_search.texts_rising if self.rising else queries.email_search.texts_falling
        filters = {"statuses": self.wanted.listed, "sender_id": self.wanted.sender_id}
        bounds = {"low_id": span.low.id, "high_id": span.high.id, "count": count}
        return await _places(query(self.conn, **self._asked("q", "tag"), **filters, **bounds))

    async def _by_text_in_order(self, span: Span, count: int) -> list[Place]:
        whole = {"low_id": LOWEST, "high_id": HIGHEST, "count": MANY + 1}
        matching = await queries.email_search.count_texts(self.conn, **self._asked("q", "tag"), **whole)
        if not matching:
            return []
        met = await self._walk_to_texts(span, count, near=False) if matching > MANY else None
        return await self._ordered(span, count, by_text=True) if met is None else met

    async def _by_address(self, span: Span, count: int) -> list[Place]:
        by_id = self.wanted.sort == "created_at"
        alone = by_id and not self._is_filtered
        many = MANY_BY_ID if alone else MANY
        if await queries.email_search.count_addresses(self.conn, **self._asked("q"), count=many + 1) > many:
            met = await (self._met(span, count) if alone else self._walk_to_addresses(span, count))
            if met is not None:
                return met
        if not by_id:
            return await self._ordered(span, count, by_text=False)
        query = queries.email_search.addresses_rising if self.rising else queries.email_search.addresses_falling
        bounds = {"low_id": span.low.id, "high_id": span.high.id, "count": count}
        return await _places(query(self.conn, **self._asked("q", "tags"), **self._filters(), **bounds))

    @property
    def _is_filtered(self) -> bool:
        wanted = self.wanted
        return bool(wanted.statuses or wanted.tag) or (wanted.sender_id, wanted.campaign_id) != (None, None)

    async def _met(self, span: Span, count: int) -> list[Place] | None:
        """The first `count` of an address on the way along all that is addressed. None: the way is too long."""
        query = queries.email_search.addresses_met_rising if self.rising else queries.email_search.addresses_met_falling
        bounds = {"low_id": span.low.id, "high_id": span.high.id, "count": count}
        furthest = None if self.to_the_end else FURTHEST_BY_ID
        met = await _places(query(self.conn, **self._asked("q"), **bounds, furthest=furthest))
        return met if len(met) == count or self.to_the_end else None

    async def _walk_to_addresses(self, span: Span, count: int) -> list[Place] | None:
        return await self._walk(span, count, queries.email_search.among_addresses, single=False)

    async def _walk_to_texts(self, span: Span, count: int, *, near: bool) -> list[Place] | None:
        # Single messages are in lanes without a campaign: no campaign, however large, lies on this way.
        return await self._walk(span, count, queries.email_search.among_texts, single=True, near=near)

    async def _ordered(self, span: Span, count: int, *, by_text: bool) -> list[Place]:
        asked = self._asked("q", "tag", "tags") | {"by_text": by_text, "sort": self.wanted.sort, "rising": self.rising}
        query = queries.email_search.ordered
        return await _places(query(self.conn, **asked, **self._filters(), **span.parameters, count=count))

    async def _walk(
        self, span: Span, count: int, among: Any, *, single: bool, near: bool = False
    ) -> list[Place] | None:
        """The first `count` that match on the way along the list. None: the way is too long, they are too few on it.
        `near`: it is given up early, and at once where it begins in vain."""
        furthest = NEAR if near else FURTHEST
        met: list[Place] = []
        seen, step = 0, FIRST_STEP
        while True:
            places = await part(
                self.conn, self.workspace_id, self.wanted, span, rising=self.rising, count=step, single=single
            )
            found = await rows(among(self.conn, **self._asked("q", "tags"), ids=[place.id for place in places]))
            matching = {row["id"] for row in found}
            met += [place for place in places if place.id in matching]
            seen += len(places)
            if len(met) >= count or len(places) < step:
                return met[:count]
            if seen >= (FIRST_STEP if near and not met else furthest) and not self.to_the_end:
                return None
            # As far as it takes if they go on to come as they came, and some more, if those who say so are not few.
            step = (count - len(met)) * seen * 5 // (len(met) * 4) if met else 4 * seen
            step = max(min(step, 4 * seen), FIRST_STEP)
            step = min(step, FURTHEST if self.to_the_end else furthest - seen)
            span = span._replace(low=places[-1]) if self.rising else span._replace(high=places[-1])

    def _asked(self, *names: str) -> dict[str, Any]:
        return {"workspace_id": self.workspace_id, **{name: getattr(self.meant, name) for name in names}}

    def _filters(self) -> dict[str, Any]:
        wanted = self.wanted
        return {"statuses": wanted.listed, "sender_id": wanted.sender_id, "campaign_id": wanted.campaign_id}


async def _places(found: AsyncIterator[dict[str, Any]]) -> list[Place]:
    return [Place(row["at"], row["position"], row["id"]) async for row in found]


async def _ids(
    conn: Conn,
    workspace_id: UUID,
    wanted: Wanted,
    span: Span,
    *,
    rising: bool,
    count: int,
    to_the_end: bool = False,
) -> list[UUID]:
    if wanted.q is None and wanted.tag is None:
        places = await part(conn, workspace_id, wanted, span, rising=rising, count=count)
        return [place.id for place in places]
    search = _Search(conn, workspace_id, wanted, _Meant(wanted.q, wanted.tag), rising, to_the_end)
    return await search.ids(span, count)
