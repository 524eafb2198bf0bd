"""One message from claim to reply: render, connect, offer, gate, dot. What becomes of it is in `endings`."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog

from app.db.outage import UNAVAILABLE
from app.domain.status import Status
from app.errors import ValidationError
from app.mail.smtp import Connection, Offered, ReplyUnknown, SmtpError
from app.services.delivery import Due
from app.services.messages import From, Rendered
from tasks import failpoints
from tasks.clock import instant
from tasks.connections import Account
from tasks.endings import is_over
from tasks.following import Behind, Word
from tasks.gatekeeper import GateFault, GateUnknown, Pass

if TYPE_CHECKING:
    from tasks.runner import Runner

log = structlog.get_logger()

TICK: Final = 0.001  # seconds: timers of an event loop are no finer, and may be as much too early
FAULT_PAUSE: Final = 5.0  # seconds


class Deliverer:
    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._worker = runner.worker
        self._lease = runner.lease
        self._offering: set[asyncio.Task[Any] | None] = set()
        self._draining = asyncio.Event()
        self._unanswered = 0  # dots that are being written, or were, without a reply yet

    @property
    def awaits_reply(self) -> bool:
        return self._unanswered > 0

    def turn_back(self) -> None:
        """Stops what is not at the gate yet. From now on nothing follows."""
        self._draining.set()
        for task in self._offering:
            if task is not None:
                task.cancel()

    async def deliver(self, message: Due, behind: Behind | None = None) -> None:
        """Never raises: whatever happens is written down, or the message waits as before. `behind`: its place behind
        another one."""
        try:
            await self._deliver(message, behind)
        except asyncio.CancelledError:
            await self._runner.give_back(message)
        except UNAVAILABLE as error:
            log.warning("delivery.waits", email=str(message.id), error=str(error).strip())
            self._runner.stir()
        except Exception:
            log.exception("delivery.failed", email=str(message.id))
            await self._pause_after_fault()

    async def _deliver(self, message: Due, behind: Behind | None) -> None:
        task, began = asyncio.current_task(), time.monotonic()
        self._offering.add(task)
        try:
            offered = await self._offer(message, behind)
        finally:
            self._offering.discard(task)
        if offered is None:
            return
        failpoints.passing("offer.done")
        if behind is None:
            self._runner.head_start.took(time.monotonic() - began)
        conn, account, answer = offered
        follower = None
        try:
            await self._until_due(message)
            if not self._draining.is_set():
                follower = self._runner.following.next(conn, account)
            await self._pass(message, conn, answer, follower)
        finally:
            if follower is None or not self._runner.following.passed_on(message, follower):
                await self._worker.connections.put_back(conn)
                if follower is not None:
                    self._runner.following.release(follower)

    async def _until_due(self, message: Due) -> None:
        """Nothing asks the gate before its time, or it would have to ask again. Not longer than until the worker stops:
        the gate turns it away then."""
        moment = self._worker.clock.monotonic(message.due_at.timestamp())
        while (left := moment - time.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left + TICK / 2):
                    await self._draining.wait()
                    return

    async def _offer(self, message: Due, behind: Behind | None) -> tuple[Connection, Account, Offered] | None:
        """The message's body at the server, or None once it is written down why not."""
        if self._draining.is_set():  # it was handed over by a look that was under way
            await self._runner.give_back(message)
            return None
        if message.suppressed:  # not even asked of the server
            await self._runner.endings.suppress(message)
            return None
        found = self._runner.accounts.of(message.sender_id)
        if found is None:
            await self._runner.give_back(message)
            return None
        sender, account = found
        async with self._worker.messages.room_for(message):
            return await self._hand_over(message, sender, account, behind)

    async def _hand_over(
        self, message: Due, sender: From, account: Account, behind: Behind | None
    ) -> tuple[Connection, Account, Offered] | None:
        rendered = await self._render(message, sender)
        if rendered is None:
            return None
        conn, asked = None, behind is not None  # whether it is the message that is refused, not we
        try:
            if behind is not None:
                letter = behind.conn.letter(rendered.envelope, rendered.data)
                asked = False
                if await behind.wait(letter) is Word.HERE:
                    conn = behind.conn
                    return conn, account, await conn.follow(letter)
                self._runner.under_way.again(message)
                return None
            conn = await self._acquire(message, account)
            return None if conn is None else (conn, account, await conn.offer(rendered.envelope, rendered.data))
        except BaseException as error:
            if behind is not None and behind.is_here:
                conn = behind.conn  # also where it was cancelled at that very moment
            fresh = conn is None or self._worker.connections.is_fresh(conn)
            if conn is not None:
                await self._worker.connections.put_back(conn)
            if not isinstance(error, SmtpError):
                raise
            if is_over(error) and not fresh:
                self._runner.under_way.again(message)  # the server had closed it: no trouble, there are new ones
                if behind is not None:
                    self._runner.following.rest()
                return None
            await self._runner.endings.refused(message, error, connected=asked or conn is not None)
            return None

    async def _acquire(self, message: Due, account: Account) -> Connection | None:
        """A connection, or None once it is written down that the mailbox is another workspace's."""
        conn = await self._worker.connections.acquire(account)
        try:
            failpoints.passing("offer.connected")
            if await self._runner.accounts.own():
                return conn
        except BaseException:
            await self._worker.connections.put_back(conn)
            raise
        await self._worker.connections.put_back(conn)
        await self._runner.endings.not_ours(message)
        return None

    async def _render(self, message: Due, sender: From) -> Rendered | None:
        """None once it is written down why it cannot be: that concerns this message alone, never its mailbox."""
        try:
            # It may be a little before its time; nobody is to see it dated so.
            now = max(instant(self._worker.clock.now()), message.due_at)
            rendered = await self._worker.messages.render(self._lease.workspace_id, message, sender, date=now)
            signer = self._runner.accounts.signer(sender.id)
            if signer is None:
                return rendered
            return msgspec.structs.replace(rendered, data=await signer.signed(rendered.data, now=now))
        except UNAVAILABLE:
            raise
        except ValidationError as error:
            why = error.message
        except Exception as error:
            log.exception("render.failed", email=str(message.id))
            why = f"The message cannot be put together: {type(error).__name__}."
        await self._runner.endings.refuse(message, Status.FAILED, why)
        return None

    # At the gate and after

    async def _pass(self, message: Due, conn: Connection, offered: Offered, follower: Behind | None) -> None:
        gate = self._runner.gate
        try:
            word = await gate.enter(message)
        except GateUnknown as error:
            await self._abandon(conn, follower)
            log.warning("gate.unknown", email=str(message.id), error=str(error).strip())
            await gate.take_back([message.id])
            gate.no_dot(message.id)
            self._runner.under_way.again(message)
            if isinstance(error, GateFault):
                await self._pause_after_fault()
            return
        if word.verdict != "go" or word.dispatch_id is None:
            await self._abandon(conn, follower)
            await self._runner.endings.turned_away(message, word)
            return
        self._unanswered += 1
        try:
            unsent = await self._dot(message, conn, offered, word, word.dispatch_id, follower)
        finally:
            self._unanswered -= 1
        if unsent is not None:
            in_time = time.monotonic() <= word.deadline
            await self._runner.endings.no_dot(message, word.dispatch_id, unsent, in_time=in_time)

    async def _dot(
        self,
        message: Due,
        conn: Connection,
        offered: Offered,
        word: Pass,
        dispatch_id: int,
        follower: Behind | None,
    ) -> SmtpError | None:
        """Writes the dot and hears the reply. Returns why the dot was provably not written, if it was not."""
        gate, endings = self._runner.gate, self._runner.endings
        try:
            dot = await conn.dot(deadline=word.deadline, behind=() if follower is None else follower.lines)
        except SmtpError as error:
            return error
        except Exception as error:
            gate.dot_written(message.id, time.monotonic())
            endings.in_doubt(message, dispatch_id, self._worker.clock.now(), f"Fault before the reply: {error}")
            raise
        gate.dot_written(message.id, dot.written_at)
        failpoints.passing("dot.written")
        dot_at = self._worker.clock.at(dot.written_at)
        try:
            await self._runner.places.went(message, word.at)
            reply = await conn.outcome()
            failpoints.passing("reply.read")
            endings.answered(message, offered.recipients, dispatch_id, dot_at, reply)
        except ReplyUnknown as error:
            endings.in_doubt(message, dispatch_id, dot_at, error.message)
            if follower is not None and follower.was_announced:
                self._runner.following.rest()
        except Exception as error:
            endings.in_doubt(message, dispatch_id, dot_at, f"Fault before the reply was recorded: {error}")
            raise
        return None

    async def _abandon(self, conn: Connection, follower: Behind | None) -> None:
        await conn.abandon()
        if follower is not None:
            self._runner.following.release(follower)

    async def _pause_after_fault(self) -> None:
        """Something unforeseen: do not try the same thing again at once."""
        await self._runner.block(self._worker.clock.now() + FAULT_PAUSE, "fault")
        await self._runner.hand.put_down()
        self._runner.stir()
