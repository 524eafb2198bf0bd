"""What `paceline up` does in the database before the processes start: migrate and seed.

A module of its own because its imports take time.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from socket import gethostname

import structlog

from app.db.migrate import migrate
from app.db.outage import UNAVAILABLE
from app.db.pool import make_pool
from app.db.queries import queries, rows
from app.embedded.folder import LOOPBACK, DataFolder
from app.errors import Unavailable
from app.pacing.reservations import Reservations
from app.services.setup import InboxAddress, seed
from app.settings import Settings, load

API_KEY = "api_key"  # the file that keeps the key which is shown at each start

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Opened:
    sign_in_url: str
    api_key: str
    worker_is_ready: Callable[[int], Awaitable[bool]]


@asynccontextmanager
async def opened(environment: Mapping[str, str], folder: DataFolder, *, smtp_port: int) -> AsyncIterator[Opened]:
    """Migrates and seeds. Raises DatabaseTooNew, or Unavailable when Postgres or Redis does not answer."""
    settings = load(environment)
    await _check_redis(settings)
    for name in await migrate(settings.database_url):
        log.info("migrate.applied", name=name)
    inbox = InboxAddress(smtp_host=LOOPBACK, smtp_port=smtp_port, url=environment["PACELINE_INBOX_URL"])
    try:
        async with make_pool(settings, name="up", min_size=1, max_size=2) as pool:
            seeded = await seed(pool, settings, inbox=inbox, existing_api_key=folder.recall(API_KEY))
            if seeded.api_key != folder.recall(API_KEY):
                folder.remember(API_KEY, seeded.api_key)

            async def worker_is_ready(pid: int) -> bool:
                if pool.closed:
                    return True  # a restart: that it runs is all we ask
                async with pool.connection() as conn:
                    alive = await rows(queries.workers.alive(conn, host=gethostname()))
                return any(row["pid"] == pid for row in alive)

            yield Opened(seeded.sign_in_url, seeded.api_key, worker_is_ready)
    except UNAVAILABLE as error:
        raise Unavailable(f"Postgres does not answer: {error}") from error


async def _check_redis(settings: Settings) -> None:
    reservations = Reservations(settings.redis_url, hold_seconds=settings.lease_seconds)
    try:
        if not await reservations.ping():
            raise Unavailable("Redis does not answer, or refuses the password: check REDIS_URL.")
    finally:
        await reservations.close()
