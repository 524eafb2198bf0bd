"""API keys: shown once, kept as a hash, revoked for good."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from app.contract.accounts import ApiKey, NewApiKey, NewApiKeyShown
from app.contract.lists import List, Page, page_of
from app.db.pool import Conn, Pool
from app.db.queries import queries, rows
from app.db.transaction import transaction
from app.domain.ids import new_id
from app.errors import NotFound
from app.services.sessions import hash_token

PREFIX: Final = "pl_"
SHOWN: Final = len(PREFIX) + 6  # characters that tell keys apart afterwards
USE_NOTED_EVERY: Final = timedelta(minutes=1)  # a key in heavy use costs one write a minute

Scope = Literal["full", "send"]


class NoSuchUser(NotFound):
    """Nobody with this email address has an account here."""


@dataclass(frozen=True, slots=True)
class KeyHolder:
    workspace_id: UUID
    key_id: UUID
    name: str
    user_id: UUID | None
    scope: Scope


async def authenticate(pool: Pool, token: str) -> KeyHolder | None:
    """None where the key is unknown or revoked. Found by its hash, so there is nothing to compare byte by byte."""
    if not token.startswith(PREFIX):
        return None
    async with pool.connection() as conn:
        row = await queries.api_keys.by_hash(conn, key_hash=hash_token(token))
        if row is None:
            return None
        if row["last_used_at"] is None or row["last_used_at"] < datetime.now(UTC) - USE_NOTED_EVERY:
            await queries.api_keys.note_use(conn, workspace_id=row["workspace_id"], id=row["id"])
    return KeyHolder(row["workspace_id"], row["id"], row["name"], row["created_by"], row["scope"])


async def create(pool: Pool, *, workspace_id: UUID, created_by: UUID | None, wanted: NewApiKey) -> NewApiKeyShown:
    async with transaction(pool) as tx:
        return await add(tx, workspace_id=workspace_id, created_by=created_by, name=wanted.name, scope=wanted.scope)


async def create_for_email(pool: Pool, email: str, scope: Scope, *, name: str = "Command line") -> str:
    """A new key in the first workspace of the person with this address. Raises NoSuchUser."""
    async with transaction(pool) as tx:
        person = await queries.users.by_email(tx, email=email.strip().lower())
        if person is None or person["workspace_id"] is None:
            raise NoSuchUser(f"Nobody with the address {email} has an account here: sign in once with it.")
        shown = await add(tx, workspace_id=person["workspace_id"], created_by=person["id"], name=name, scope=scope)
    return shown.token


async def add(tx: Conn, *, workspace_id: UUID, created_by: UUID | None, name: str, scope: Scope) -> NewApiKeyShown:
    token = PREFIX + secrets.token_urlsafe(32)
    row = await queries.api_keys.add(
        tx,
        workspace_id=workspace_id,
        id=new_id(),
        name=name,
        prefix=token[:SHOWN],
        key_hash=hash_token(token),
        scope=scope,
        created_by=created_by,
    )
    return NewApiKeyShown(object="api_key", token=token, **row)


async def list_keys(pool: Pool, *, workspace_id: UUID, page: Page) -> List[ApiKey]:
    """The keys that still work, newest first."""
    async with pool.connection() as conn:
        found: list[dict[str, Any]] = await rows(
            queries.api_keys.page(
                conn, workspace_id=workspace_id, after=page.after, before=page.before, count=page.limit + 1
            )
        )
    return page_of([ApiKey(object="api_key", **row) for row in found], page)


async def revoke(pool: Pool, *, workspace_id: UUID, id: UUID) -> None:
    """From now on the key is refused. Raises NotFound where it is unknown or was revoked before."""
    async with pool.connection() as conn:
        if not await queries.api_keys.revoke(conn, workspace_id=workspace_id, id=id):
            raise NotFound
