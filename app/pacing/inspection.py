"""What `paceline doctor` asks Redis itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import redis.asyncio as redis
from redis.exceptions import RedisError

from app.errors import ConfigurationError, Unavailable

PATIENCE: Final = 3.0  # seconds


@dataclass(frozen=True, slots=True)
class RedisFacts:
    version: str
    append_only: bool  # whether it keeps an append-only file


async def inspect(redis_url: str) -> RedisFacts:
    """Raises Unavailable with Redis's own words, or ConfigurationError for a URL that is none."""
    try:
        client = redis.Redis.from_url(redis_url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
    except ValueError as error:
        raise ConfigurationError(f"REDIS_URL is not a Redis URL: {error}") from error
    try:
        server = await client.info("server")
        persistence = await client.info("persistence")
    except (RedisError, OSError) as error:
        raise Unavailable(f"Redis does not answer: {error}") from error
    finally:
        await client.aclose()
    return RedisFacts(str(server["redis_version"]), bool(persistence.get("aof_enabled")))
