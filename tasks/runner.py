"""The runner of one mailbox: while it holds the lease it alone claims for the mailbox, so that order, gap and
connections are kept in one place. It reads what is due a little ahead, asks Redis for places, hands messages to
connections in order and waits for exact moments; waiting costs nothing but a timer.
"""

from __future__ import annotations

import asyncio
import math
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec
import structlog

from app.db.outage import UNAVAILABLE
from app.db.pool import FOREVER
from app.services import holds, leases
from app.services.delivery import Due
from app.services.leases import Lease, Outlook
from tasks import failpoints
from tasks.accounts import Accounts
from tasks.clock import instant
from tasks.deliverer import Deliverer
from tasks.endings import Endings
from tasks.following import Behind, Following
from tasks.gatekeeper import Gatekeeper
from tasks.hand import Hand
from tasks.head_start import HeadStart
from tasks.openings import Openings
from tasks.places import Places
from tasks.troubles import Overload, Troubles

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.db.pool import Pool
    from tasks.worker import Worker

log = structlog.get_logger()

LOOKAHEAD: Final = 2.0  # seconds: what is due so soon is read already
READ_LEAD: Final = 0.5  # seconds before it is due that what comes next is read
TOGETHER: Final = 0.1  # seconds: what can wait so long waits for what others do at the same moment
LOW: Final = 64  # read again when fewer wait in hand
KEEP: Final = 90.0  # seconds: with nothing due for longer, the lease is given back
LINGER: Final = 5.0  # seconds that an idle mailbox is kept, connections and all, for what may follow
OFFER_LEAD: Final = 1.0  # seconds before its turn by the gap that a message is offered to the server
FAULT_PAUSE: Final = 5.0  # seconds
LIMITS: Final = frozenset({"workspace_hour", "mailbox_day", "mailbox_hour"})


class LeaseLost(Exception):
    """Another worker has the mailbox now: stop at once, write nothing."""


class Runner:
    def __init__(self, worker: Worker, lease: Lease) -> None:
        self.worker = worker
        self.lease = lease
        self.clock = worker.clock
        self.window = worker.settings.rate_window_seconds
        self.gate = Gatekeeper(
            worker.pool,
            worker.gates,
            lease,
            worker.clock,
            window=self.window,
            admits=self._admits,
            is_counted=self._is_counted,
            connected=lambda: self.connected,
        )
        self.accounts = Accounts(self)
        self.endings = Endings(self)
        self.deliverer = Deliverer(self)
        self.places = Places(self)
        self.openings = Openings(self)
        self.hand = Hand(self)
        self.following = Following(self)
        self.head_start = HeadStart()
        self.troubles = Troubles()
        self.overload = Overload()
        self._outlook: Outlook | None = None
        self._blocks = 0  # how often `block` changed it
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._returned: dict[UUID, Due] = {}  # go back into hand when their tasks end
        self._event = asyncio.Event()
        self._stirred = True
        self._read_at = 0.0  # epoch seconds: when to read again
        self._active_at = self.clock.now()
        self._last_read = 0.0
        self._settle_at = 0.0  # when to bring the lanes up to date, once nothing is in hand
        self._draining = False
        self._lost = False
        self._moved = True  # something was handed over since the last look at an idle mailbox

    # From outside

    def stir(self) -> None:
        """Something about the mailbox changed: look at everything again."""
        self._stirred = True
        self._event.set()

    @property
    def was_stirred(self) -> bool:
        """Somebody called `stir` and nobody has looked since."""
        return self._stirred

    @property
    def is_busy(self) -> bool:
        """Messages are under way, or what became of them is not settled yet."""
        return bool(self._tasks)

    @property
    def awaits_reply(self) -> bool:
        """A server has, or may have, the dot of a message and has not answered yet."""
        return self.deliverer.awaits_reply

    def drain(self) -> None:
        """Claim nothing more; what is not through the gate yet goes back."""
        self._draining = True
        self.gate.drain()
        self.deliverer.turn_back()
        self._event.set()

    def lose(self) -> None:
        self._lost = True
        self.drain()

    async def run(self) -> None:
        """Until nothing is due for a while, the lease is lost, or `drain`. Leaves the lease given back."""
        gate = asyncio.create_task(self.gate.run())
        try:
            while not self._draining:
                try:
                    if await self._step():
                        return
                except UNAVAILABLE as error:
                    log.warning("runner.waits", mailbox=str(self.lease.mailbox_id), error=str(error).strip())
                    self._stirred = True
                    await asyncio.sleep(0.5)
        except LeaseLost:
            self._lost = True
        finally:
            self.drain()
            while self._tasks:
                await asyncio.wait(self._tasks.values())
            gate.cancel()
            await self.hand.put_down()
            await self.worker.connections.close_mailbox(self.lease.mailbox_id)
            await self._release()

    async def _release(self) -> None:
        if self._lost:
            return
        await self.worker.recorder.flush()
        try:
            await leases.release(self.worker.pool, self.lease)
        except UNAVAILABLE:
            log.warning("lease.lapses", mailbox=str(self.lease.mailbox_id))
        failpoints.passing("lease.released")

    # One look

    async def _step(self) -> bool:
        """Reads if there is need, hands over what may go, waits for the next moment. True: the lease is given back."""
        self._event.clear()
        now = self.clock.now()
        await self.hand.put_down_shut()
        if self._stirred:
            self._stirred = False
            await self._look()
            await self._read(now)
        elif now >= self._reads_at() and len(self.hand) <= LOW:
            await self._read(now)
        await self.hand.put_down_shut()
        wake = self._hand_over()
        if not self.hand and not self._tasks:
            found = self._settle_at if self.clock.now() < self._settle_at else await self._idle()
            if found is None:
                return True
            wake = min(found, self._read_at)
        elif len(self.hand) <= LOW:
            wake = min(wake, self._reads_at())
        await self._until(wake)
        return False

    def _reads_at(self) -> float:
        """When to read again. Thousands of mailboxes that wait for a connection do not read what would only wait with
        them, or they had no time left to send: not before something of this one has come back."""
        waits = self._tasks and self._active_at < self._last_read and self.worker.connections.is_crowded
        return math.inf if waits and self._read_at > 0.0 else self._read_at

    async def _look(self) -> None:
        await self._ask(leases.outlook)
        self.places.forget_limits()
        await self.openings.refresh()
        await self.accounts.refresh()

    async def _ask(self, question: Callable[[Pool, Lease], Awaitable[Outlook | None]]) -> Outlook:
        """What Postgres says of the mailbox. An answer from before a block that is written now is out of date."""
        while True:
            blocks = self._blocks
            outlook = await question(self.worker.pool, self.lease)
            if outlook is None:
                raise LeaseLost
            if blocks == self._blocks:
                break
        self._outlook = outlook
        self.gate.gap = outlook.min_delay_ms / 1000
        return outlook

    async def _read(self, now: float) -> None:
        self._last_read = now
        blocked_until = self.outlook().blocked_until.timestamp()
        if blocked_until > now:
            # What holds the last places of a limit may not be whose turn it is.
            by_limit = self.outlook().blocked_reason in LIMITS
            if not by_limit or not await self.hand.passes_over(now, busy=[*self._tasks]):
                self._read_at = blocked_until
                return
        found, is_all = await self.hand.look(now, ahead=LOOKAHEAD, busy=[*self._tasks])
        self._read_at = now + LOOKAHEAD / 2 if is_all else 0.0  # unless a limit holds back some of it
        await self.hand.receive(found, now)

    def _admits(self, message: Due) -> bool:
        return self.openings.is_open(message.lane_id)

    def _is_counted(self, message: Due) -> bool:
        return bool(self.places.scopes_of(message.campaign_id))

    async def _idle(self) -> float | None:
        """Nothing in hand: the moment to look again by the database's clock, or None once the lease is given back."""
        await self.worker.recorder.flush()
        now = self.clock.now()
        if self.outlook().blocked_until.timestamp() <= now:
            outlook = await self._ask(partial(leases.settle, until=instant(now)))
        else:
            outlook = await self._ask(leases.outlook)
        due = None if outlook.wake_at is None else max(outlook.wake_at, outlook.blocked_until)
        wake = math.inf if due is None or due == FOREVER else due.timestamp()
        now = self.clock.now()
        if wake <= now:
            # The lanes say that something is due: read it, but do not spin should they be wrong.
            self._read_at = 0.0
            moved, self._moved = self._moved, False
            return now if moved else now + 0.2
        linger = self._active_at + LINGER
        if wake - now < KEEP or now < linger:
            self._read_at = wake
            if wake - now > LOOKAHEAD and outlook.blocked_until.timestamp() <= now:
                # Like all others: what many read or settle at the same moment is one question to the database.
                self._read_at = math.floor((wake - READ_LEAD) / TOGETHER) * TOGETHER if wake < math.inf else wake
            return min(wake, max(linger, now + 0.001) if wake - now >= KEEP else wake)
        horizon = outlook.now + timedelta(seconds=KEEP)
        given = await leases.release_if_quiet(
            self.worker.pool, self.lease, horizon=horizon, wake_at=None if wake == math.inf else due
        )
        if given:
            self._lost = True  # not ours any more: nothing is left to release
            return None
        self._stirred = True
        return now

    def _hand_over(self) -> float:
        """Gives messages to connections in order, as far as time, gap and connections allow. The next moment."""
        outlook = self.outlook()
        blocked_until = outlook.blocked_until.timestamp()
        if outlook.blocked_reason not in LIMITS and blocked_until > self.clock.now():
            return blocked_until  # what was being read when the trouble began
        # A server that had trouble is tried with one connection.
        most = 1 if self.troubles.count else outlook.concurrency
        while self.hand and self.connected < most:
            message = self.hand.first
            start = message.due_at.timestamp() - self._lead()
            if self.gate.gap:
                start = max(start, self.clock.at(self.gate.expected(message)) - OFFER_LEAD)
            if start > self.clock.now():
                return start
            self.start(self.hand.take())
        return math.inf

    def _lead(self) -> float:
        """Seconds before its time that a message may take a connection: none that what is due might want."""
        return self.head_start.seconds if self.worker.connections.has_room and not self.troubles.count else 0.0

    def start(self, message: Due, behind: Behind | None = None) -> None:
        """Has a message of the hand delivered."""
        self._moved = True
        self.gate.expect(message)
        task = asyncio.create_task(self.deliverer.deliver(message, behind))
        self._tasks[message.id] = task
        task.add_done_callback(partial(self._done, message.id))

    @property
    def connected(self) -> int:
        """How many messages have a connection, or are about to."""
        return len(self._tasks) - len(self.following)

    def is_under_way(self, email_id: UUID) -> bool:
        return email_id in self._tasks

    def _done(self, email_id: UUID, _task: asyncio.Task[None]) -> None:
        self._tasks.pop(email_id, None)
        self.following.forget(email_id)
        self.gate.forget(email_id)
        returned = self._returned.pop(email_id, None)
        if returned is not None:
            self.hand.add([returned])
        if self.hand.over(email_id):
            self._stirred = True
        self._active_at = self.clock.now()
        self._settle_at = math.ceil(self._active_at / TOGETHER) * TOGETHER
        self._event.set()

    async def _until(self, moment: float) -> None:
        """Waits for a moment by the database's clock, or for an event."""
        loop = asyncio.get_running_loop()
        timer = None if moment == math.inf else loop.call_at(self.clock.monotonic(moment), self._event.set)
        try:
            await self._event.wait()
        finally:
            if timer is not None:
                timer.cancel()

    def outlook(self) -> Outlook:
        """What was last read, or done here, of the mailbox's limits and blocks."""
        if self._outlook is None:
            raise RuntimeError("looked at nothing yet")
        return self._outlook

    # What holds the mailbox back

    async def block(self, until: float, reason: str | None, *, limit: int | None = None) -> None:
        """Claims nothing for this mailbox until then (seconds since the epoch). What is in hand goes on.

        With a `limit`, only while that is the one in force.
        """
        moment = instant(until)
        held = await holds.block_mailbox(
            self.worker.pool, self.lease, until=moment, reason=reason, limit=limit, window=self.window
        )
        if not held:
            self.stir()
            return
        self._blocks += 1
        self._outlook = msgspec.structs.replace(self.outlook(), blocked_until=moment, blocked_reason=reason)
        self._read_at = until
        self.worker.recorder.changed(self.lease.workspace_id)

    async def give_back(self, message: Due) -> None:
        """Its places are free again, so a limit that they filled is not reached after all."""
        await self.places.give_back([message])
        await self.places.let_campaign_go(message.campaign_id)
        if self.outlook().blocked_reason in LIMITS and self.places.scopes_of(message.campaign_id):
            await self.block(self.clock.now(), None)
        self.stir()

    def again(self, message: Due) -> None:
        """It could not go this time: it keeps its turn and its places and is tried once more."""
        self._returned[message.id] = message

    async def trouble_at_server(self, why: str) -> int | None:
        """Nobody gets in, or connections break: the mailbox waits, longer each time.

        How often it has happened in a row; None if this belongs to a time that was counted already.
        """
        wait = self.troubles.strike(self.clock.now())
        if wait is None:
            return None
        log.warning("mailbox.waits", mailbox=str(self.lease.mailbox_id), seconds=wait, reason=why)
        await self.block(self.clock.now() + wait, "connection")
        await self.hand.put_down()
        return self.troubles.count

    async def pause_after_fault(self) -> None:
        """Something unforeseen: do not try the same thing again at once."""
        await self.block(self.clock.now() + FAULT_PAUSE, "fault")
        await self.hand.put_down()
        self.stir()
