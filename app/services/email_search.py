"""Messages by what people type: the start of an address, the starts of words in the subject, in tags or in the
campaign's name; and by a tag.

An index finds what matches, in no order that a list has. While that is little it is put in order; where it is much, a
walk along the list soon meets enough of it. Neither grows with what is stored.
"""

from __future__ import annotations

import heapq
from collections.abc import AsyncIterator, Sequence
from itertools import islice
from typing import Any, Final
from uuid import UUID

import msgspec

from app.contract.lists import Page
from app.db.pool import Conn
from app.db.queries import queries, rows
from app.services.email_lists import Place, Span, Wanted, part, part_of, span_of

MANY: Final = 2000  # matches of one kind: fewer are put in order, more are met on a walk
STEPS: Final = (200, 800, 4000)  # messages looked at on a walk before everything that matches is put in order after all


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


class _Found(msgspec.Struct):
    """Single messages, and campaigns of which every message matches."""

    ids: set[UUID]
    campaign_ids: set[UUID]
    many_addresses: bool = False
    many_texts: bool = False

    @property
    def many(self) -> bool:
        return self.many_addresses or self.many_texts


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
    meant = _Meant(wanted.q, wanted.tag)
    found = await _look_up(conn, workspace_id, meant)
    if found.many:
        walk = _walk(conn, workspace_id, wanted, meant, span, rising=rising, to_the_end=to_the_end)
        met: list[UUID] = []
        async for matches in walk:
            if matches is None:
                break
            met += matches
            if len(met) >= count:
                return met[:count]
        else:
            return met
        if found.many_texts:
            found.campaign_ids |= await _campaigns_of_texts(conn, workspace_id, meant)
    return await _in_order(conn, workspace_id, wanted, meant, found, span, rising=rising, count=count)


async def _look_up(conn: Conn, workspace_id: UUID, meant: _Meant) -> _Found:
    found = _Found(set(), set())
    if meant.by_address:
        query = queries.email_search.by_address(conn, workspace_id=workspace_id, q=meant.q, count=MANY + 1)
        addressed = await rows(query)
        found.ids.update(row["id"] for row in addressed)
        found.many_addresses = len(addressed) > MANY
    if meant.by_text:
        asked = {"workspace_id": workspace_id, "q": meant.q}
        texts = await rows(queries.email_search.by_text(conn, **asked, tag=meant.tag, count=MANY + 1))
        found.ids.update(row["id"] for row in texts if row["id"] is not None)
        found.campaign_ids.update(row["campaign_id"] for row in texts if row["campaign_id"] is not None)
        found.many_texts = len(texts) > MANY
        if meant.q is not None:
            named = await rows(queries.email_search.campaigns_named(conn, **asked, tags=meant.tags))
            found.campaign_ids.update(row["campaign_id"] for row in named)
    return found


async def _campaigns_of_texts(conn: Conn, workspace_id: UUID, meant: _Meant) -> set[UUID]:
    said = queries.email_search.campaigns_saying(conn, workspace_id=workspace_id, q=meant.q, tag=meant.tag)
    return {row["campaign_id"] for row in await rows(said)}


async def _in_order(
    conn: Conn,
    workspace_id: UUID,
    wanted: Wanted,
    meant: _Meant,
    found: _Found,
    span: Span,
    *,
    rising: bool,
    count: int,
) -> list[UUID]:
    """Everything that matches, however much it is: single messages and each campaign's come in order and are merged."""
    asked: dict[str, Any] = {"workspace_id": workspace_id, "q": meant.q, "tag": meant.tag, "tags": meant.tags}
    single = await rows(
        queries.email_search.found(
            conn,
            **asked,
            **span.parameters,
            ids=list(found.ids),
            all_addresses=found.many_addresses,
            all_texts=found.many_texts,
            statuses=wanted.listed,
            sender_id=wanted.sender_id,
            campaign_id=wanted.campaign_id,
            sort=wanted.sort,
            rising=rising,
            count=count,
        )
    )
    places = [Place(row["at"], row["position"], row["id"]) for row in single]
    campaigns = found.campaign_ids if wanted.campaign_id is None else found.campaign_ids & {wanted.campaign_id}
    of_campaigns: list[Place] = []
    if campaigns:
        of_campaigns = await part_of(conn, workspace_id, wanted, [*campaigns], span, rising=rising, count=count)
    merged = dict.fromkeys(place.id for place in heapq.merge(places, of_campaigns, reverse=not rising))
    return list(islice(merged, count))


async def _walk(
    conn: Conn, workspace_id: UUID, wanted: Wanted, meant: _Meant, span: Span, *, rising: bool, to_the_end: bool
) -> AsyncIterator[list[UUID] | None]:
    """What matches on the way along the list, a step at a time; at last None, if the list goes on."""
    steps: Sequence[int] = STEPS
    for place in range(2**63) if to_the_end else range(len(steps)):
        step = steps[min(place, len(steps) - 1)]
        places = await part(conn, workspace_id, wanted, span, rising=rising, count=step)
        yield await _among(conn, workspace_id, meant, [each.id for each in places])
        if len(places) < step:
            return
        span = span._replace(low=places[-1]) if rising else span._replace(high=places[-1])
    yield None


async def _among(conn: Conn, workspace_id: UUID, meant: _Meant, ids: Sequence[UUID]) -> list[UUID]:
    matching = queries.email_search.among(
        conn,
        workspace_id=workspace_id,
        ids=list(ids),
        q=meant.q,
        tags=meant.tags,
        by_address=meant.by_address,
        by_text=meant.by_text,
    )
    return [row["id"] for row in await rows(matching)]
