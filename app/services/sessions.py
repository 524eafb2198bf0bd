"""Sessions and one-time sign-in links, in Postgres. Of their tokens only the hash is kept."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from app.db.pool import Conn, Pool
from app.db.queries import queries
from app.db.transaction import transaction
from app.errors import NotFound

LIFETIME: Final = timedelta(days=30)
LINK_LIFETIME: Final = timedelta(hours=1)


class LinkEnded(NotFound):
    """This sign-in link was used already or is older than an hour: ask for a new one."""

    code = "link"


@dataclass(frozen=True, slots=True)
class Session:
    workspace_id: UUID
    user_id: UUID
    role: Literal["owner", "member", "viewer"]
    csrf_token: str


async def find(pool: Pool, token: str) -> Session | None:
    """None where there is no such session, it has ended, or its person has left the workspace."""
    async with pool.connection() as conn:
        row = await queries.sessions.find(conn, token_hash=hash_token(token))
    return None if row is None else Session(**row)


async def start(tx: Conn, *, user_id: UUID, workspace_id: UUID, now: datetime, replaces: str | None = None) -> str:
    """A new session's token. The one that the browser had (`replaces`) ends: a planted cookie is worth nothing."""
    if replaces:
        await queries.sessions.end(tx, token_hash=hash_token(replaces))
    token = secrets.token_urlsafe(32)
    await queries.sessions.start(
        tx,
        token_hash=hash_token(token),
        user_id=user_id,
        workspace_id=workspace_id,
        csrf_token=secrets.token_urlsafe(32),
        expires_at=now + LIFETIME,
    )
    return token


async def end(pool: Pool, token: str, *, user_id: UUID, everywhere: bool) -> None:
    """Ends this session, or with `everywhere` all of the person's. Ending what is over already is no error."""
    async with pool.connection() as conn:
        if everywhere:
            await queries.sessions.end_all(conn, user_id=user_id)
        else:
            await queries.sessions.end(conn, token_hash=hash_token(token))


async def make_link(tx: Conn, *, user_id: UUID, now: datetime) -> str:
    """The token of a link that signs this person in once, within an hour."""
    token = secrets.token_urlsafe(32)
    await queries.sessions.make_link(tx, token_hash=hash_token(token), user_id=user_id, expires_at=now + LINK_LIFETIME)
    return token


async def use_link(pool: Pool, token: str, *, now: datetime, replaces: str | None) -> str:
    """Spends the link and starts a session: its token. Raises LinkEnded."""
    async with transaction(pool) as tx:
        found = await queries.sessions.use_link(tx, token_hash=hash_token(token))
        if found is None:
            raise LinkEnded
        return await start(tx, user_id=found["user_id"], workspace_id=found["workspace_id"], now=now, replaces=replaces)


def hash_token(token: str) -> bytes:
    """SHA-256. Tokens are 32 random bytes, so a slow hash would add nothing."""
    return hashlib.sha256(token.encode()).digest()
