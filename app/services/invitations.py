"""Invitations: a link for one address, shown once, kept as a hash, good for a week and for one person.

The link alone is worth nothing: who accepts must be signed in with the address, by the provider's word or by a link
that was mailed to it. So an owner may hand it over by any way.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from app.contract.lists import List, Page, page_of
from app.contract.people import (
    Invitation,
    InvitationSeen,
    NewInvitation,
    NewInvitationShown,
    WorkspaceItem,
)
from app.db.pool import Conn, Pool
from app.db.queries import queries, rows
from app.db.transaction import transaction
from app.domain.addresses import is_of_domain, parse
from app.domain.ids import new_id
from app.domain.lateness import LatePolicy
from app.domain.text import one_line
from app.errors import Conflict, Forbidden, NotFound, ValidationError
from app.services import feed, notices, sessions
from app.services.sessions import Session, hash_token
from app.settings import Settings

LIFETIME: Final = timedelta(days=7)


class InvitationEnded(NotFound):
    """This invitation was used already, was taken back or has expired: ask for a new one."""

    code = "invitation"


class InvitationForAnother(Forbidden):
    """This invitation is for another email address: sign in with that one."""

    code = "invitation_email"


class AlreadyMember(Conflict):
    """This person is in the workspace already."""

    code = "already_member"


async def create(
    pool: Pool, settings: Settings, *, workspace_id: UUID, invited_by: UUID | None, wanted: NewInvitation, now: datetime
) -> NewInvitationShown:
    """A new link takes the place of one that is open for the address. It is mailed too where the workspace has a
    default sender that works. Raises AlreadyMember, ValidationError also for what ALLOWED_DOMAINS leaves out."""
    email = _address(wanted.email, settings)
    token = secrets.token_urlsafe(32)
    async with transaction(pool) as tx:
        await queries.members.lock(tx, workspace_id=workspace_id)
        if await queries.invitations.is_member(tx, workspace_id=workspace_id, email=email):
            raise AlreadyMember(f"{email} is in this workspace already.")
        await queries.invitations.replace(tx, workspace_id=workspace_id, email=email)
        row = await queries.invitations.add(
            tx,
            workspace_id=workspace_id,
            id=new_id(),
            email=email,
            role=wanted.role,
            token_hash=hash_token(token),
            invited_by=invited_by,
            expires_at=now + LIFETIME,
        )
        sender_id = await queries.senders.default(tx, workspace_id=workspace_id)
        workspace = await queries.workspaces.get(tx, workspace_id=workspace_id)
    url = f"{settings.base_url}/join#{token}"
    who = one_line(row["invited_by"] or "") or "Somebody"
    mailed = sender_id is not None and await notices.post(
        pool,
        workspace_id=workspace_id,
        sender_id=sender_id,
        to=email,
        subject=one_line(f"{who} invites you to {workspace['name']}"),
        lines=[
            f"{who} invites you to the workspace {workspace['name']} on Paceline.",
            f"The invitation is for {email} and holds for 7 days.",
        ],
        link=url,
        action="Join the workspace",
        late_policy=LatePolicy.SEND,
        now=now,
    )
    feed.announce(pool, workspace_id)
    return NewInvitationShown(object="invitation", url=url, mailed=mailed, **row)


async def list_invitations(pool: Pool, *, workspace_id: UUID, page: Page) -> List[Invitation]:
    """Those that nobody has used or taken back, newest first."""
    async with pool.connection() as conn:
        found = await rows(
            queries.invitations.page(
                conn, workspace_id=workspace_id, after=page.after, before=page.before, count=page.limit + 1
            )
        )
    return page_of([Invitation(object="invitation", **row) for row in found], page)


async def revoke(pool: Pool, *, workspace_id: UUID, id: UUID) -> None:
    """From now on its link is refused. Raises NotFound where it was used or taken back before."""
    async with pool.connection() as conn:
        if not await queries.invitations.revoke(conn, workspace_id=workspace_id, id=id):
            raise NotFound("There is no such invitation: it was used or taken back.")
    feed.announce(pool, workspace_id)


async def look(pool: Pool, token: str) -> InvitationSeen:
    """What a link is for, for whoever holds it. Raises InvitationEnded."""
    async with pool.connection() as conn:
        row = await find(conn, token)
    return InvitationSeen(
        email=row["email"],
        role=row["role"],
        workspace=row["workspace"],
        invited_by=row["invited_by"],
        expires_at=row["expires_at"],
    )


async def accept(pool: Pool, *, asks: Session, token: str) -> WorkspaceItem:
    """Joins, and takes the session there. Raises InvitationEnded or InvitationForAnother."""
    async with transaction(pool) as tx:
        person = await queries.members.get(tx, workspace_id=asks.workspace_id, user_id=asks.user_id)
        found = await find(tx, token)
        if asks.confined and found["workspace_id"] != asks.workspace_id:
            # That workspace's mail said who this is, and it may not speak for others.
            raise InvitationForAnother("You signed in by a link that another workspace mailed: sign in another way.")
        workspace_id = await accept_as(tx, token, user_id=asks.user_id, email=person["email"])
        await sessions.move(tx, id=asks.id, workspace_id=workspace_id)
        row = next(iter(await rows(queries.members.of_person(tx, user_id=asks.user_id, only=workspace_id))))
    feed.announce(pool, workspace_id)
    return WorkspaceItem(object="workspace", current=True, **row)


async def accept_as(tx: Conn, token: str, *, user_id: UUID, email: str) -> UUID:
    """Makes a person, who has shown that the address is theirs, a member: the workspace. A role that they have stays.

    Raises InvitationEnded or InvitationForAnother.
    """
    found = await find(tx, token)
    if found["email"] != email:
        raise InvitationForAnother(f"This invitation is for {found['email']} and you are signed in as {email}.")
    return await spend(tx, found["id"], user_id=user_id, email=email)


async def spend(tx: Conn, id: UUID, *, user_id: UUID, email: str) -> UUID:
    """As `accept_as`, of an invitation that is known by its id."""
    spent = await queries.invitations.accept(tx, id=id, email=email)
    if spent is None:
        raise InvitationEnded
    await queries.members.add(tx, workspace_id=spent["workspace_id"], user_id=user_id, role=spent["role"])
    workspace_id: UUID = spent["workspace_id"]
    return workspace_id


async def find(conn: Conn, token: str) -> dict[str, Any]:
    """Raises InvitationEnded."""
    row: dict[str, Any] | None = await queries.invitations.open(conn, token_hash=hash_token(token))
    if row is None:
        raise InvitationEnded
    return row


def _address(text: str, settings: Settings) -> str:
    address = parse(text, path="email")
    email = address.email.lower()
    if not is_of_domain(email, settings.allowed_domains):
        allowed = ", ".join(settings.allowed_domains)
        raise ValidationError.at("email", f"ALLOWED_DOMAINS lets only people of {allowed} sign in here.")
    return email
