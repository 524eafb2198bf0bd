"""The live feed: "something changed in this workspace, look again". Only hints: a lost one costs a late look, no fact.

Postgres carries them between processes (NOTIFY). Each web process listens once and hands them to its clients. A hint
follows its commit and carries no cursor over rows, so it makes no difference in which order transactions end.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import structlog

from app.db.listening import listen
from app.db.outage import UNAVAILABLE
from app.db.pool import Pool
from app.db.queries import queries, rows
from app.services import webhook_calls
from app.settings import Settings

CHANNEL: Final = "paceline_events"
GATHER: Final = 0.1  # seconds: what changes meanwhile goes out as one hint
HEARTBEAT: Final = 15.0  # seconds of silence until a sign of life
LIFETIME: Final = 900.0  # seconds: then the client comes back and shows who it is again
LOOK: Final = 3.0  # seconds between two looks whether those who listen still may
REMEMBERED: Final = 10_000  # workspaces whose position is kept

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


@dataclass(frozen=True, slots=True)
class Hint:
    """`changed`: look again; else a sign of life. A client that comes back shows the last `position` it was given."""

    changed: bool
    position: str | None


@dataclass(eq=False, slots=True)
class Client:
    """Who listens, by the id of their key or session. No more than one hint waits for it, however slow it is."""

    workspace_id: UUID
    credential: UUID
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    over: bool = False


class Feed:
    """The clients of one web process.

    A workspace's position is a random word that its next change forgets. A client that comes back with the word that
    holds has missed nothing; one with any other word may have, be it from another process or made up.
    """

    def __init__(self) -> None:
        self._clients: dict[UUID, set[Client]] = {}
        self._positions: dict[UUID, str] = {}
        self._closed = False

    async def run(self, settings: Settings) -> None:
        """Listens until cancelled; comes back by itself when the connection is lost."""
        await listen(settings, CHANNEL, self._heard, self._connected)

    async def end_revoked(self, pool: Pool) -> None:
        """Until cancelled: ends the streams of keys, sessions and members that hold no more. One query for all."""
        while True:
            await asyncio.sleep(LOOK)
            clients = [client for clients in self._clients.values() for client in clients]
            try:
                allowed = await _allowed(pool, clients) if clients else set()
            except Exception as error:  # of Postgres: without it there is nothing to tell either, and LIFETIME holds
                log.warning("feed.unchecked", error=str(error).strip())
                continue
            for client in clients:
                if (client.workspace_id, client.credential) not in allowed:
                    client.over = True
                    client.woken.set()

    async def hints(self, workspace_id: UUID, credential: UUID, last: str | None = None) -> AsyncIterator[Hint]:
        """At once the position, with a hint if something may have changed since `last`, where a client had been before;
        then a hint after each change and a sign of life after each HEARTBEAT without one. Ends after LIFETIME, with the
        process, and when `credential` ends."""
        client = Client(workspace_id, credential)
        self._clients.setdefault(workspace_id, set()).add(client)
        ends = asyncio.get_running_loop().time() + LIFETIME
        try:
            position = self._position(workspace_id)
            yield Hint(changed=last is not None and last != position, position=position)
            while not self._ended(client) and asyncio.get_running_loop().time() < ends:
                try:
                    await asyncio.wait_for(client.woken.wait(), HEARTBEAT)
                except TimeoutError:
                    yield Hint(changed=False, position=None)
                    continue
                if self._ended(client):
                    return
                # In this order: what is heard from here on wakes again and makes this position one of the past.
                client.woken.clear()
                yield Hint(changed=True, position=self._position(workspace_id))
                await asyncio.sleep(GATHER)
        finally:
            clients = self._clients[workspace_id]
            clients.discard(client)
            if not clients:
                del self._clients[workspace_id]

    def close(self) -> None:
        """Ends every stream, also those that are yet to come. Safe to call twice."""
        self._closed = True
        self._wake_all()

    def _ended(self, client: Client) -> bool:
        return self._closed or client.over

    def _position(self, workspace_id: UUID) -> str:
        if workspace_id not in self._positions and len(self._positions) >= REMEMBERED:
            del self._positions[next(iter(self._positions))]
        return self._positions.setdefault(workspace_id, secrets.token_hex(8))

    def _heard(self, payload: str) -> None:
        with contextlib.suppress(ValueError):
            workspace_id = UUID(payload)
            self._positions.pop(workspace_id, None)
            for client in self._clients.get(workspace_id, ()):
                client.woken.set()

    def _connected(self) -> None:
        # Perhaps after a lost connection: what was said meanwhile went unheard.
        self._positions.clear()
        self._wake_all()

    def _wake_all(self) -> None:
        for clients in self._clients.values():
            for client in clients:
                client.woken.set()


async def _allowed(pool: Pool, clients: list[Client]) -> set[tuple[UUID, UUID]]:
    """Those of them, as workspace and credential, whose key or session still holds."""
    async with pool.connection() as conn:
        found = await rows(
            queries.events.may_listen(
                conn,
                workspace_ids=[client.workspace_id for client in clients],
                credentials=[client.credential for client in clients],
            )
        )
    return {(row["workspace_id"], row["credential"]) for row in found}
