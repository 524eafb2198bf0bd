"""The door to Redis for the API's own rate limit: how many requests a caller may make, counted over all web processes.

Fails open: without Redis requests pass. This limit protects the service from a caller in a hurry, and no promise rests
on it; refusing everybody because a counter is away would be the worse outage. The limits of sending never do so: there
Redis only proposes, and the gate in Postgres decides.
"""

from __future__ import annotations

import asyncio
import math
from pathlib import Path
from typing import Final

import msgspec
import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

PATIENCE: Final = 0.1  # seconds that a request waits for Redis at most, and only the first ones after it went away
PAUSE: Final = 1.0  # seconds between looks whether it is back

_HERE: Final = Path(__file__).parent


class Standing(msgspec.Struct, frozen=True):
    """Where a caller stands after a request was counted, or refused."""

    allowed: bool
    limit: int  # requests in a window
    remaining: int
    reset: float  # seconds until the whole limit is there again
    retry_after: float  # seconds until the next request is allowed; 0: now


class RequestLimit:
    """At most `limit` requests of a caller in any `window` seconds."""

    def __init__(self, redis_url: str, *, limit: int, window: float) -> None:
        self.limit = limit
        self.window = window
        self._redis: redis.Redis = redis.Redis.from_url(
            redis_url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=Retry(NoBackoff(), 0)
        )
        self._count = self._redis.register_script((_HERE / "requests.lua").read_text(encoding="utf-8"))
        self._return: asyncio.Task[None] | None = None  # while Redis is away, somebody waits for it

    @classmethod
    def of_rate(cls, redis_url: str, rate: float) -> RequestLimit:
        """`rate` requests a second; of less than one a second, one in the seconds that it takes."""
        limit = max(1, math.floor(rate))
        return cls(redis_url, limit=limit, window=math.ceil(1000 * limit / rate) / 1000)

    async def close(self) -> None:
        if self._return is not None:
            self._return.cancel()
        await self._redis.aclose()

    async def take(self, caller: str) -> Standing | None:
        """Counts a request of `caller`, who is known here by a hash alone. None: Redis is away, let it pass."""
        if self._return is not None:
            return None
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await self._count(keys=[f"paceline:requests:{caller}"], args=[self.limit, self.window * 1000])
        except (RedisError, OSError, TimeoutError):
            if self._return is None:
                self._return = asyncio.create_task(self._until_back())
            return None
        allowed, remaining, reset, retry_after = map(int, answer)
        return Standing(bool(allowed), self.limit, remaining, reset / 1000, retry_after / 1000)

    async def _until_back(self) -> None:
        """Only this task waits for a Redis that is away; no request does."""
        while True:
            await asyncio.sleep(PAUSE)
            try:
                async with asyncio.timeout(PAUSE):
                    await self._redis.ping()
            except (RedisError, OSError, TimeoutError):
                continue
            self._return = None
            return
