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

import msgspec
import structlog

from app.db.outage import UNAVAILABLE
from app.services import holds, leases
from app.services.delivery import Due
from app.services.leases import Lease, Outlook
from tasks import failpoints, schedule
from tasks.accounts import Accounts
from tasks.clock import instant
from tasks.deliverer import Deliverer
from tasks.endings import Endings
from tasks.following import Following
from tasks.gatekeeper import Gatekeeper
from tasks.hand import Hand
from tasks.head_start import HeadStart
from tasks.openings import Openings
from tasks.places import Places
from tasks.schedule import Schedule, due_by, shared
from tasks.troubles import Overload, Troubles
from tasks.under_way import UnderWay

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.db.pool import Pool
    from tasks.worker import Worker

log = structlog.get_logger()

LOW: Final = 64  # read again when fewer wait in hand
OFFER_LEAD: Final = 1.0  # seconds before its turn by the gap that a message is offered to the server
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
            admits=lambda message: self.openings.is_open(message.lane_id),
            is_counted=lambda message: bool(self.places.scopes_of(message.campaign_id)),
            connected=lambda: self.under_way.connected,
        )
        self.accounts = Accounts(self)
        self.endings = Endings(self)
        self.deliverer = Deliverer(self)
        self.places = Places(self)
        self.openings = Openings(self)
        self.hand = Hand(self)
        self.following = Following(self)
        self.head_start = HeadStart()
        self.under_way = UnderWay(self)
        self.troubles = Troubles()
        self.overload = Overload()
        self._outlook: Outlook | None = None
        self._blocks = 0  # how often `block` changed it
        self._event = asyncio.Event()
        self._stirred = True
        self._knocks: asyncio.TimerHandle | None = None  # came, and are looked after together
        self._knocked = False
        self.schedule = Schedule(self.clock.now())
        self._draining = self._lost = False

    # From outside

    def stir(self) -> None:
        """Something about the mailbox changed: look at everything again."""
        self._stirred = True
        self._event.set()

    def knock(self) -> None:
        """Somebody asked for a look at the mailbox. What changed was announced as well and heard by `stir`, so reading
        is enough, together with others: thousands of knocks may be waiting for a runner that needs none any more."""
        if self._knocks is None:
            moment = self.clock.monotonic(shared(self.clock.now()))
            self._knocks = asyncio.get_running_loop().call_at(moment, self._read_again)

    def _read_again(self) -> None:
        self._knocks, self._knocked = None, True
        self._event.set()

    @property
    def was_called(self) -> bool:
        """By `stir` or `knock`, and nobody has looked since."""
        return self._stirred or self._knocked or self._knocks is not None

    @property
    def is_busy(self) -> bool:
        """Messages are under way, or what became of them is not settled yet."""
        return bool(self.under_way)

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
            await self.under_way.all_ended()
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
        elif (self._knocked or now >= self._reads_at()) and len(self.hand) <= LOW:
            await self._read(now)
        await self.hand.put_down_shut()
        wake = self._hand_over()
        if not self.hand and not self.under_way:
            settle_at = self.schedule.settle_at
            found = settle_at if self.clock.now() < settle_at else await self._idle()
            if found is None:
                return True
            wake = min(found, self.schedule.read_at)
        elif len(self.hand) <= LOW:
            wake = min(wake, self._reads_at())
        await self.clock.until(wake, self._event)
        return False

    def _reads_at(self) -> float:
        return self.schedule.reads_at(is_waiting=self.is_busy and self.worker.connections.is_crowded)

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
        self._knocked = False
        self.schedule.reads(now)
        blocked_until = self.outlook().blocked_until.timestamp()
        if blocked_until > now:
            # What holds the last places of a limit may not be whose turn it is.
            by_limit = self.outlook().blocked_reason in LIMITS
            if not by_limit or not await self.hand.passes_over(now, busy=self.under_way.ids):
                self.schedule.read_at = blocked_until
                return
        found, is_all = await self.hand.look(now, ahead=schedule.LOOKAHEAD, busy=self.under_way.ids)
        self.schedule.has_read(now, is_all=is_all)
        await self.hand.receive(found, now)

    async def _idle(self) -> float | None:
        """Nothing in hand: the moment to look again by the database's clock, or None once the lease is given back."""
        await self.worker.recorder.flush()
        now = self.clock.now()
        if self.outlook().blocked_until.timestamp() <= now:
            outlook = await self._ask(partial(leases.settle, until=instant(now)))
        else:
            outlook = await self._ask(leases.outlook)
        wake = self.schedule.idle_until(outlook, self.clock.now())
        if wake is not None:
            return wake
        horizon = outlook.now + timedelta(seconds=schedule.KEEP)
        given = await leases.release_if_quiet(self.worker.pool, self.lease, horizon=horizon, wake_at=due_by(outlook))
        if given:
            self._lost = True  # not ours any more: nothing is left to release
            return None
        self._stirred = True
        return self.clock.now()

    def _hand_over(self) -> float:
        """Gives messages to connections in order, as far as time, gap and connections allow. The next moment."""
        outlook = self.outlook()
        blocked_until = outlook.blocked_until.timestamp()
        if outlook.blocked_reason not in LIMITS and blocked_until > self.clock.now():
            return blocked_until  # what was being read when the trouble began
        while self.hand and self.under_way.connected < self.most:
            message = self.hand.first
            start = message.due_at.timestamp() - self.under_way.lead
            if self.gate.gap:
                start = max(start, self.clock.at(self.gate.expected(message)) - OFFER_LEAD)
            if start > self.clock.now():
                return start
            self.under_way.start(self.hand.take())
        if self.hand and not self.troubles.count and self.under_way.connected < outlook.concurrency:
            return self.clock.now() + schedule.AWAY  # nobody says when others want no connections any more
        return math.inf

    @property
    def most(self) -> int:
        """How many messages may have a connection. A server that had trouble is tried with one."""
        if self.troubles.count:
            return 1
        return min(self.outlook().concurrency, self.worker.connections.most(self.lease.mailbox_id))

    def ended(self) -> None:
        """A message is not under way any more."""
        self.schedule.ended(self.clock.now())
        self._event.set()

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
        self.schedule.read_at = until
        self.worker.recorder.changed(self.lease.workspace_id)

    async def give_back(self, message: Due) -> None:
        """Its places are free again, so a limit that they filled is not reached after all."""
        await self.places.give_back([message])
        await self.places.let_campaign_go(message.campaign_id)
        if self.outlook().blocked_reason in LIMITS and self.places.scopes_of(message.campaign_id):
            await self.block(self.clock.now(), None)
        self.stir()
