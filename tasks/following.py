"""One message behind the other on a connection: its envelope travels right behind the other's dot."""

from __future__ import annotations

import asyncio
import time
from enum import Enum
from typing import TYPE_CHECKING, Final
from uuid import UUID

from app.mail.smtp import Connection, Letter
from app.services.delivery import Due
from tasks.connections import Account

if TYPE_CHECKING:
    from tasks.runner import Runner

PATIENCE: Final = 1.0  # seconds: whoever waits longer for a server's reply to another message takes its turn again
REST: Final = 60.0  # seconds without following, for a server that does not like it


class Word(Enum):
    HERE = "here"  # the connection is its own now, and the server has the envelope
    BACK = "back"  # it takes its turn again


class Behind:
    """Made when the message in front comes to the gate; `pass_on` or `release` says how the other one goes on."""

    __slots__ = ("_announced", "_ended", "_letter", "_word", "conn", "email_id")

    def __init__(self, conn: Connection, email_id: UUID) -> None:
        """`email_id`: of the message behind."""
        self.conn = conn
        self.email_id = email_id
        self._letter: Letter | None = None
        self._word: asyncio.Future[Word] | None = None
        self._announced = False
        self._ended = False

    # The message behind

    async def wait(self, letter: Letter) -> Word:
        """Once it is ready to go. If this is cancelled, look at `is_here`."""
        if self._ended:
            return Word.BACK
        loop = asyncio.get_running_loop()
        self._letter, self._word = letter, loop.create_future()
        timer = loop.call_later(PATIENCE, self._say, Word.BACK)
        try:
            return await self._word
        finally:
            timer.cancel()

    @property
    def is_here(self) -> bool:
        """Whether the connection belongs to the message behind."""
        word = self._word
        return word is not None and word.done() and not word.cancelled() and word.result() is Word.HERE

    # The message in front

    @property
    def lines(self) -> tuple[bytes, ...]:
        """What goes behind the dot that is written now; nothing if the message is not ready."""
        if self._letter is None or self._word is None or self._word.done():
            return ()
        self._announced = True
        return self._letter.lines

    @property
    def was_announced(self) -> bool:
        return self._announced

    def pass_on(self) -> bool:
        """After the outcome. True: the connection is the other message's now."""
        if not self._announced or not self.conn.is_announced:
            return False
        self._say(Word.HERE)
        return self.is_here

    def release(self) -> None:
        """The message in front is over and leaves no connection behind. If it was turned away it may come again, so the
        other one does not go before it by a connection of its own."""
        self._ended = True
        self._say(Word.BACK)

    def _say(self, word: Word) -> None:
        if self._word is not None and not self._word.done():
            self._word.set_result(word)


class Following:
    """Who of a mailbox follows whom."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._unconnected: set[UUID] = set()  # under way: behind another one, or done and the connection passed on
        self._rests_until = 0.0  # monotonic time

    def __len__(self) -> int:
        """How many of the messages under way have no connection, and will not have one of their own."""
        return len(self._unconnected)

    def next(self, conn: Connection, account: Account) -> Behind | None:
        """For a message that comes to the gate: the place behind it, taken by the next one in hand if that may go now
        and every connection of the mailbox is busy. With a gap nothing follows closely."""
        runner = self._runner
        if runner.gate.gap or runner.troubles.count or not runner.hand or runner.hand.is_shutting:
            return None
        message = runner.hand.first
        found = runner.accounts.of(message.sender_id)
        if (
            not conn.features.pipelining
            or runner.under_way.connected < runner.most
            or message.suppressed
            or found is None
            or found[1] != account
            or message.due_at.timestamp() > runner.clock.now()
            or time.monotonic() < self._rests_until
            or not runner.worker.connections.may_go_on(conn)
        ):
            return None
        behind = Behind(conn, message.id)
        self._unconnected.add(message.id)
        runner.under_way.start(runner.hand.take(), behind)
        return behind

    def passed_on(self, message: Due, behind: Behind) -> bool:
        """A message is over. True: its connection belongs to the one behind it now."""
        if not behind.pass_on():
            return False
        self._unconnected.add(message.id)
        self._unconnected.discard(behind.email_id)
        self._runner.worker.connections.passed_on(behind.conn)
        return True

    def release(self, behind: Behind) -> None:
        """The message in front is over and leaves no connection to the one behind it."""
        self._unconnected.discard(behind.email_id)
        behind.release()

    def forget(self, email_id: UUID) -> None:
        """The message is not under way any more."""
        self._unconnected.discard(email_id)

    def rest(self) -> None:
        """The server hangs up after a message, or does not like what comes behind one: each has the wire to itself."""
        self._rests_until = time.monotonic() + REST
