"""The way through the gate for one mailbox: messages whose body is handed over wait here for the word to send the dot.

Without a gap, all that wait share the next commit. With a gap, one message at a time is between gate and dot, and the
next may only pass `gap` after that dot was written; nothing overtakes a message that is still on its way here.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from uuid import UUID

import msgspec
import structlog

from app.db.outage import UNAVAILABLE
from app.db.pool import Pool
from app.domain.pacing import dot_deadline
from app.services import delivery
from app.services.delivery import Due, Verdict
from app.services.leases import Lease
from tasks import failpoints
from tasks.clock import Clock, instant
from tasks.gates import Gates

log = structlog.get_logger()

MOST = 100  # messages in one gate
NEAR = 5.0  # seconds that a message may wait at the gate with its body handed over


class GateUnknown(Exception):
    """The database did not say whether the gate committed: no dot may follow."""


class GateFault(GateUnknown):
    """And it is not an outage: asking again at once would not help."""


class Pass(msgspec.Struct, frozen=True):
    """The word of the gate. `deadline`: the monotonic time until which the dot may be written."""

    verdict: str
    dispatch_id: int | None
    next_at: float | None  # seconds since the epoch
    at: float  # the moment of the dispatch, seconds since the epoch
    deadline: float


DRAINED = Pass("drained", None, None, 0.0, 0.0)
SHUT = Pass("window", None, None, 0.0, 0.0)
OVERTAKEN = Pass("gap", None, None, 0.0, 0.0)


class Gatekeeper:
    def __init__(
        self,
        pool: Pool,
        gates: Gates,
        lease: Lease,
        clock: Clock,
        *,
        window: float,
        admits: Callable[[Due], bool],
        is_counted: Callable[[Due], bool],
        connected: Callable[[], int],
    ) -> None:
        """`window`: seconds of an hour. `admits`: whether the sending window of a message is open now. `is_counted`:
        whether a limit is known to hold for it. `connected`: how many connections of the mailbox have a message."""
        self._pool = pool
        self._gates = gates
        self._is_counted = is_counted
        self._connected = connected
        self._lease = lease
        self._clock = clock
        self._window = window
        self._admits = admits
        self._coming: dict[UUID, Due] = {}  # handed to a connection, not here yet
        self._queue: list[tuple[Due, asyncio.Future[Pass]]] = []
        self._arrived = asyncio.Event()
        self._between: set[UUID] = set()  # passed, the dot not written yet; a gap set meanwhile waits for them too
        self._dot_done = asyncio.Event()
        self._dot_done.set()
        self._prior_dot: float | None = None  # seconds since the epoch
        self._dot_at = float("-inf")  # monotonic time of the last dot
        self._draining = False
        self._gap = 0.0
        self._gap_changed = asyncio.Event()

    @property
    def gap(self) -> float:
        """Seconds between a dot and the next pass; a change holds at once, also for what waits here."""
        return self._gap

    @gap.setter
    def gap(self, seconds: float) -> None:
        if seconds != self._gap:
            self._gap = seconds
            self._gap_changed.set()

    def expected(self, message: Due) -> float:
        """The monotonic time at which one more message may expect to pass, by the gap."""
        now = time.monotonic()
        if not self.gap:
            return now
        here = (*self._coming.values(), *(each for each, _ in self._queue))
        ahead = sum(each.order < message.order for each in here) + (0 if self._dot_done.is_set() else 1)
        return max(now, self._dot_at + self.gap) + ahead * self.gap

    def expect(self, message: Due) -> None:
        """The message is on its way to the server: by the gap's order those behind it wait for it."""
        self._coming[message.id] = message

    def forget(self, email_id: UUID) -> None:
        """It does not come, or has been here."""
        if self._coming.pop(email_id, None) is not None:
            self._arrived.set()

    async def enter(self, message: Due) -> Pass:
        """Waits for the gate's word. Raises GateUnknown."""
        if self._draining:
            return DRAINED
        word: asyncio.Future[Pass] = asyncio.get_running_loop().create_future()
        self._queue.append((message, word))
        self._coming.pop(message.id, None)
        self._arrived.set()
        return await word

    def drain(self) -> None:
        """Nothing more goes through: what waits here is turned away. A gate that has been asked already is heard."""
        self._draining = True
        for _, word in self._queue:
            if not word.done():
                word.set_result(DRAINED)

    def dot_written(self, email_id: UUID, written_at: float) -> None:
        """A message that passed has its dot, at this monotonic time: the gap runs from the last of them."""
        self._dot_at = max(self._dot_at, written_at)
        self._prior_dot = self._clock.at(self._dot_at)
        self.no_dot(email_id)

    def no_dot(self, email_id: UUID) -> None:
        """A message that passed, or may have, has not got its dot and never will."""
        self._between.discard(email_id)
        if not self._between:
            self._dot_done.set()

    async def run(self) -> None:
        while True:
            await self._arrived.wait()
            if self.gap:
                await self._dot_done.wait()
                self._send_away_overtaken()
                if not await self._gap_is_over():
                    continue
            for message, word in self._queue:
                if not word.done() and not self._admits(message):
                    word.set_result(SHUT)
            self._queue = [entry for entry in self._queue if not entry[1].done()]
            if not self._queue:
                self._arrived.clear()
                continue
            self._queue.sort(key=lambda entry: entry[0].order)
            if self.gap and any(message.order < self._queue[0][0].order for message in self._coming.values()):
                self._arrived.clear()
                continue
            most = 1 if self.gap else MOST
            batch, self._queue = self._queue[:most], self._queue[most:]
            if not self._queue:
                self._arrived.clear()
            await self._pass(batch)

    async def _pass(self, batch: list[tuple[Due, asyncio.Future[Pass]]]) -> None:
        try:
            failpoints.passing("gate.asked")
            verdicts, asked = await self._ask([message for message, _ in batch])
            failpoints.passing("gate.committed")
        except Exception as error:
            outage = isinstance(error, UNAVAILABLE)
            if not outage:
                log.exception("gate.failed", mailbox=str(self._lease.mailbox_id))
            for _, word in batch:
                word.set_exception(GateUnknown(str(error)) if outage else GateFault(str(error)))
            return
        # Counted from before the question was asked, so that the dot is in time by the database's clock as well.
        deadline = asked + dot_deadline(self._window)
        again: list[tuple[Due, asyncio.Future[Pass]]] = []
        for message, word in batch:
            found = verdicts[message.id]
            next_at = None if found.next_at is None else found.next_at.timestamp()
            if found.verdict == "gap" and next_at is not None:
                # An earlier runner's dot, or one that may have been written.
                self._dot_at = max(self._dot_at, self._clock.monotonic(next_at) - self.gap)
            soon = next_at is not None and next_at - self._clock.now() < NEAR
            if found.verdict in ("early", "gap") and soon and not self._draining:
                again.append((message, word))
                continue
            if found.verdict == "go":
                self._between.add(message.id)
                self._dot_done.clear()
            word.set_result(Pass(found.verdict, found.dispatch_id, next_at, found.at.timestamp(), deadline))
        if again:
            moments = [verdicts[message.id].next_at for message, _ in again]
            soonest = min(moment.timestamp() for moment in moments if moment is not None)
            self._queue = again + self._queue
            self._arrived.set()
            await self._until(self._clock.monotonic(soonest))

    async def _ask(self, offers: list[Due]) -> tuple[Mapping[UUID, Verdict], float]:
        """One commit. The verdicts, and the monotonic time at which the database was asked."""
        if self.gap or any(map(self._is_counted, offers)):
            return await self._count(offers)
        verdicts, asked = await self._gates.ask(self._lease, offers, connected=self._connected())
        counted = [message for message in offers if verdicts[message.id].verdict == "counted"]
        if counted:  # by a limit or a gap that was set a moment ago
            verdicts = {**verdicts, **(await self._count(counted))[0]}
        return verdicts, asked

    async def _count(self, offers: list[Due]) -> tuple[Mapping[UUID, Verdict], float]:
        asked = time.monotonic()
        prior = None if self._prior_dot is None else instant(self._prior_dot)
        verdicts = await delivery.gate(self._pool, self._lease, window=self._window, prior_dot=prior, offers=offers)
        return verdicts, asked

    def _send_away_overtaken(self) -> None:
        """Another one came and took their turn: no server keeps a body without its dot for a whole gap."""
        if self._dot_at + self.gap - time.monotonic() > NEAR:
            for _, word in self._queue:
                if not word.done():
                    word.set_result(OVERTAKEN)

    async def _gap_is_over(self) -> bool:
        """Waits for the gap. False: it was changed meanwhile."""
        self._gap_changed.clear()
        while (left := self._dot_at + self.gap - time.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._gap_changed.wait()
                    return False
        return True

    async def _until(self, moment: float) -> None:
        """Sleeps to a monotonic time; timers may be a little early."""
        left = moment - time.monotonic()
        if left > 0:
            await asyncio.sleep(left)
            await self._until(moment)

    async def take_back(self, email_ids: list[UUID]) -> None:
        """Voids what a gate with an unknown outcome may have booked; waits for the database as long as it takes."""
        while True:
            try:
                await delivery.void_unsent(self._pool, self._lease, email_ids)
                return
            except UNAVAILABLE:
                await asyncio.sleep(0.5)
