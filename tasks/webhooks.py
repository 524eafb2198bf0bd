"""Tells webhooks what happened. A webhook has one runner, in whichever worker took its knock; a slow receiver holds
back nobody but itself.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING, Final
from uuid import UUID

import procrastinate
import structlog

from app.db.listening import listen
from app.db.outage import UNAVAILABLE
from app.domain.webhooks import STEADY, headers
from app.errors import ConfigurationError
from app.outbound.http import Client
from app.services import feed, webhook_runs
from app.services.webhook_runs import Attempt, Due, Lease, Run
from tasks import failpoints
from tasks.clock import instant

if TYPE_CHECKING:
    from tasks.worker import Worker

blueprint = procrastinate.Blueprint()

log = structlog.get_logger()

PARALLEL: Final = 10  # requests to one webhook at a time
AHEAD: Final = 100  # deliveries read at once
LINGER: Final = 5.0  # seconds that an idle webhook is kept, connections and all, for what may follow
LOOK: Final = 1.0  # seconds between two looks at a busy one
ENDING: Final = 5.0  # seconds that requests under way get when the worker stops; whoever is cut off is asked again
AGAIN: Final = 0.5  # seconds before the next try without a database
FAULT_PAUSE: Final = 60.0  # seconds
AGENT: Final = "Paceline-Webhooks"


@blueprint.task(name="knock", pass_context=True)
async def knock(context: procrastinate.JobContext, webhook_id: str) -> None:
    """Permanent name: webhook:knock. It holds no delivery; the rows decide."""
    worker: Worker = context.additional_context["worker"]
    await worker.webhooks.look_at(UUID(webhook_id))


class Webhooks:
    """The runners of one worker process."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._runners: dict[UUID, tuple[Runner, asyncio.Task[None]]] = {}
        self._taking: set[UUID] = set()
        self._draining = False

    async def look_at(self, webhook_id: UUID) -> None:
        """The webhook has a runner afterwards, here or in another living worker."""
        if webhook_id in self._runners:
            self._runners[webhook_id][0].stir()
            return
        if self._draining or webhook_id in self._taking:
            return
        self._taking.add(webhook_id)
        try:
            lease = await webhook_runs.take(self._worker.pool, webhook_id, self._worker.id)
        finally:
            self._taking.discard(webhook_id)
        if lease is None:
            return
        if self._draining:
            await webhook_runs.release(self._worker.pool, lease)
            return
        runner = Runner(self._worker, lease)
        self._runners[webhook_id] = (runner, asyncio.create_task(self._run(runner), name=f"webhook {webhook_id}"))

    async def _run(self, runner: Runner) -> None:
        try:
            await runner.run()
        except Exception:
            log.exception("webhook.failed", webhook=str(runner.lease.webhook_id))
        finally:
            del self._runners[runner.lease.webhook_id]

    async def watch(self) -> None:
        """A lost knock, hint or worker costs seconds, never a delivery."""
        for webhook_id in await webhook_runs.orphans(self._worker.pool, self._worker.id, [*self._runners]):
            await self.look_at(webhook_id)

    async def listen(self) -> None:
        """Hears what changed where, as the dashboards do, until cancelled."""
        await listen(self._worker.settings, feed.CHANNEL, self._heard, self._stir_all)

    def _heard(self, payload: str) -> None:
        with contextlib.suppress(ValueError):
            workspace_id = UUID(payload)
            for runner, _ in self._runners.values():
                if runner.lease.workspace_id == workspace_id:
                    runner.stir()

    def _stir_all(self) -> None:
        for runner, _ in self._runners.values():
            runner.stir()

    def drain(self) -> None:
        """Starts nothing more."""
        self._draining = True
        for runner, _ in self._runners.values():
            runner.drain()

    async def drained(self) -> None:
        """Waits for what is under way, but not for long."""
        if self._runners:
            await asyncio.wait([task for _, task in self._runners.values()])


class Runner:
    """Delivers for one webhook while it holds the lease."""

    def __init__(self, worker: Worker, lease: Lease) -> None:
        self.lease = lease
        self._worker = worker
        self._waiting: deque[Due] = deque()  # read, not yet begun
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._ended: list[Attempt] = []  # not yet written down
        self._event = asyncio.Event()
        self._draining = False
        self._active_at = worker.clock.now()

    def stir(self) -> None:
        """Something changed: look again."""
        self._event.set()

    def drain(self) -> None:
        self._draining = True
        self._event.set()

    async def run(self) -> None:
        """Until nothing is due for a while, the webhook is disabled, the lease is lost, or `drain`."""
        client = Client(allow_private=self._worker.settings.smtp_allow_private, connections=PARALLEL)
        try:
            while not self._draining:
                try:
                    if not await self._step(client):
                        break
                except UNAVAILABLE as error:
                    log.warning("webhook.waits", webhook=str(self.lease.webhook_id), error=str(error).strip())
                    await asyncio.sleep(AGAIN)
        except Exception as error:
            with contextlib.suppress(*UNAVAILABLE):
                await webhook_runs.rest(self._worker.pool, self.lease, FAULT_PAUSE)
            if not isinstance(error, ConfigurationError):
                raise
            log.error("webhook.unreadable", webhook=str(self.lease.webhook_id), error=error.message)
        finally:
            await self._end()
            await client.close()

    async def _end(self) -> None:
        if self._tasks:
            _, late = await asyncio.wait(self._tasks.values(), timeout=ENDING)
            for task in late:
                task.cancel()
        with contextlib.suppress(*UNAVAILABLE):
            await self._record()
            await webhook_runs.release(self._worker.pool, self.lease)

    async def _step(self, client: Client) -> bool:
        """Writes down what ended, begins what is due, waits for the next moment. False: there is nothing left to do."""
        self._event.clear()
        if not await self._record():
            return False
        run = await webhook_runs.look(self._worker.pool, self._worker.settings, self.lease)
        if run is None:
            return False
        if run.blocked_until <= run.now:
            await self._begin(client, run)
        wait = self._rest(run)
        if wait is None:
            return False
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._event.wait()
        return True

    async def _begin(self, client: Client, run: Run) -> None:
        # One that has failed for a while is tried with one request.
        most = 1 if run.failures >= STEADY else PARALLEL
        if len(self._waiting) < most and run.next_at is not None and run.next_at <= run.now:
            # What was answered since the last `_record` is still due in the database.
            answered = (attempt.delivery.id for attempt in self._ended)
            busy = [*self._tasks, *(delivery.id for delivery in self._waiting), *answered]
            limit = AHEAD if most > 1 else 1
            self._waiting.extend(await webhook_runs.due(self._worker.pool, self.lease, busy=busy, limit=limit))
        while self._waiting and len(self._tasks) < most:
            delivery = self._waiting.popleft()
            task = asyncio.create_task(self._attempt(client, run, delivery))
            self._tasks[delivery.id] = task

    def _rest(self, run: Run) -> float | None:
        """Seconds to wait for what may happen next; None: give the lease back."""
        if self._tasks:
            self._active_at = self._worker.clock.now()
            return LOOK
        if run.next_at is not None and run.blocked_until <= run.now and run.next_at <= run.now:
            return AGAIN
        left = self._active_at + LINGER - self._worker.clock.now()
        if left <= 0:
            return None
        due = max(run.next_at, run.blocked_until) if run.next_at is not None else None
        return left if due is None else max(0.0, min(left, (due - run.now).total_seconds()))

    async def _attempt(self, client: Client, run: Run, delivery: Due) -> None:
        at = instant(self._worker.clock.now())
        try:
            sent = {
                "content-type": "application/json",
                "user-agent": AGENT,
                "accept-encoding": "identity",
                **headers(run.secrets, id=str(delivery.id), timestamp=int(at.timestamp()), body=delivery.body),
            }
            answer = await client.post(run.endpoint, headers=sent, body=delivery.body)
            failpoints.passing("webhook.answered")
            self._ended.append(Attempt(delivery=delivery, at=at, headers=sent, answer=answer))
        finally:
            del self._tasks[delivery.id]
            self._event.set()

    async def _record(self) -> bool:
        """False: the lease is another's."""
        ended = list(self._ended)
        if not ended:
            return True
        now = instant(self._worker.clock.now())
        if not await webhook_runs.record(self._worker.pool, self.lease, ended, now=now):
            return False
        del self._ended[: len(ended)]
        self._worker.recorder.changed(self.lease.workspace_id)
        return True
