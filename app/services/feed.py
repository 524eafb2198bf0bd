"""The live feed: "something changed in this workspace, look again". Only hints: a lost one costs a late look, no fact.

Postgres carries them between processes (NOTIFY). Each web process listens once and hands them to its clients.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

import structlog

from app.db.listening import listen
from app.db.outage import UNAVAILABLE
from app.db.pool import Pool
from app.db.queries import queries
from app.services import webhook_calls
from app.settings import Settings

CHANNEL: Final = "paceline_events"
GATHER: Final = 0.1  # seconds: what changes meanwhile goes out as one hint
HEARTBEAT: Final = 15.0  # seconds of silence until a sign of life
LIFETIME: Final = 900.0  # seconds: then the client comes back and shows who it is again

log = structlog.get_logger("paceline.feed")

_gathering: dict[UUID, asyncio.Task[None]] = {}


def announce(pool: Pool, workspace_id: UUID) -> None:
    """Tells every open page of the workspace that something changed. Call it after the commit; returns at once.

    Not part of the transaction on purpose: Postgres lets commits that notify through one at a time, and the API would
    be no faster than that.
    """
    if workspace_id not in _gathering:
        _gathering[workspace_id] = asyncio.create_task(_notify(pool, workspace_id))


async def _notify(pool: Pool, workspace_id: UUID) -> None:
    try:
        await asyncio.sleep(GATHER)
    finally:
        del _gathering[workspace_id]
    try:
        async with pool.connection() as conn:
            await queries.events.announce(conn, workspace_id=workspace_id)
        await webhook_calls.call(pool, [workspace_id])
    except UNAVAILABLE as error:
        log.warning("feed.hint_lost", error=str(error).strip())


class Feed:
    """The clients of one web process. A client is an Event: no more than one hint waits for it, however slow it is."""

    def __init__(self) -> None:
        self._clients: dict[UUID, set[asyncio.Event]] = {}
        self._closed = False

    async def run(self, settings: Settings) -> None:
        """Listens until cancelled; comes back by itself when the connection is lost."""
        await listen(settings, CHANNEL, self._heard, self._wake_all)

    async def hints(self, workspace_id: UUID) -> AsyncIterator[bool]:
        """True: something changed; False: nothing did for HEARTBEAT. Ends after LIFETIME or with the process."""
        changed = asyncio.Event()
        self._clients.setdefault(workspace_id, set()).add(changed)
        ends = asyncio.get_running_loop().time() + LIFETIME
        try:
            while not self._closed and asyncio.get_running_loop().time() < ends:
                try:
                    await asyncio.wait_for(changed.wait(), HEARTBEAT)
                except TimeoutError:
                    yield False
                    continue
                if self._closed:
                    return
                changed.clear()
                yield True
                await asyncio.sleep(GATHER)
        finally:
            clients = self._clients[workspace_id]
            clients.discard(changed)
            if not clients:
                del self._clients[workspace_id]

    def close(self) -> None:
        """Ends every stream, also those that are yet to come. Safe to call twice."""
        self._closed = True
        self._wake_all()

    def _heard(self, payload: str) -> None:
        with contextlib.suppress(ValueError):
            for changed in self._clients.get(UUID(payload), ()):
                changed.set()

    def _wake_all(self) -> None:
        # Also after a lost connection: what was said meanwhile went unheard.
        for clients in self._clients.values():
            for changed in clients:
                changed.set()
