"""From rows to bytes: what a campaign shares is laid out once, a message only fills in what is its own."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Protocol
from uuid import UUID

import msgspec

from app.db.pool import Pool
from app.domain.addresses import Address, ascii_domain, parse
from app.domain.headers import FEEDBACK_ID, LIST_ID, feedback_id, list_id
from app.mail.compose import Attachment, Content, Skeleton
from app.mail.encodings import encode_bytes
from app.mail.envelope import Envelope
from app.services import attachments, claims, unsubscribe
from app.services.delivery import Due
from app.services.unsubscribe import Links

KEPT: Final = 1024  # contents and skeletons in memory
FILES_KEPT: Final = 64 * 1024 * 1024  # bytes of files in memory, as they travel
HEAVY: Final = 1024 * 1024  # bytes of a message's files from which on it counts as heavy
HEAVY_AT_ONCE: Final = 8  # heavy messages that are in memory at a time


class From(msgspec.Struct, frozen=True):
    """Who a message is from."""

    id: UUID
    name: str | None
    email: str
    reply_to: str | None


class Personal(Protocol):
    """What of a message is its own: a Due has it, and so has what is only previewed."""

    @property
    def id(self) -> UUID: ...
    @property
    def campaign_id(self) -> UUID | None: ...
    @property
    def to_address(self) -> str: ...
    @property
    def to_name(self) -> str | None: ...
    @property
    def recipients(self) -> list[dict[str, Any]] | None: ...
    @property
    def variables(self) -> dict[str, Any] | None: ...
    @property
    def message_id(self) -> str: ...


class Rendered(msgspec.Struct, frozen=True):
    envelope: Envelope
    data: bytes


class Messages:
    """Contents never change once a message points at them, so they are cached by their ids alone."""

    def __init__(self, pool: Pool, links: Links) -> None:
        self._pool = pool
        self._links = links
        self._contents: OrderedDict[UUID, dict[str, Any]] = OrderedDict()
        self._skeletons: OrderedDict[tuple[UUID, From], Skeleton] = OrderedDict()
        self._files: OrderedDict[str, bytes] = OrderedDict()
        self._reading = asyncio.Lock()
        self._heavy = asyncio.Semaphore(HEAVY_AT_ONCE)

    @asynccontextmanager
    async def room_for(self, message: Due) -> AsyncIterator[None]:
        """Where one may render it and keep its bytes: many large ones at once would be more than the memory holds."""
        row = self._contents.get(message.content_id)
        if row is not None and sum(each["size"] for each in row["attachments"] or ()) < HEAVY:
            yield
            return
        async with self._heavy:
            yield

    async def load(self, workspace_id: UUID, content_ids: Collection[UUID]) -> None:
        """Reads what `render` will need, in one query."""
        unknown = {content_id for content_id in content_ids if content_id not in self._contents}
        if unknown:
            self._contents.update(await claims.contents(self._pool, workspace_id, frozenset(unknown)))
        for content_id in content_ids:
            self._contents.move_to_end(content_id)
        _shorten(self._contents)

    async def render(self, workspace_id: UUID, message: Due, sender: From, *, date: datetime) -> Rendered:
        """Raises ValidationError where a variable is missing or a text cannot be sent."""
        skeleton = self._skeletons.get((message.content_id, sender))
        if skeleton is None:
            row = await self._content(workspace_id, message.content_id)
            files = await self._attachments(workspace_id, row["attachments"]) if row["attachments"] else ()
            skeleton = Skeleton(content_of(row, sender, files))
            if message.campaign_id is not None and not files:
                self._skeletons[(message.content_id, sender)] = skeleton
                _shorten(self._skeletons)
        return fill(skeleton, self._links, workspace_id, message, sender, date=date)

    async def _content(self, workspace_id: UUID, content_id: UUID) -> dict[str, Any]:
        if content_id not in self._contents:
            await self.load(workspace_id, [content_id])
        return self._contents[content_id]

    async def _attachments(self, workspace_id: UUID, attached: Sequence[dict[str, Any]]) -> tuple[Attachment, ...]:
        """Messages with the same file share its bytes, and one at a time reads what is not in memory."""
        found = []
        async with self._reading:
            for each in attached:
                encoded = self._files.get(each["hash"])
                if encoded is None:
                    pieces = attachments.pieces(self._pool, workspace_id, bytes.fromhex(each["hash"]), each["size"])
                    encoded = b"".join([encode_bytes(piece) async for piece in pieces])
                    self._files[each["hash"]] = encoded
                self._files.move_to_end(each["hash"])
                found.append(attachment_of(each, encoded))
            while sum(map(len, self._files.values())) > FILES_KEPT:
                self._files.popitem(last=False)
        return tuple(found)


def fill(
    skeleton: Skeleton, links: Links, workspace_id: UUID, message: Personal, sender: From, *, date: datetime
) -> Rendered:
    """One message as it travels. Raises ValidationError where a variable is missing or a text cannot be sent."""
    everyone = recipients_of(message)
    link = links.url(workspace_id, message.id)
    data = skeleton.fill(
        to=[address for kind, address in everyone if kind == "to"],
        cc=[address for kind, address in everyone if kind == "cc"],
        message_id=message.message_id,
        date=date,
        variables=variables_of(message.to_address, message.to_name, message.variables, unsubscribe_url=link),
        headers=headers_of(links, link, workspace_id, message.campaign_id, sender),
    )
    envelope = Envelope(
        mail_from=address_of(sender.email, None).envelope,
        recipients=tuple(address.envelope for _, address in everyone),
        # Letters beyond ASCII in an envelope address, or in a header that could not do without them.
        smtputf8=not data.isascii() or any(address.needs_smtputf8 for _, address in everyone),
    )
    return Rendered(envelope, data)


def headers_of(
    links: Links, link: str, workspace_id: UUID, campaign_id: UUID | None, sender: From
) -> tuple[tuple[str, str], ...]:
    """Paceline's own: those of a campaign's message. `link` is its link to unsubscribe."""
    if campaign_id is None:
        return ()
    listed, named = _campaign_headers(workspace_id, campaign_id, sender.id, sender.email)
    return (listed, *links.headers(link), named)


@lru_cache(maxsize=1024)
def _campaign_headers(
    workspace_id: UUID, campaign_id: UUID, sender_id: UUID, email: str
) -> tuple[tuple[str, str], tuple[str, str]]:
    """Those that all messages of a campaign by one sender share: who it is from in lists, and in complaints."""
    named = feedback_id(campaign_id=campaign_id, workspace_id=workspace_id, sender_id=sender_id)
    return (LIST_ID, list_id(workspace_id=workspace_id, domain=ascii_domain(email))), (FEEDBACK_ID, named)


def attachment_of(row: dict[str, Any], encoded: bytes) -> Attachment:
    return Attachment(row["filename"], encoded, row["content_type"], row["cid"], is_encoded=True)


def content_of(row: dict[str, Any], sender: From, files: Sequence[Attachment] = ()) -> Content:
    """A row of `contents` as its sender sends it."""
    reply_to = row["reply_to"] or ([sender.reply_to] if sender.reply_to else [])
    return Content(
        sender=address_of(sender.email, row["from_name"] or sender.name),
        subject=row["subject"],
        text=row["text"],
        html=row["html"],
        reply_to=tuple(parse(text) for text in reply_to),
        headers=tuple(row["headers"].items()),
        attachments=tuple(files),
        templated=row["is_template"],
    )


def recipients_of(message: Personal) -> list[tuple[str, Address]]:
    """(to, cc or bcc; address) of everybody in the envelope."""
    if message.recipients is None:
        return [("to", address_of(message.to_address, message.to_name))]
    return [(r["kind"], address_of(r["email"], r["name"])) for r in message.recipients]


def address_of(email: str, name: str | None) -> Address:
    """An address that was checked when it came in: only one with letters beyond ASCII needs another look."""
    if email.isascii():
        return Address(name or "", email, email)
    return msgspec.structs.replace(parse(email), name=name or "")


def variables_of(
    email: str, name: str | None, variables: dict[str, Any] | None, *, unsubscribe_url: str = unsubscribe.PREVIEW
) -> dict[str, Any]:
    """What a template of this recipient may use. Without a link of its own, that to unsubscribe leads nowhere."""
    return {"email": email, "name": name or "", **(variables or {}), unsubscribe.VARIABLE: unsubscribe_url}


def _shorten(cache: OrderedDict[Any, Any]) -> None:
    while len(cache) > KEPT:
        cache.popitem(last=False)
