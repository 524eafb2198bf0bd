"""API_RATE_LIMIT: requests of one API key, over all web processes. Browsers with a session are not counted.

Answers carry `ratelimit-limit`, `ratelimit-remaining` and `ratelimit-reset` (seconds), as Resend's do, and a refusal
`retry-after`. Counted before the key is looked up, so that a caller in a hurry costs Postgres nothing.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar
from litestar.connection import ASGIConnection

from app.errors import RateLimited
from app.pacing.requests import RequestLimit
from app.settings import Settings


@asynccontextmanager
async def open_limit(app: Litestar) -> AsyncIterator[None]:
    """Lifespan: `app.state.request_limit`, None where requests are not limited."""
    settings: Settings = app.state.settings
    app.state.request_limit = None
    if settings.api_rate_limit is None:
        yield
        return
    limit = RequestLimit.of_rate(settings.redis_url, settings.api_rate_limit)
    app.state.request_limit = limit
    try:
        yield
    finally:
        await limit.close()


async def check(connection: ASGIConnection[Any, Any, Any, Any], token: str) -> None:
    """Counts a request made with this key. Raises RateLimited."""
    limit: RequestLimit | None = connection.app.state.request_limit
    if limit is None:
        return
    standing = await limit.take(hashlib.sha256(token.encode()).hexdigest()[:32])
    if standing is None:
        return
    connection.scope["state"]["answer_headers"] = [
        (b"ratelimit-limit", b"%d" % standing.limit),
        (b"ratelimit-remaining", b"%d" % standing.remaining),
        (b"ratelimit-reset", b"%d" % math.ceil(standing.reset)),
    ]
    if not standing.allowed:
        raise RateLimited(
            f"Too many requests with this API key: at most {standing.limit} in {limit.window:g} s are allowed. "
            f"Try again in {max(1, math.ceil(standing.retry_after))} s.",
            retry_after=standing.retry_after,
        )
