"""Writes outcomes down, many in one commit. One for the whole worker process."""

from __future__ import annotations

import asyncio
from uuid import UUID

import structlog

from app.db.outage import UNAVAILABLE
from app.db.pool import Pool
from app.services import delivery, leases
from tasks import failpoints

log = structlog.get_logger()

MOST = 500  # outcomes in one commit
HINT_EVERY = 0.25  # seconds between hints to the dashboards


class Recorder:
    """What is added is written as soon as the commit before it is done: the busier, the larger the batch.

    An outage of the database only makes it wait: what the server answered is not forgotten while the process lives.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._outcomes: list[delivery.Outcome] = []
        self._changed: set[UUID] = set()
        self._added = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._ended = False

    def add(self, outcome: delivery.Outcome) -> None:
        self._outcomes.append(outcome)
        if not self._ended:
            self._idle.clear()
        self._added.set()

    @property
    def waiting(self) -> int:
        """How many outcomes are not committed yet."""
        return len(self._outcomes)

    def changed(self, workspace_id: UUID) -> None:
        """Something else of this workspace changed that a dashboard shows."""
        self._changed.add(workspace_id)

    async def flush(self) -> None:
        """Returns once all that was added is committed, or never will be."""
        await self._idle.wait()

    async def run(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._write())
                group.create_task(self._hint())
        finally:
            self._ended = True
            self._idle.set()

    async def _write(self) -> None:
        while True:
            await self._added.wait()
            batch = self._outcomes[:MOST]
            if not batch:
                self._added.clear()
                self._idle.set()
                continue
            failpoints.passing("record.asked")
            try:
                await self._record(batch)
            except UNAVAILABLE as error:
                log.warning("record.waits", waiting=len(self._outcomes), error=str(error).strip())
                await asyncio.sleep(0.5)
                continue
            failpoints.passing("record.committed")
            del self._outcomes[: len(batch)]
            self._changed.update(outcome.workspace_id for outcome in batch)

    async def _record(self, batch: list[delivery.Outcome]) -> None:
        """One that the database will not have costs the others nothing: its message becomes `uncertain` in time."""
        try:
            await delivery.record(self._pool, batch)
        except UNAVAILABLE:
            raise
        except Exception:
            if len(batch) == 1:
                log.exception("record.failed", email=str(batch[0].email_id))
                return
            for outcome in batch:
                await self._record([outcome])

    async def _hint(self) -> None:
        while True:
            await asyncio.sleep(HINT_EVERY)
            if not self._changed:
                continue
            changed, self._changed = self._changed, set()
            try:
                await leases.hint(self._pool, list(changed))
            except UNAVAILABLE:
                self._changed |= changed
