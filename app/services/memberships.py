"""The workspaces of a person: which there are, going from one to another, and making a new one."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from app.contract.lists import List
from app.contract.people import NewWorkspace, WorkspaceItem
from app.db.pool import Pool
from app.db.queries import queries, rows
from app.db.transaction import transaction
from app.domain.text import is_one_line, why_turned
from app.errors import Conflict, Forbidden, NotFound, ValidationError
from app.services import accounts, sessions
from app.services.sessions import Session
from app.settings import Settings

MOST: Final = 50  # workspaces of one person


class Confined(Forbidden):
    """You signed in by a link that this workspace mailed, which vouches for you here alone: sign in another way."""

    code = "confined_session"


class TooManyWorkspaces(Conflict):
    """Nobody needs more than 50 workspaces: leave one first."""

    code = "too_many_workspaces"


async def list_workspaces(pool: Pool, *, asks: Session) -> List[WorkspaceItem]:
    """All of them, by name. A session that is confined sees its own."""
    async with pool.connection() as conn:
        found = await rows(queries.members.of_person(conn, user_id=asks.user_id, only=asks.only_confined_to))
    data = [WorkspaceItem(object="workspace", current=row["id"] == asks.workspace_id, **row) for row in found]
    return List(object="list", has_more=False, data=data)


async def create(pool: Pool, settings: Settings, *, asks: Session, wanted: NewWorkspace) -> WorkspaceItem:
    """A new workspace whose owner the person is; their session goes there. Raises ValidationError, Confined."""
    name = wanted.name.strip()
    if not name or not is_one_line(name):
        raise ValidationError.at("name", "A name is one line.")
    if (reason := why_turned(name)) is not None:
        raise ValidationError.at("name", reason)
    if asks.confined:
        raise Confined
    async with transaction(pool) as tx:
        if await queries.members.count_of_person(tx, user_id=asks.user_id) >= MOST:
            raise TooManyWorkspaces
        made = await accounts.add_workspace(tx, settings, name=name, owner=asks.user_id)
        await sessions.move(tx, id=asks.id, workspace_id=made)
        row = next(each for each in await rows(queries.members.of_person(tx, user_id=asks.user_id, only=made)))
    return WorkspaceItem(object="workspace", current=True, **row)


async def enter(pool: Pool, *, asks: Session, workspace_id: UUID) -> WorkspaceItem:
    """Takes the session there. Raises NotFound for a workspace that is not the person's, Confined."""
    if asks.confined:
        raise Confined
    async with transaction(pool) as tx:
        found = await rows(queries.members.of_person(tx, user_id=asks.user_id, only=workspace_id))
        if not found or not await sessions.move(tx, id=asks.id, workspace_id=workspace_id):
            raise NotFound("There is no such workspace, or you are no member of it.")
    return WorkspaceItem(object="workspace", current=True, **found[0])
