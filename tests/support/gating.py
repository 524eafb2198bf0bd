"""The gate as a runner asks it, without a runner."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from app.db.pool import Conn
from app.db.queries import queries, rows
from app.domain.pacing import dot_deadline
from app.services.leases import Lease
from tests.support.mailroom import Mailroom


class Word(msgspec.Struct, frozen=True):
    """What the gate says of one message."""

    email_id: UUID
    verdict: str
    dispatch_id: int | None
    at: datetime
    next_at: datetime | None


class Gate:
    """The gate of one mailbox, for whoever holds this lease."""

    def __init__(self, room: Mailroom, lease: Lease, *, window: float = 3600.0) -> None:
        self.room = room
        self.lease = lease
        self.window = window

    @classmethod
    async def of(cls, room: Mailroom, mailbox_id: UUID, *, window: float = 3600.0) -> Gate:
        return cls(room, await room.lease(mailbox_id), window=window)

    async def ask(
        self, ids: Sequence[UUID], *, prior_dot: datetime | None = None, revision: int = 0, **wrong: Any
    ) -> list[Word]:
        """One commit; the words in the order of `ids`. `wrong` overrides parts of the lease."""
        async with self.room.pool.connection() as conn:
            return await self.ask_on(conn, ids, prior_dot=prior_dot, revision=revision, **wrong)

    async def ask_on(
        self, conn: Conn, ids: Sequence[UUID], *, prior_dot: datetime | None = None, revision: int = 0, **wrong: Any
    ) -> list[Word]:
        """The same on a connection of the caller's."""
        key = {"workspace_id": self.lease.workspace_id, **self.lease.key} | wrong
        found = await rows(
            queries.delivery.gate(
                conn,
                **key,
                window=self.window,
                prior_dot=prior_dot,
                email_ids=list(ids),
                revisions=[revision] * len(ids),
            )
        )
        by_id = {row["email_id"]: Word(**row) for row in found}
        return [by_id[email_id] for email_id in ids]

    async def verdicts(self, ids: Sequence[UUID], **how: Any) -> list[str]:
        return [word.verdict for word in await self.ask(ids, **how)]

    async def press(self, ids: Sequence[UUID], batch: int, until: float) -> None:
        """Asks for one message after another, `batch` at a time, as soon as the gate says that there is room."""
        loop = asyncio.get_running_loop()
        left = list(ids)
        while left and loop.time() < until:
            words = await self.ask(left[:batch])
            gone = {word.email_id for word in words if word.verdict == "go"}
            left = [email_id for email_id in left if email_id not in gone]
            refused = [word for word in words if word.next_at is not None]
            if refused:
                wait = min(word.next_at for word in refused if word.next_at is not None) - await self.room.now()
                await asyncio.sleep(min(max(wait.total_seconds(), 0), max(until - loop.time(), 0)))


def closest(moments: Sequence[datetime], limit: int) -> timedelta:
    """The shortest time in which `limit` + 1 dispatches happened."""
    ordered = sorted(moments)
    return min((later - ordered[i] for i, later in enumerate(ordered[limit:])), default=timedelta.max)


def margin(window: float) -> timedelta:
    """What `closest` may not go below: then no window is over the limit, wherever within its deadline a dot falls."""
    return timedelta(seconds=window + dot_deadline(window))
