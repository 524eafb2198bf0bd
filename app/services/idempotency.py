"""Idempotency keys: a request that is repeated with its key is answered again, not done again.

The key is written in the transaction that does the work and stands or falls with it: at no moment is there one without
the other. Refused requests leave no key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec

from app.db.locks import LockTimeout, lock_wait
from app.db.pool import Conn, Pool
from app.db.queries import queries
from app.db.transaction import retrying
from app.domain.text import is_one_line
from app.errors import ConcurrentIdempotentRequests, InvalidIdempotentRequest, ValidationError

KEY_LIMIT: Final = 256  # characters
TWIN_WAIT: Final = 5.0  # seconds that a parallel twin waits for the first

T = TypeVar("T")


class Request(msgspec.Struct, frozen=True):
    """What makes two requests the same one: the key, and everything that they ask for."""

    key: str
    body_hash: bytes


def request(key: str | None, operation: str, body: Any) -> Request | None:
    """None without a key. `body` is anything that JSON can say; the order of its fields does not matter.

    Raises ValidationError for a key that is empty, too long or not one line.
    """
    if key is None:
        return None
    if not 1 <= len(key) <= KEY_LIMIT:
        raise ValidationError.at("Idempotency-Key", f"An idempotency key has 1 to {KEY_LIMIT} characters.")
    if not is_one_line(key):
        raise ValidationError.at("Idempotency-Key", "An idempotency key cannot have control characters.")
    said = msgspec.json.encode((operation, body), order="deterministic")
    return Request(key, hashlib.sha256(said).digest())


async def once(
    pool: Pool,
    asked: Request | None,
    *,
    workspace_id: UUID,
    answer: type[T],
    work: Callable[[Conn], Awaitable[T]],
    status_code: int = 200,
) -> T:
    """Runs `work` in a transaction and keeps its answer for a day, or gives the answer that was kept.

    Raises InvalidIdempotentRequest if the key was used for something else, ConcurrentIdempotentRequests if the first
    request with it is still at work after TWIN_WAIT. Without a key (`asked` None) it is just the transaction.
    """
    if asked is None:
        return await retrying(pool, work)

    async def guarded(tx: Conn) -> T:
        try:
            async with lock_wait(tx, TWIN_WAIT):
                mine = await queries.idempotency.claim(
                    tx, workspace_id=workspace_id, key=asked.key, body_hash=asked.body_hash
                )
        except LockTimeout:
            raise ConcurrentIdempotentRequests from None
        if mine is None:
            return await _kept(tx, asked, workspace_id, answer)
        done = await work(tx)
        response = msgspec.json.encode(done).decode()
        await queries.idempotency.keep(
            tx, workspace_id=workspace_id, key=asked.key, status_code=status_code, response=response
        )
        return done

    return await retrying(pool, guarded)


async def _kept(tx: Conn, asked: Request, workspace_id: UUID, answer: type[T]) -> T:
    kept = await queries.idempotency.kept(tx, workspace_id=workspace_id, key=asked.key)
    if kept is None:  # it ran out of its day and was cleared away in this very moment
        raise ConcurrentIdempotentRequests
    if kept["body_hash"] != asked.body_hash:
        raise InvalidIdempotentRequest
    return msgspec.convert(kept["response"], answer)
