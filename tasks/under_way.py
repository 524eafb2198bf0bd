"""What a runner has handed over: each message is a task until it is known what became of it."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from app.services.delivery import Due
from tasks.following import Behind

if TYPE_CHECKING:
    from tasks.runner import Runner


class UnderWay:
    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._returned: dict[UUID, Due] = {}  # go back into hand when their tasks end

    def __len__(self) -> int:
        return len(self._tasks)

    def __contains__(self, email_id: UUID) -> bool:
        return email_id in self._tasks

    @property
    def ids(self) -> list[UUID]:
        return [*self._tasks]

    @property
    def connected(self) -> int:
        """How many messages have a connection, or are about to."""
        return len(self._tasks) - len(self._runner.following)

    @property
    def lead(self) -> float:
        """Seconds before its time that a message may take a connection: none that what is due might want."""
        runner = self._runner
        may_lead = runner.worker.connections.has_room and not runner.troubles.count
        return runner.head_start.seconds if may_lead else 0.0

    def start(self, message: Due, behind: Behind | None = None) -> None:
        """Has a message of the hand delivered."""
        self._runner.schedule.handed_over()
        self._runner.gate.expect(message)
        task = asyncio.create_task(self._runner.deliverer.deliver(message, behind))
        self._tasks[message.id] = task
        task.add_done_callback(partial(self._done, message.id))

    def again(self, message: Due) -> None:
        """It could not go this time: it keeps its turn and its places and is tried once more."""
        self._returned[message.id] = message

    async def all_ended(self) -> None:
        while self._tasks:
            await asyncio.wait(self._tasks.values())

    def _done(self, email_id: UUID, _task: asyncio.Task[None]) -> None:
        runner = self._runner
        self._tasks.pop(email_id, None)
        runner.following.forget(email_id)
        runner.gate.forget(email_id)
        returned = self._returned.pop(email_id, None)
        if returned is not None:
            runner.hand.add([returned])
        if runner.hand.over(email_id):
            runner.stir()
        runner.ended()
