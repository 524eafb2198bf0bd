"""Writes outcomes down, many in one commit. One for the whole worker process."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from uuid import UUID

import structlog

from app.db.outage import UNAVAILABLE
from app.db.pool import Pool
from app.services import delivery, leases
from tasks import failpoints
from tasks.connections import PATIENCE, Connections

log = structlog.get_logger()

MOST = 500  # outcomes in one commit
HINT_EVERY = 0.25  # seconds between hints to the dashboards


class Recorder:
    """What is added is written as soon as the commit before it is done, or a moment later where more is about to come:
    the busier, the larger the batch.

    An outage of the database only makes it wait: what the server answered is not forgotten while the process lives.
    """

    def __init__(self, pool: Pool, connections: Connections) -> None:
        self._pool = pool
        self._connections = connections
        self._gathered = asyncio.Event()
        self._wanted = 0  # outcomes for which the next commit waits
        self._outcomes: list[delivery.Outcome] = []
        self._changed: set[UUID] = set()
        self._added = asyncio.Event()
        self._count = 0  # how many were ever added
        self._flushing: deque[tuple[int, asyncio.Future[None]]] = deque()  # who waits until so many are committed
        self._ended = False

    def add(self, outcome: delivery.Outcome) -> None:
        self._outcomes.append(outcome)
        self._count += 1
        self._added.set()
        if len(self._outcomes) >= self._wanted:
            self._gathered.set()

    @property
    def waiting(self) -> int:
        """How many outcomes are not committed yet."""
        return len(self._outcomes)

    def changed(self, workspace_id: UUID) -> None:
        """Something else of this workspace changed that a dashboard shows."""
        self._changed.add(workspace_id)

    async def flush(self) -> None:
        """Returns once all that was added until now is committed, or never will be."""
        if self._outcomes and not self._ended:
            committed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._flushing.append((self._count, committed))
            self._gathered.set()
            await committed

    async def run(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._write())
                group.create_task(self._hint())
        finally:
            self._ended = True
            self._tell(self._count)

    async def _write(self) -> None:
        while True:
            await self._added.wait()
            await self._gather()
            batch = self._outcomes[:MOST]
            if not batch:
                self._added.clear()
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
            self._tell(self._count - len(self._outcomes))
            self._changed.update(outcome.workspace_id for outcome in batch)

    async def _gather(self) -> None:
        self._wanted = self._connections.worth_waiting_for()
        if len(self._outcomes) >= self._wanted or self._flushing:
            return
        self._gathered.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self._gathered.wait()

    def _tell(self, committed: int) -> None:
        while self._flushing and self._flushing[0][0] <= committed:
            _, waiting = self._flushing.popleft()
            if not waiting.done():
                waiting.set_result(None)

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
