"""From rows to bytes: what a campaign shares is laid out once, a message only fills in what is its own."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from app.db.pool import Pool
from app.db.queries import queries, rows
from app.domain.addresses import Address, parse
from app.mail.compose import Content, Skeleton
from app.mail.envelope import Envelope
from app.services.delivery import Due

KEPT: Final = 1024  # contents and skeletons in memory


class From(msgspec.Struct, frozen=True):
    """Who a message is from."""

    id: UUID
    name: str | None
    email: str
    reply_to: str | None


class Rendered(msgspec.Struct, frozen=True):
    envelope: Envelope
    data: bytes


class Messages:
    """Contents never change once a message points at them, so they are cached by their ids alone."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._contents: OrderedDict[UUID, dict[str, Any]] = OrderedDict()
        self._skeletons: OrderedDict[tuple[UUID, From], Skeleton] = OrderedDict()

    async def load(self, workspace_id: UUID, content_ids: Collection[UUID]) -> None:
        """Reads what `render` will need, in one query."""
        unknown = set(content_ids) - self._contents.keys()
        if unknown:
            async with self._pool.connection() as conn:
                found = await rows(queries.delivery.contents(conn, workspace_id=workspace_id, ids=list(unknown)))
            self._contents.update({row["id"]: row for row in found})
        for content_id in content_ids:
            self._contents.move_to_end(content_id)
        _shorten(self._contents)

    async def render(self, workspace_id: UUID, message: Due, sender: From, *, date: datetime) -> Rendered:
        """Raises ValidationError where a variable is missing or a text cannot be sent."""
        skeleton = self._skeletons.get((message.content_id, sender))
        if skeleton is None:
            if message.content_id not in self._contents:
                await self.load(workspace_id, [message.content_id])
            skeleton = Skeleton(content_of(self._contents[message.content_id], sender))
            if message.campaign_id is not None:
                self._skeletons[(message.content_id, sender)] = skeleton
                _shorten(self._skeletons)
        everyone = recipients_of(message)
        data = skeleton.fill(
            to=[address for kind, address in everyone if kind == "to"],
            cc=[address for kind, address in everyone if kind == "cc"],
            message_id=message.message_id,
            date=date,
            variables=variables_of(message.to_address, message.to_name, message.variables),
        )
        envelope = Envelope(
            mail_from=address_of(sender.email, None).envelope,
            recipients=tuple(address.envelope for _, address in everyone),
            # Letters beyond ASCII in an envelope address, or in a header that could not do without them.
            smtputf8=not data.isascii() or any(address.needs_smtputf8 for _, address in everyone),
        )
        return Rendered(envelope, data)


def content_of(row: dict[str, Any], sender: From) -> Content:
    """A row of `contents` as its sender sends it."""
    reply_to = row["reply_to"] or ([sender.reply_to] if sender.reply_to else [])
    return Content(
        sender=address_of(sender.email, row["from_name"] or sender.name),
        subject=row["subject"],
        text=row["text"],
        html=row["html"],
        reply_to=tuple(parse(text) for text in reply_to),
        headers=tuple(row["headers"].items()),
        templated=row["is_template"],
    )


def recipients_of(message: Due) -> list[tuple[str, Address]]:
    """(to, cc or bcc; address) of everybody in the envelope."""
    if message.recipients is None:
        return [("to", address_of(message.to_address, message.to_name))]
    return [(r["kind"], address_of(r["email"], r["name"])) for r in message.recipients]


def address_of(email: str, name: str | None) -> Address:
    """An address that was checked when it came in: only one with letters beyond ASCII needs another look."""
    if email.isascii():
        return Address(name or "", email, email)
    return msgspec.structs.replace(parse(email), name=name or "")


def variables_of(email: str, name: str | None, variables: dict[str, Any] | None) -> dict[str, Any]:
    """What a template of this recipient may use."""
    return {"email": email, "name": name or "", **(variables or {})}


def _shorten(cache: OrderedDict[Any, Any]) -> None:
    while len(cache) > KEPT:
        cache.popitem(last=False)
