"""Workers under a supervisor, as a platform would run them: whichever ends is started again."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import time
from collections.abc import Callable, Mapping
from typing import Any

from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

Extra = Callable[[], Mapping[str, str]]  # further variables of the environment, asked at each start


class Fleet:
    """`deaths` are the exit codes of the processes that ended, in order; a negative one is the signal."""

    def __init__(self, environment: Mapping[str, str], rng: random.Random) -> None:
        self._environment = environment
        self._rng = rng
        self._slots: list[tuple[WorkerProcess, Extra]] = []
        self._past: list[WorkerProcess] = []
        self._supervisor: asyncio.Task[None] | None = None
        self._restarting = True
        self.deaths: list[int] = []
        self.last_death = time.monotonic()

    async def start(self, count: int, extra: Extra = dict) -> None:
        """Adds `count` workers; returns once all work."""
        for _ in range(count):
            self._slots.append((WorkerProcess(self._environment, **extra()), extra))
        if self._supervisor is None:
            self._supervisor = asyncio.create_task(self._supervise())
        await wait_until(lambda: len(self.ready) == len(self._slots), 60, what="all workers to be ready")

    async def _supervise(self) -> None:
        while True:
            await asyncio.sleep(0.02)
            for i, (process, extra) in enumerate(self._slots):
                if process.ended and self._restarting and process not in self._past:
                    self._bury(process)
                    self._slots[i] = (WorkerProcess(self._environment, **extra()), extra)

    def _bury(self, process: WorkerProcess) -> None:
        self.deaths.append(process.wait())
        self.last_death = time.monotonic()
        process.end()
        self._past.append(process)

    @property
    def running(self) -> list[WorkerProcess]:
        return [process for process, _ in self._slots if not process.ended]

    @property
    def ready(self) -> list[WorkerProcess]:
        """Those that work by now."""
        return [process for process in self.running if process.said("worker.ready")]

    @property
    def ids(self) -> list[str]:
        """The workers that live, by their ids in the database."""
        return [process.id for process in self.ready]

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What all of them have logged."""
        return [line for process in [*self._past, *self.running] for line in process.lines]

    @property
    def troubles(self) -> list[dict[str, Any]]:
        """What any of them logged as an error."""
        return [line for process in [*self._past, *self.running] for line in process.troubles]

    def one(self) -> WorkerProcess:
        """A random one that works."""
        return self._rng.choice(self.ready)

    async def strike(self, number: signal.Signals = signal.SIGKILL) -> WorkerProcess:
        """A signal to a random worker that works; waits for one to."""
        await wait_until(lambda: self.ready, 60, what="a worker to strike")
        victim = self.one()
        victim.signal(number)
        if number is signal.SIGKILL:
            victim.wait()
        return victim

    async def replace(self, count: int, extra: Extra = dict) -> None:
        """All are told to stop; once they have, `count` others come, with another environment."""
        await self.stop()
        self._restarting = True
        await self.start(count, extra)

    async def stop(self) -> None:
        """SIGTERM to all and nobody is started again; returns once all have ended."""
        self._restarting = False
        for process in self.running:
            process.signal(signal.SIGTERM)
        await wait_until(self._all_ended, 60, what="the workers to stop")
        for process, _ in self._slots:
            if process not in self._past:
                self._bury(process)
        self._slots = []

    def _all_ended(self) -> bool:
        for process in self.running:
            if process.stopped:  # also one that a failpoint froze on its way out
                process.signal(signal.SIGCONT)
        return not self.running

    async def end(self) -> None:
        """Whatever state they are in: afterwards nothing of them runs."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._supervisor
        for process, _ in self._slots:
            process.end()
