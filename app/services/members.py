"""The people of a workspace. There is always an owner: every change that could take the last one asks first."""

from __future__ import annotations

from uuid import UUID

from app.contract.lists import List, Page, page_of
from app.contract.people import Member, MemberChange
from app.db.pool import Conn, Pool
from app.db.queries import queries, rows
from app.db.transaction import transaction
from app.errors import Conflict, NotFound
from app.services import feed, sessions
from app.services.sessions import Session


class LastOwner(Conflict):
    """A workspace keeps an owner: make somebody else one first."""

    code = "last_owner"


class NoSuchMember(NotFound):
    """There is no such person in this workspace."""


async def list_members(pool: Pool, *, workspace_id: UUID, page: Page) -> List[Member]:
    async with pool.connection() as conn:
        found = await rows(
            queries.members.page(
                conn, workspace_id=workspace_id, after=page.after, before=page.before, count=page.limit + 1
            )
        )
    return page_of([Member(object="member", **row) for row in found], page)


async def change(pool: Pool, *, workspace_id: UUID, user_id: UUID, wanted: MemberChange) -> Member:
    """Holds from the next request on, for the person's sessions and for the keys that they made.

    Raises NoSuchMember or LastOwner.
    """
    async with transaction(pool) as tx:
        await _lock(tx, workspace_id, user_id, stays_owner=wanted.role == "owner")
        if wanted.role != "owner":
            await queries.invitations.revoke_of(tx, workspace_id=workspace_id, user_id=user_id)
        await queries.members.set_role(tx, workspace_id=workspace_id, user_id=user_id, role=wanted.role)
        row = await queries.members.get(tx, workspace_id=workspace_id, user_id=user_id)
    feed.announce(pool, workspace_id)
    return Member(object="member", **row)


async def remove(pool: Pool, *, workspace_id: UUID, user_id: UUID) -> None:
    """Ends the person's sessions in the workspace and revokes the keys that they made: whoever has seen a key can go on
    using it, so handing it to somebody else would leave the door open. What they scheduled stays.

    Raises NoSuchMember or LastOwner.
    """
    async with transaction(pool) as tx:
        await _remove(tx, workspace_id, user_id)
    feed.announce(pool, workspace_id)


async def leave(pool: Pool, *, asks: Session) -> None:
    """As `remove`; the session that asks goes on in another workspace of the person, where there is one."""
    workspace_id, user_id = asks.workspace_id, asks.user_id
    async with transaction(pool) as tx:
        elsewhere = await _remove(tx, workspace_id, user_id, keep_session=asks.id)
        if elsewhere is None or not await sessions.move(tx, id=asks.id, workspace_id=elsewhere):
            await queries.sessions.end_in_workspace(tx, workspace_id=workspace_id, user_id=user_id, but=None)
    feed.announce(pool, workspace_id)


async def _remove(tx: Conn, workspace_id: UUID, user_id: UUID, *, keep_session: UUID | None = None) -> UUID | None:
    """The workspace that the person used last of those that are left."""
    await _lock(tx, workspace_id, user_id, stays_owner=False)
    await queries.members.remove(tx, workspace_id=workspace_id, user_id=user_id)
    await queries.invitations.revoke_of(tx, workspace_id=workspace_id, user_id=user_id)
    await queries.api_keys.revoke_of(tx, workspace_id=workspace_id, user_id=user_id)
    await queries.sessions.end_in_workspace(tx, workspace_id=workspace_id, user_id=user_id, but=keep_session)
    left: UUID | None = await queries.members.last_of(tx, user_id=user_id)
    return left


async def _lock(tx: Conn, workspace_id: UUID, user_id: UUID, *, stays_owner: bool) -> None:
    await queries.members.lock(tx, workspace_id=workspace_id)
    member = await queries.members.get(tx, workspace_id=workspace_id, user_id=user_id)
    if member is None:
        raise NoSuchMember
    gives_up = member["role"] == "owner" and not stays_owner
    if gives_up and not await queries.members.has_other_owner(tx, workspace_id=workspace_id, user_id=user_id):
        raise LastOwner
