"""Unsubscribing by the link in a message (RFC 8058): without a cookie or sign-in, for as long as SECRET_KEY stays.

A link names its message and carries a keyed hash of that, so nobody can make one for another message, and nothing of a
person can be read from it. Looking at the page changes nothing, since link scanners do.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from app.db.pool import Conn, Pool
from app.db.queries import queries
from app.db.transaction import transaction
from app.domain.suppressions import Reason
from app.errors import NotFound
from app.services import feed
from app.services.secrets import derive
from app.settings import Settings

MAC: Final = 16  # bytes, of HMAC-SHA-256; one guess in 2**128 fits
IDS: Final = 32  # bytes, of workspace and message; with the hash 64 characters of base64, none of them padding
VARIABLE: Final = "unsubscribe_url"  # in templates
PREVIEW: Final = "/u/preview"  # what stands for the link where a message is only looked at

ONE_CLICK: Final = ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")


class UnknownLink(NotFound):
    """This link is not one of ours, or was cut off on its way: copy the whole of it from the message."""

    code = "unknown_link"


class Links:
    """Makes the links of this installation, and reads them."""

    def __init__(self, settings: Settings) -> None:
        self._base = f"{settings.base_url}/u/"
        self._key = derive(settings.secret_key, "unsubscribe")

    def url(self, workspace_id: UUID, email_id: UUID) -> str:
        return self._base + self._token(workspace_id, email_id)

    def headers(self, url: str) -> tuple[tuple[str, str], ...]:
        """What offers the link to mail programs (RFC 2369, RFC 8058)."""
        return (("List-Unsubscribe", f"<{url}>"), ONE_CLICK)

    def read(self, token: str) -> tuple[UUID, UUID]:
        """(workspace, message). Raises UnknownLink."""
        try:
            raw = urlsafe_b64decode(token.encode("ascii"))
        except ValueError:
            raise UnknownLink from None
        if len(raw) != IDS + MAC:
            raise UnknownLink
        workspace_id, email_id = UUID(bytes=raw[:16]), UUID(bytes=raw[16:IDS])
        if not hmac.compare_digest(self._token(workspace_id, email_id), token):  # whole, so that there is one spelling
            raise UnknownLink
        return workspace_id, email_id

    def _token(self, workspace_id: UUID, email_id: UUID) -> str:
        named = workspace_id.bytes + email_id.bytes
        return urlsafe_b64encode(named + hmac.digest(self._key, named, "sha256")[:MAC]).decode("ascii")


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How it stands with a recipient and who wrote to them."""

    sender: str
    address: str  # not whole: a message may have been passed on
    state: Literal["subscribed", "unsubscribed", "blocked"]  # blocked: for a reason that cannot be undone here


async def look(pool: Pool, settings: Settings, token: str) -> Standing:
    """Changes nothing. Raises UnknownLink."""
    workspace_id, email_id = Links(settings).read(token)
    async with pool.connection() as conn:
        return _standing(await _message(conn, workspace_id, email_id))


async def unsubscribe(pool: Pool, settings: Settings, token: str) -> Standing:
    """Nothing more of the workspace is sent to the recipient of the message. Twice is no error. Raises UnknownLink."""
    return await _change(pool, settings, token, queries.suppressions.unsubscribe, "email.unsubscribed")


async def resubscribe(pool: Pool, settings: Settings, token: str) -> Standing:
    """Takes it back, and nothing else that keeps mail from the recipient. Raises UnknownLink."""
    return await _change(pool, settings, token, queries.suppressions.resubscribe, "email.resubscribed")


async def _change(pool: Pool, settings: Settings, token: str, query: Any, event: str) -> Standing:
    workspace_id, email_id = Links(settings).read(token)
    async with transaction(pool) as tx:
        before = await _message(tx, workspace_id, email_id)
        changed = await query(tx, workspace_id=workspace_id, address=before["address"], email_id=email_id)
        if changed:
            await queries.suppressions.note(
                tx,
                workspace_id=workspace_id,
                type=event,
                email_id=email_id,
                campaign_id=before["campaign_id"],
                sender_id=before["sender_id"],
            )
        after = await _message(tx, workspace_id, email_id)
    feed.announce(pool, workspace_id)
    return _standing(after)


async def _message(conn: Conn, workspace_id: UUID, email_id: UUID) -> dict[str, Any]:
    row: dict[str, Any] | None = await queries.suppressions.message(conn, workspace_id=workspace_id, email_id=email_id)
    if row is None:
        raise UnknownLink
    return row


def _standing(row: dict[str, Any]) -> Standing:
    local, _, domain = row["address"].rpartition("@")
    state: Literal["subscribed", "unsubscribed", "blocked"] = "subscribed"
    if row["reason"] == Reason.UNSUBSCRIBED:
        state = "unsubscribed"
    elif row["reason"] == Reason.COMPLAINT:
        state = "blocked"
    return Standing(sender=row["sender"], address=f"{local[:1]}…@{domain}", state=state)
