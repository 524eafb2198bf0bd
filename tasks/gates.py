"""The gate of a worker for what nothing counts: mailboxes of a workspace that ask meanwhile share the next commit."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import msgspec

from app.db.outage import REFUSED
from app.db.pool import Pool
from app.services import delivery
from app.services.delivery import Due, Verdict
from app.services.leases import Lease

MOST: Final = 200  # messages in one commit
AT_ONCE: Final = 2  # commits of one workspace: while one is flushed the other is worked out

Answer = tuple[Mapping[UUID, Verdict], float]  # and the monotonic time at which the database was asked


class _Ask(msgspec.Struct, frozen=True, eq=False):
    lease: Lease
    offers: Sequence[Due]
    answer: asyncio.Future[Answer]


class Gates:
    def __init__(self, pool: Pool, *, window: float) -> None:
        """`window`: seconds of an hour."""
        self._pool = pool
        self._window = window
        self._waiting: dict[UUID, deque[_Ask]] = {}  # by workspace; one that nobody asks for has none
        self._under_way: dict[UUID, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, lease: Lease, offers: Sequence[Due]) -> Answer:
        """The verdict on each of `offers`; `counted` where gate() is to be asked. A mailbox asks one at a time."""
        workspace_id = lease.workspace_id
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(workspace_id, deque()).append(_Ask(lease, offers, answer))
        if self._under_way.get(workspace_id, 0) < AT_ONCE:
            self._under_way[workspace_id] = self._under_way.get(workspace_id, 0) + 1
            task = asyncio.create_task(self._serve(workspace_id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await answer

    async def _serve(self, workspace_id: UUID) -> None:
        """Asks as long as somebody waits."""
        try:
            while waiting := self._waiting.get(workspace_id):
                batch, size = [waiting.popleft()], 0
                while waiting and (size := size + len(batch[-1].offers)) < MOST:
                    batch.append(waiting.popleft())
                await self._pass(batch)
        finally:
            self._under_way[workspace_id] -= 1
            if not self._under_way[workspace_id]:
                del self._under_way[workspace_id]
                self._waiting.pop(workspace_id, None)

    async def _pass(self, batch: Sequence[_Ask]) -> None:
        asked = time.monotonic()
        offers = [(ask.lease, offer) for ask in batch for offer in ask.offers]
        try:
            verdicts = await delivery.gate_unlimited(self._pool, window=self._window, offers=offers)
        except REFUSED as error:
            # The database has undone it for certain: what one mailbox is at fault for costs the others nothing.
            if len(batch) == 1:
                _refuse(batch, error)
            for ask in batch if len(batch) > 1 else ():
                await self._pass([ask])
        except Exception as error:
            _refuse(batch, error)
        except BaseException:
            for ask in batch:
                ask.answer.cancel()
            raise
        else:
            for ask in batch:
                if not ask.answer.done():
                    ask.answer.set_result((verdicts, asked))


def _refuse(batch: Sequence[_Ask], error: Exception) -> None:
    for ask in batch:
        if not ask.answer.done():
            ask.answer.set_exception(error)
