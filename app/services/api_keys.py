"""API keys: shown once, kept as a hash, revoked for good."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from app.contract.accounts import ApiKey, NewApiKey, NewApiKeyShown
from app.contract.lists import List, Page, page_of
from app.db.coalescing import Coalescer
from app.db.pool import Conn, Pool
from app.db.queries import queries, rows
from app.db.transaction import transaction
from app.domain.ids import new_id
from app.domain.roles import Role
from app.domain.text import is_one_line
from app.errors import InvalidApiKey, NotFound, ValidationError
from app.services.sessions import hash_token

PREFIX: Final = "pl_"
SHOWN: Final = len(PREFIX) + 6  # characters that tell keys apart afterwards
USE_NOTED_EVERY: Final = timedelta(minutes=1)  # a key in heavy use costs one write a minute

Scope = Literal["full", "send"]


class NoSuchUser(NotFound):
    """Nobody with this email address has an account here."""


class ExpiredApiKey(InvalidApiKey):
    """This API key has expired: make a new one."""


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Whose key it is. `role` is that of the person who made it, as it is now: a key may never do more."""

    workspace_id: UUID
    key_id: UUID
    name: str
    user_id: UUID | None
    scope: Scope
    role: Role


async def authenticate(pool: Pool, token: str) -> KeyHolder | None:
    """None where the key is unknown or revoked, or who made it is no member any more. Raises ExpiredApiKey.

    Found by its hash, so there is nothing to compare byte by byte.
    """
    if not token.startswith(PREFIX):
        return None
    row = await _LOOKS.ask(pool, hash_token(token))
    if row is None:
        return None
    now = datetime.now(UTC)
    if row["expires_at"] is not None and row["expires_at"] <= now:
        raise ExpiredApiKey(f"This API key expired at {row['expires_at']:%Y-%m-%d %H:%M} UTC: make a new one.")
    if row["last_used_at"] is None or row["last_used_at"] < now - USE_NOTED_EVERY:
        async with pool.connection() as conn:
            await queries.api_keys.note_use(conn, workspace_id=row["workspace_id"], id=row["id"])
    return KeyHolder(row["workspace_id"], row["id"], row["name"], row["created_by"], row["scope"], row["role"])


async def _find(pool: Pool, hashes: Sequence[bytes]) -> Sequence[dict[str, Any] | None]:
    async with pool.connection() as conn:
        found = {
            bytes(row["key_hash"]): row for row in await rows(queries.api_keys.by_hash(conn, hashes=list(set(hashes))))
        }
    return [found.get(each) for each in hashes]


# Requests that come together ask together. Each sees a key that was revoked before it came as revoked.
_LOOKS: Final = Coalescer(_find)


async def create(
    pool: Pool, *, workspace_id: UUID, created_by: UUID | None, wanted: NewApiKey, now: datetime
) -> NewApiKeyShown:
    """Raises ValidationError for an end that has passed or is not told in a timezone."""
    ends = wanted.expires_at
    if ends is not None and (ends.tzinfo is None or ends <= now):
        why = "has no offset: add Z or one such as +02:00" if ends.tzinfo is None else "lies in the past"
        raise ValidationError.at("expires_at", f"The time {why}.")
    if not is_one_line(wanted.name) or not wanted.name.strip():
        raise ValidationError.at("name", "A name is one line.")
    async with transaction(pool) as tx:
        return await add(
            tx, workspace_id=workspace_id, created_by=created_by, name=wanted.name, scope=wanted.scope, expires_at=ends
        )


async def create_for_email(pool: Pool, email: str, scope: Scope, *, name: str = "Command line") -> str:
    """A new key in the first workspace of the person with this address. Raises NoSuchUser."""
    async with transaction(pool) as tx:
        person = await queries.users.by_email(tx, email=email.strip().lower())
        if person is None or person["workspace_id"] is None:
            raise NoSuchUser(f"Nobody with the address {email} has an account here: sign in once with it.")
        shown = await add(tx, workspace_id=person["workspace_id"], created_by=person["id"], name=name, scope=scope)
    return shown.token


async def add(
    tx: Conn,
    *,
    workspace_id: UUID,
    created_by: UUID | None,
    name: str,
    scope: Scope,
    expires_at: datetime | None = None,
) -> NewApiKeyShown:
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
        expires_at=expires_at,
    )
    return NewApiKeyShown(object="api_key", token=token, **row)


async def list_keys(pool: Pool, *, workspace_id: UUID, page: Page) -> List[ApiKey]:
    """The keys that were not revoked, newest first."""
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
