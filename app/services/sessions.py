"""Sessions and one-time sign-in links, in Postgres. Of their tokens only the hash is kept."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from app.contract.lists import List, Page, page_of
from app.contract.people import SessionItem
from app.db.pool import Conn, Pool
from app.db.queries import queries, rows
from app.db.transaction import transaction
from app.domain.devices import device as device_of
from app.domain.ids import new_id
from app.domain.roles import Role
from app.errors import NotFound

LIFETIME: Final = timedelta(days=30)  # however much it is used
IDLE: Final = timedelta(days=14)  # without a request
USE_NOTED_EVERY: Final = timedelta(minutes=1)
LINK_LIFETIME: Final = timedelta(hours=1)
USER_AGENT_KEPT: Final = 400  # characters


class LinkEnded(NotFound):
    """This sign-in link was used already or has expired: ask for a new one."""

    code = "link"


@dataclass(frozen=True, slots=True)
class Device:
    """Where a session was begun, as the client tells."""

    user_agent: str | None
    address: str | None  # IP


UNKNOWN: Final = Device(None, None)


@dataclass(frozen=True, slots=True)
class Session:
    id: UUID
    workspace_id: UUID
    user_id: UUID
    role: Role
    csrf_token: str
    confined: bool  # to its workspace, whose mail vouched for the person

    @property
    def only_confined_to(self) -> UUID | None:
        """Which of the person's sessions it may see and end: None all, else those confined to this workspace."""
        return self.workspace_id if self.confined else None


async def find(pool: Pool, token: str) -> Session | None:
    """None where there is no such session, it has ended, or its person has left the workspace."""
    async with pool.connection() as conn:
        row = await queries.sessions.find(conn, token_hash=hash_token(token), idle=IDLE)
        if row is None:
            return None
        if row.pop("last_seen_at") < datetime.now(UTC) - USE_NOTED_EVERY:
            await queries.sessions.note_use(conn, id=row["id"])
    return Session(**row)


async def start(
    tx: Conn,
    *,
    user_id: UUID,
    workspace_id: UUID,
    now: datetime,
    replaces: str | None = None,
    device: Device = UNKNOWN,
    confined: bool = False,
) -> str:
    """A new session's token. The one that the browser had (`replaces`) ends: a planted cookie is worth nothing."""
    if replaces:
        await queries.sessions.end(tx, token_hash=hash_token(replaces))
    token = secrets.token_urlsafe(32)
    await queries.sessions.start(
        tx,
        id=new_id(),
        token_hash=hash_token(token),
        user_id=user_id,
        workspace_id=workspace_id,
        csrf_token=secrets.token_urlsafe(32),
        expires_at=now + LIFETIME,
        user_agent=device.user_agent[:USER_AGENT_KEPT] if device.user_agent else None,
        address=device.address,
        confined=confined,
    )
    return token


async def list_sessions(pool: Pool, *, asks: Session, page: Page) -> List[SessionItem]:
    """Where a person is signed in, newest first. A session that is confined to a workspace sees those like it alone."""
    async with pool.connection() as conn:
        found = await rows(
            queries.sessions.of_person(
                conn,
                user_id=asks.user_id,
                idle=IDLE,
                only_confined_to=asks.only_confined_to,
                after=page.after,
                before=page.before,
                count=page.limit + 1,
            )
        )
    items = [
        SessionItem(
            object="session",
            id=row["id"],
            device=device_of(row["user_agent"]),
            address=row["address"],
            created_at=row["created_at"],
            last_seen_at=row["last_seen_at"],
            current=row["id"] == asks.id,
        )
        for row in found
    ]
    return page_of(items, page)


async def end_one(pool: Pool, *, asks: Session, id: UUID) -> None:
    """Signs a device out. Raises NotFound."""
    async with pool.connection() as conn:
        if not await queries.sessions.end_one(
            conn, user_id=asks.user_id, id=id, only_confined_to=asks.only_confined_to
        ):
            raise NotFound("There is no such session: it has ended already.")


async def end(pool: Pool, token: str, *, session: Session, everywhere: bool) -> None:
    """Ends this session, or with `everywhere` all of the person's. Ending what is over already is no error."""
    async with pool.connection() as conn:
        if everywhere:
            await queries.sessions.end_all(conn, user_id=session.user_id, only_confined_to=session.only_confined_to)
        await queries.sessions.end(conn, token_hash=hash_token(token))


async def move(tx: Conn, *, id: UUID, workspace_id: UUID) -> bool:
    """Takes a session to another workspace of its person; False where there is none, or the session is confined."""
    moved: int = await queries.sessions.move(tx, id=id, workspace_id=workspace_id, csrf_token=secrets.token_urlsafe(32))
    return moved == 1


async def make_link(tx: Conn, *, user_id: UUID, now: datetime) -> str:
    """The token of a link that signs this person in once, within an hour."""
    token = secrets.token_urlsafe(32)
    await queries.sessions.make_link(tx, token_hash=hash_token(token), user_id=user_id, expires_at=now + LINK_LIFETIME)
    return token


async def use_link(pool: Pool, token: str, *, now: datetime, replaces: str | None, device: Device = UNKNOWN) -> str:
    """Spends the link and starts a session: its token. Raises LinkEnded."""
    async with transaction(pool) as tx:
        found = await queries.sessions.use_link(tx, token_hash=hash_token(token))
        if found is None:
            raise LinkEnded
        return await start(tx, **found, now=now, replaces=replaces, device=device)


def hash_token(token: str) -> bytes:
    """SHA-256. Tokens are 32 random bytes, so a slow hash would add nothing."""
    return hashlib.sha256(token.encode()).digest()
