"""A worker process: takes knocks, runs mailboxes, keeps its leases alive, and looks for what fell through.

`tasks/lane.py` is what Procrastinate calls; everything that outlives one job lives here.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import signal
import socket
import time
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import procrastinate
import structlog

from app.db.listening import listen
from app.db.outage import UNAVAILABLE
from app.db.pool import make_pool
from app.domain.ids import new_id
from app.domain.lateness import Downtime
from app.pacing.reservations import Reservations
from app.queue import ASIDE, CAMPAIGNS, DEFAULT, LANES, POLLING, WEBHOOKS, worker_connector
from app.services import leases, milestones, stranded, workspaces
from app.services.messages import Messages
from app.services.unsubscribe import Links
from app.settings import Settings
from tasks import campaign, failpoints, garbage, lane, prune, rollups, webhooks
from tasks import imports as list_reading
from tasks.clock import Clock, instant
from tasks.connections import Connections
from tasks.gates import Gates
from tasks.recorder import Recorder
from tasks.runner import Runner

log = structlog.get_logger()

WATCH_EVERY: Final = 3.0  # seconds between looks of the watchdog
BEHIND_KNOCK: Final = 0.2  # seconds that Procrastinate gets to deliver a knock
AHEAD: Final = WATCH_EVERY + 2 * BEHIND_KNOCK  # seconds: what is due before the next look is looked after now
CANCEL_AGAIN: Final = 1.0  # seconds that a loop gets to end
TAKING_ENDS: Final = 1.0  # seconds that taking knocks gets to end; without a database it would take half a minute
GIVE_UP: Final = 6.0  # seconds without the database that a worker which ends waits to write down what it knows
GIVE_UP_IDLE: Final = 2.0  # the same where it only has leases to give back: they lapse by themselves
AFTER_REPLY: Final = 2.0  # seconds that the database gets after the last reply, however long it was away before
GIVEN_UP_ENDS: Final = 3.0  # seconds that whatever still waits for the database then gets to end
LEFTOVERS_END: Final = 5.0  # seconds that what libraries left behind gets to end
POOL: Final = 12  # connections to Postgres
JOBS: Final = 10  # knocks at once; each only takes a lease
ASIDES: Final = 2  # lists that are read and campaigns that are written at once


class Worker:
    def __init__(self, settings: Settings, *, concurrency: int) -> None:
        self.settings = settings
        self.id = new_id()
        self.clock = Clock()
        self.pool = make_pool(settings, name="worker", min_size=2, max_size=POOL)
        self.reservations = Reservations(settings.redis_url, hold_seconds=settings.lease_seconds)
        self.connections = Connections(concurrency, allow_private=settings.smtp_allow_private)
        self.messages = Messages(self.pool, Links(settings))
        self.gates = Gates(self.pool, window=settings.rate_window_seconds, connections=self.connections)
        self.recorder = Recorder(self.pool, self.connections)
        self.webhooks = webhooks.Webhooks(self)
        self._runners: dict[UUID, tuple[Runner, asyncio.Task[None]]] = {}
        self._taking: set[UUID] = set()
        self._strays = asyncio.Event()  # a mailbox was announced that has no runner here
        self.downtimes: list[Downtime] = []
        self._draining = False
        self._beat_at = 0.0  # monotonic time at which the database last took a heartbeat

    async def look_at(self, mailbox_id: UUID) -> None:
        """What a knock asks for: the mailbox has a runner afterwards, here or in another living worker."""
        if self._draining:
            return
        if mailbox_id in self._runners:
            self._runners[mailbox_id][0].knock()
            return
        if mailbox_id in self._taking:
            return  # a second lease would end the first
        self._taking.add(mailbox_id)
        try:
            lease = await leases.take(self.pool, mailbox_id, self.id)
        finally:
            self._taking.discard(mailbox_id)
        if lease is None:
            return
        failpoints.passing("lease.taken")
        if self._draining:
            await leases.release(self.pool, lease)
            return
        runner = Runner(self, lease)
        task = asyncio.create_task(self._run(runner), name=f"mailbox {mailbox_id}")
        self._runners[mailbox_id] = (runner, task)

    async def _run(self, runner: Runner) -> None:
        mailbox_id = runner.lease.mailbox_id
        try:
            await runner.run()
        except Exception:
            log.exception("runner.failed", mailbox=str(mailbox_id))
        finally:
            del self._runners[mailbox_id]
        if runner.was_called and not self._draining:
            # A knock that came while the lease was on its way back.
            with contextlib.suppress(*UNAVAILABLE):
                await self.look_at(mailbox_id)

    def _heard(self, payload: str) -> None:
        with contextlib.suppress(ValueError):
            found = self._runners.get(UUID(payload))
            if found is not None:
                found[0].stir()
            else:
                self._strays.set()

    def _stir_all(self) -> None:
        """Whatever was said until now went unheard."""
        self._strays.set()
        for runner, _ in self._runners.values():
            runner.stir()

    # The loops of the process

    async def beat(self) -> None:
        """One heartbeat now. Keeps the clock in step with the database's."""
        await leases.beat(
            self.pool, self.id, host=socket.gethostname(), pid=os.getpid(), lease_seconds=self.settings.lease_seconds
        )
        self._beat_at = time.monotonic()
        now, asked, answered = await leases.clock(self.pool)
        self.clock.sync(now, asked=asked, answered=answered)
        self.downtimes = await leases.downtimes(self.pool)

    async def _heartbeats(self, every: float | None = None) -> None:
        while True:
            await asyncio.sleep(every or self.settings.lease_seconds / 4)
            try:
                await self.beat()
            except UNAVAILABLE as error:
                log.warning("heartbeat.missed", error=str(error).strip())

    async def _watchdog(self) -> None:
        """A lost job, notification or worker costs seconds, never a message."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(WATCH_EVERY, self.settings.lease_seconds / 4)):
                    await self._strays.wait()
            # Procrastinate misses a job that comes while it fetches another: look right behind a knock.
            await asyncio.sleep(BEHIND_KNOCK)
            self._strays.clear()
            try:
                running = [*self._runners]
                found = await leases.orphans(self.pool, ahead=AHEAD, worker_id=self.id, running=running)
                await asyncio.gather(*map(self.look_at, found))
                await stranded.take_up(self.pool)
                for workspace_id in await milestones.campaigns(self.pool):
                    self.recorder.changed(workspace_id)
                await self.webhooks.watch()
            except UNAVAILABLE as error:
                log.warning("watchdog.waits", error=str(error).strip())

    async def _jobs(self) -> None:
        """Procrastinate's worker; started again if an outage ended it."""
        app = procrastinate.App(connector=worker_connector(self.settings))
        jobs = (
            ("lane", lane),
            ("prune", prune),
            ("rollups", rollups),
            ("campaign", campaign),
            ("imports", list_reading),
            ("webhook", webhooks),
        )
        for namespace, module in jobs:
            app.add_tasks_from(module.blueprint, namespace=namespace)  # once: it renames the tasks
        while True:
            try:
                with app.replace_connector(worker_connector(self.settings)):
                    await self._take_jobs(app)
            except asyncio.CancelledError:
                raise
            except Exception as error:  # any end of it is survived
                log.warning("queue.restarts", error=str(error).strip())
            await asyncio.sleep(1)

    async def _take_jobs(self, app: procrastinate.App) -> None:
        async with app.open_async(), asyncio.TaskGroup() as group:
            # Apart from what takes seconds: no knock ever waits for it.
            group.create_task(self._take_from(app, [LANES, CAMPAIGNS, WEBHOOKS, DEFAULT], JOBS))
            group.create_task(self._take_from(app, [ASIDE], ASIDES))

    async def _take_from(self, app: procrastinate.App, queues: Sequence[str], concurrency: int) -> None:
        await app.run_worker_async(
            queues=queues,
            concurrency=concurrency,
            install_signal_handlers=False,
            fetch_job_polling_interval=POLLING.total_seconds(),
            delete_jobs="always",
            additional_context={"worker": self},
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; then gives back what is claimed and waits only for what is between gate and reply."""
        async with self.pool:
            await self.beat()
            for _ in range(3):
                await self.beat()
            await workspaces.apply_ceiling(self.pool, self.settings, instant(self.clock.now()))
            keeping = [
                asyncio.create_task(loop())
                for loop in (self.recorder.run, self._heartbeats, self.connections.sweep, garbage.sweep)
            ]
            taking = [
                asyncio.create_task(loop())
                for loop in (
                    self._watchdog,
                    self._jobs,
                    self.webhooks.listen,
                    lambda: listen(self.settings, "paceline_mailbox", self._heard, self._stir_all),
                )
            ]
            log.info("worker.ready", worker=str(self.id), pid=os.getpid())
            failure = await _first_failure(stop, [*keeping, *taking])
            log.info("worker.stopping", mailboxes=len(self._runners))
            # A knock that we took from here on would be lost with us.
            await _ended(taking, timeout=TAKING_ENDS)
            self._draining = True
            for runner, _ in self._runners.values():
                runner.drain()
            self.webhooks.drain()
            await self._finish(keeping)
            await self.reservations.close()
        log.info("worker.stopped", worker=str(self.id))
        if failure is not None:
            raise failure

    async def _finish(self, keeping: Sequence[asyncio.Task[None]]) -> None:
        """Waits until all that was sent is answered and written down; not for ever for a database that is away."""
        last = asyncio.create_task(self._last_words())
        patience = asyncio.create_task(self._database_is_gone())
        await asyncio.wait([last, patience], return_when=asyncio.FIRST_COMPLETED)
        if last.done():
            await last
        else:
            # Nothing of this is lost or sent again: what is `sending` becomes `uncertain`, the leases lapse.
            log.error("worker.gives_up", mailboxes=len(self._runners), unrecorded=self.recorder.waiting)
            running = [task for _, task in self._runners.values()]
            await _ended([last, *keeping, *running], timeout=GIVEN_UP_ENDS)
            await self.pool.close(timeout=AFTER_REPLY)
        await _ended([patience, *keeping], timeout=GIVEN_UP_ENDS)

    async def _last_words(self) -> None:
        if self._runners:
            await asyncio.wait([task for _, task in self._runners.values()])
        await self.recorder.flush()
        await self.webhooks.drained()
        with contextlib.suppress(*UNAVAILABLE):
            await leases.retire(self.pool, self.id)

    async def _database_is_gone(self) -> None:
        """Returns once it has taken no heartbeat for so long that nobody should wait any more. Replies are waited for
        in any case."""
        beating = asyncio.create_task(self._heartbeats(every=0.5))
        began = answered = time.monotonic()
        try:
            while True:
                await asyncio.sleep(0.1)
                now = time.monotonic()
                if any(runner.awaits_reply for runner, _ in self._runners.values()):
                    answered = now
                busy = self.recorder.waiting or any(runner.is_busy for runner, _ in self._runners.values())
                patience = GIVE_UP if busy else GIVE_UP_IDLE
                if now - max(began, self._beat_at) > patience and now - answered > AFTER_REPLY:
                    return
        finally:
            beating.cancel()


async def _first_failure(stop: asyncio.Event, loops: Sequence[asyncio.Task[None]]) -> BaseException | None:
    """Waits for `stop`, or for the end of a loop that should have none: then why."""
    stopping = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait([stopping, *loops], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    for task in loops:
        if task in done:
            log.error("worker.failed", error=repr(task.exception()))
            return task.exception() or RuntimeError("a loop of the worker came to an end")
    return None


async def _ended(loops: Sequence[asyncio.Task[None]], *, timeout: float = math.inf) -> None:
    """Cancels until they have ended, or for `timeout` seconds. Once may not be enough: before Python 3.12 `wait_for`,
    through which psycopg waits, swallows a cancellation that comes together with what it waits for."""
    left, until = set(loops), time.monotonic() + timeout
    while left and (patience := until - time.monotonic()) > 0:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=min(CANCEL_AGAIN, patience))


async def run(settings: Settings, *, concurrency: int) -> None:
    """The worker process: returns after SIGTERM or SIGINT, once nothing is in doubt."""
    failpoints.arm(settings.failpoints)
    garbage.put_off()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await Worker(settings, concurrency=concurrency).run(stop)
    # asyncio's own end cancels once and then waits for ever: for a pool that was just connecting, for example.
    await _ended([*asyncio.all_tasks() - {asyncio.current_task()}], timeout=LEFTOVERS_END)
