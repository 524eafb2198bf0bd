"""The door to Redis: proposals which messages may go now. They may be wrong, stale or missing without consequence: the
gate decides.

All keys of a workspace share a hash tag, so a Redis Cluster works. A scope takes one hash of at most 130 slots and one
field per runner that holds places: a few kilobytes, whatever the limit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec
import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

PATIENCE: Final = 0.5  # seconds that a call may take; a frozen Redis costs a message no more than one such wait
PAUSE: Final = 1.0  # seconds between looks whether a Redis that failed is back

_HERE: Final = Path(__file__).parent


class Scope(msgspec.Struct, frozen=True):
    kind: str  # workspace_hour, campaign_hour, mailbox_day, mailbox_hour
    id: UUID
    limit: int
    window: float  # seconds

    @property
    def is_campaign(self) -> bool:
        return self.kind == "campaign_hour"


class Ask(msgspec.Struct, frozen=True):
    recipients: int
    campaign_id: UUID | None


class Refusal(msgspec.Struct, frozen=True):
    scope: Scope
    next_at: float  # seconds since the epoch


class Settlement(msgspec.Struct, frozen=True):
    scope: Scope
    dispatched: int
    ended: int  # places no longer held, the dispatched among them
    moment: float  # of the dispatch, seconds since the epoch
    closed_until: float = 0.0  # the gate refused until then


class Reservations:
    """Every method answers None, or does nothing, while Redis is away: the caller then goes on without a proposal."""

    def __init__(self, redis_url: str, *, hold_seconds: float) -> None:
        self._redis: redis.Redis = redis.Redis.from_url(
            redis_url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=Retry(NoBackoff(), 0)
        )
        self._reserve = self._redis.register_script((_HERE / "reserve.lua").read_text(encoding="utf-8"))
        self._settle = self._redis.register_script((_HERE / "settle.lua").read_text(encoding="utf-8"))
        self._hold_seconds = hold_seconds
        self._return: asyncio.Task[None] | None = None  # while Redis is away, somebody waits for it

    async def close(self) -> None:
        if self._return is not None:
            self._return.cancel()
        await self._redis.aclose()

    async def ping(self) -> bool:
        """Whether Redis answers now."""
        try:
            async with asyncio.timeout(PATIENCE * 2):
                return bool(await self._redis.ping())
        except (RedisError, OSError, TimeoutError):
            return False

    async def reserve(
        self, workspace_id: UUID, holder: str, scopes: Sequence[Scope], asks: Sequence[Ask], *, now: float
    ) -> list[Refusal | None] | None:
        """Holds a place in all its scopes for each message that may go; a Refusal for each that may not, in order.

        Places that are never settled lapse after `hold_seconds`.
        """
        campaign_at = {scope.id: i for i, scope in enumerate(scopes, 1) if scope.is_campaign}
        arguments: list[str | float | int] = [now, holder, self._hold_seconds]
        for i, scope in enumerate(scopes, 1):
            arguments += [scope.limit, scope.window, i if scope.is_campaign else 0]
        for ask in asks:
            arguments += [ask.recipients, campaign_at.get(ask.campaign_id, 0) if ask.campaign_id else 0]
        answer = await self._call(self._reserve, keys(workspace_id, scopes), arguments)
        if answer is None:
            return None
        verdicts, next_at = answer
        return [None if at == 0 else Refusal(scopes[at - 1], float(next_at[at - 1])) for at in verdicts]

    async def settle(self, workspace_id: UUID, holder: str, settlements: Sequence[Settlement]) -> None:
        """Tells what became of places that were held. Never raises: a lost word only lapses."""
        arguments: list[str | float | int] = [holder]
        for s in settlements:
            arguments += [s.scope.window, s.scope.limit, s.moment, s.dispatched, s.ended, s.closed_until]
        await self._call(self._settle, keys(workspace_id, [s.scope for s in settlements]), arguments)

    async def _call(self, script: Any, names: list[str], arguments: list[str | float | int]) -> Any:
        if self._return is not None or not names:
            return None
        try:
            async with asyncio.timeout(PATIENCE):
                return await script(keys=names, args=arguments)
        except (RedisError, OSError, TimeoutError):
            if self._return is None:
                self._return = asyncio.create_task(self._until_back())
            return None

    async def _until_back(self) -> None:
        """Only this task waits for a Redis that is away; nobody else does."""
        while True:
            await asyncio.sleep(PAUSE)
            if await self.ping():
                self._return = None
                return


def keys(workspace_id: UUID, scopes: Sequence[Scope]) -> list[str]:
    """A hash a scope and window: the numbers of its slots mean nothing under another window."""
    return [f"paceline:{{{workspace_id}}}:{scope.kind}:{scope.id}:{scope.window:g}" for scope in scopes]
