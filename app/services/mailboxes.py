"""Mailboxes: what really limits sending. A mailbox is host, port and user; senders that share it share its limits.

It belongs to one workspace, the first that signed in to it, until its last sender there is deleted: two workspaces
would have twice its limits. To name a mailbox gains nobody anything; only a sign-in that succeeds does.

What takes a transaction belongs to one that took `lock`, so that no gate decides on half of a change.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from app.db.pool import Conn, Pool
from app.db.queries import queries, rows
from app.domain.ids import new_id
from app.errors import Conflict
from app.queue import defer_knocks
from app.services.secrets import keyed_hash
from app.settings import Settings


class SignIn(msgspec.Struct, frozen=True):
    """Where and as whom a sender hands in mail."""

    host: str
    port: int
    username: str  # empty: none
    password: str | None


class MailboxTaken(Conflict):
    """This mailbox belongs to another workspace here, which has signed in to it: delete its senders there first."""

    code = "mailbox_taken"


async def lock(tx: Conn, workspace_id: UUID) -> None:
    """Waits for the gates in flight of this workspace; new ones wait for the commit. First in the transaction."""
    await queries.lanes.lock_settings(tx, workspace_id=workspace_id)


async def find_or_add(tx: Conn, settings: Settings, workspace_id: UUID, sign_in: SignIn) -> UUID:
    """The mailbox that this signs in to.

    A user name that is an address names the mailbox. Others are shared by strangers (a relay's `apikey`): there the
    secret tells mailboxes apart, by a keyed hash of it. Raises MailboxTaken.
    """
    identity = _identity(settings, workspace_id, sign_in)
    if await queries.senders.has_other_owner(tx, **identity):
        raise MailboxTaken
    found: UUID | None = await queries.senders.find_mailbox(tx, **identity)
    if found is not None:
        return found
    mailbox_id = new_id()
    await queries.senders.add_mailbox(tx, id=mailbox_id, **identity)
    return mailbox_id


def _identity(settings: Settings, workspace_id: UUID, sign_in: SignIn) -> dict[str, object]:
    by_secret = bool(sign_in.username) and "@" not in sign_in.username and sign_in.password is not None
    return {
        "workspace_id": workspace_id,
        "host": sign_in.host,
        "port": sign_in.port,
        "username": sign_in.username,
        "secret_hash": keyed_hash(settings.secret_key, sign_in.password or "", purpose="mailbox") if by_secret else b"",
    }


async def own(pool: Pool, settings: Settings, mailbox_id: UUID) -> bool:
    """After a sign-in to it: it belongs to its workspace from now on. False: another has it, and nothing may leave."""
    async with pool.connection() as conn:
        owned = await queries.senders.own_mailbox(conn, mailbox_id=mailbox_id, window=settings.rate_window_seconds)
    return bool(owned)


async def may_be_ours(pool: Pool, settings: Settings, workspace_id: UUID, sign_in: SignIn) -> bool:
    """Whether no other workspace has it; says nothing of who signs in first."""
    async with pool.connection() as conn:
        return not await queries.senders.has_other_owner(conn, **_identity(settings, workspace_id, sign_in))


async def refresh(tx: Conn, workspace_id: UUID, mailbox_id: UUID, *, afresh: bool) -> None:
    """Brings a mailbox's limits to the lowest of its senders'; lifts waits that a limit caused, all if `afresh`. One
    that has no senders any more belongs to nobody."""
    await queries.senders.refresh_mailbox(tx, workspace_id=workspace_id, mailbox_id=mailbox_id, afresh=afresh)
    await queries.senders.release_mailbox(tx, workspace_id=workspace_id, mailbox_id=mailbox_id)


async def wake(
    tx: Conn,
    workspace_id: UUID,
    *,
    now: datetime,
    sender_id: UUID | None = None,
    campaign_id: UUID | None = None,
    mailbox_ids: Sequence[UUID] = (),
) -> None:
    """Has these mailboxes, and those of a sender or campaign, looked at again. Last in the transaction."""
    found = await rows(
        queries.senders.mailboxes_to_wake(
            tx,
            workspace_id=workspace_id,
            sender_id=sender_id,
            campaign_id=campaign_id,
            mailbox_ids=list(mailbox_ids),
        )
    )
    await queries.lanes.announce_many(tx, mailbox_ids=[mailbox["mailbox_id"] for mailbox in found])
    dues = {mailbox["mailbox_id"]: mailbox["due"] for mailbox in found if mailbox["due"] is not None}
    await defer_knocks(tx, dues, now=now)


async def lift(
    tx: Conn,
    workspace_id: UUID,
    reasons: Sequence[str],
    *,
    sender_id: UUID | None = None,
    campaign_id: UUID | None = None,
) -> None:
    """Has the lanes of a sender or a campaign looked at again that wait for one of these reasons, and no others."""
    await queries.senders.lift(
        tx, workspace_id=workspace_id, reasons=list(reasons), sender_id=sender_id, campaign_id=campaign_id
    )


async def settle_lanes(
    tx: Conn, workspace_id: UUID, *, sender_id: UUID | None = None, campaign_id: UUID | None = None
) -> None:
    """Holds back or lets go the lanes of a sender or a campaign as the states of both say."""
    await queries.senders.settle_lanes(tx, workspace_id=workspace_id, sender_id=sender_id, campaign_id=campaign_id)
