"""Connections to mail servers, kept and used again: one pool for the process, within its limit over all mailboxes."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque
from typing import Final
from uuid import UUID

import msgspec

from app.mail.smtp import Connection, ConnectTrouble, Server, Timeouts
from app.outbound import guard

TURN: Final = 0.25  # seconds for which a mailbox keeps its only connection while one without any waits
PATIENCE: Final = 0.02  # seconds
RATED: Final = 0.1  # seconds over which the rate of messages is taken
LEAVING: Final = 5  # of so many places one may be taken while the connection that had it is still closing
CROWDED: Final = 1.0  # seconds after which mailboxes that have their share may try for more
SOON: Final = 0.05  # seconds for which a connection may lie idle while others wait: its mailbox has more most likely
# Servers hang up on silence after minutes; a mailbox's own limit of connections counts the idle ones too.
IDLE_SECONDS: Final = 20.0


class Account(msgspec.Struct, frozen=True):
    """What a connection is good for: a mailbox, signed in to in one way."""

    mailbox_id: UUID
    server: Server


class Connections:
    """Where more are wanted than there may be, each mailbox gets the same number, within one, and keeps its own: a
    connection that changed hands would be opened anew. Only with more mailboxes than connections do they take turns.
    """

    def __init__(self, limit: int, *, allow_private: bool) -> None:
        self._limit = limit
        self._left = limit  # places that nobody has; while there are any, nobody waits
        self._allow_private = allow_private
        self._idle: OrderedDict[Connection, tuple[Account, float]] = OrderedDict()  # oldest first
        self._idle_of: dict[Account, list[Connection]] = {}  # the same, by account
        self._used: dict[Connection, tuple[Account, float]] = {}  # since when, by the loop's clock
        self._reused: set[Connection] = set()
        self._held: Counter[UUID] = Counter()  # open, or being opened, by mailbox
        # Who waits, by account, the one whose turn is next first. They are given a connection, or a place for one.
        self._waiting: OrderedDict[Account, deque[asyncio.Future[Connection | None]]] = OrderedDict()
        self._ended = 0  # messages since the rate was taken
        self._rate = 0.0  # a second
        self._rated_at = 0.0  # by the loop's clock
        self._crowded_at = -CROWDED  # when somebody last had to wait
        self._reclaiming: asyncio.Task[None] | None = None
        self._leaving: set[asyncio.Task[None]] = set()
        self._may_leave = limit // LEAVING

    def is_fresh(self, conn: Connection) -> bool:
        """Whether it was opened for its message. One that was kept may have been closed meanwhile."""
        return conn not in self._reused

    def worth_waiting_for(self, *, but: int = 0) -> int:
        """For how many messages a statement that serves many may wait, `PATIENCE` at the longest.

        A statement costs as much as thirty messages more in it, and the more connections there are, the less it matters
        that some of them wait: so for as many as will come in that time, but no more than a third of those that have a
        connection (`but` for so many).
        """
        now = _now()
        if now >= self._rated_at + RATED:
            self._rate, self._ended, self._rated_at = self._ended / (now - self._rated_at), 0, now
        return max(0, min(int(self._rate * PATIENCE), (len(self._used) - but) // 3))

    @property
    def is_crowded(self) -> bool:
        """Whether somebody waits for a connection."""
        return bool(self._waiting)

    @property
    def has_room(self) -> bool:
        """Whether less than half of what there may be is in use, so that what is not due yet may have one."""
        return 2 * (self._limit - self._left - len(self._idle)) < self._limit

    def most(self, mailbox_id: UUID) -> int:
        """How many connections a mailbox may want now. Soon after somebody had to wait: its share or what it has.
        Messages that it would only let wait cannot follow others on a connection.
        """
        if _now() >= self._crowded_at + CROWDED:
            return self._limit
        return max(1, self._held[mailbox_id], self._limit // max(1, len(self._held)))

    async def acquire(self, account: Account) -> Connection:
        """A connection that is signed in. Raises ConnectTrouble, AuthTrouble or Temporary."""
        conn = await self._kept(account) or await self._place(account)
        if conn is not None:
            return conn
        try:
            conn = await self._open(account.server)
        except BaseException:
            self._give_up(account)
            raise
        self._used[conn] = account, _now()
        return conn

    def may_go_on(self, conn: Connection) -> bool:
        """Whether it may take another message of its mailbox at once: no message of it came earlier and waits for a
        connection, and it is nobody else's turn."""
        account, _ = self._used[conn]
        return account not in self._waiting and not self._moves_on(conn)

    def passed_on(self, conn: Connection) -> None:
        """It goes on with another message of its mailbox without coming back here in between."""
        self._ended += 1
        self._reused.add(conn)

    async def put_back(self, conn: Connection) -> None:
        """After a message, whatever became of it: kept if it is good for another and its place is nobody else's."""
        account, _ = self._used[conn]
        self._ended += 1
        if not conn.is_usable or self._moves_on(conn):
            await self.discard(conn)
        elif (given := self._next(account)) is not None:
            self._reused.add(conn)
            given.set_result(conn)
        elif self._waiting and not self._held[next(iter(self._waiting)).mailbox_id]:
            await self.discard(conn)
        else:
            del self._used[conn]
            self._idle[conn] = account, _now()
            self._idle_of.setdefault(account, []).append(conn)
            self._reclaim_soon()

    async def discard(self, conn: Connection) -> None:
        self._forget(conn)
        await conn.close()

    def _forget(self, conn: Connection) -> None:
        account, _ = self._used.pop(conn)
        self._reused.discard(conn)
        self._give_up(account)

    async def sweep(self) -> None:
        """Closes what has been idle for long; runs until cancelled."""
        while True:
            await asyncio.sleep(IDLE_SECONDS / 4)
            horizon = _now() - IDLE_SECONDS
            for conn, (_, since) in list(self._idle.items()):
                if since <= horizon or not conn.is_usable:
                    await self._discard_idle(conn)

    async def close_mailbox(self, mailbox_id: UUID) -> None:
        """The lease is given back: another worker may want the mailbox's connections."""
        for conn, (account, _) in list(self._idle.items()):
            if account.mailbox_id == mailbox_id:
                await self._discard_idle(conn)

    async def _discard_idle(self, conn: Connection) -> None:
        """Unless a message took it while another was being closed: it is in use then, and nobody else's to close."""
        if conn in self._idle:
            self._use(conn)
            await self.discard(conn)

    def _use(self, conn: Connection) -> None:
        account, _ = self._idle.pop(conn)
        others = self._idle_of[account]
        others.remove(conn)
        if not others:
            del self._idle_of[account]
        self._used[conn] = account, _now()

    async def _make_room(self, conn: Connection) -> None:
        """Closes an idle connection. Whoever takes its place does not wait for the goodbye as well, unless many are
        being said."""
        if len(self._leaving) >= self._may_leave:
            await self._discard_idle(conn)
            return
        self._use(conn)
        self._forget(conn)
        leaving = asyncio.create_task(conn.close())
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)

    async def _kept(self, account: Account) -> Connection | None:
        if account not in self._idle_of:
            return None
        conn = self._idle_of[account][-1]
        self._use(conn)
        if conn.is_usable:
            self._reused.add(conn)
            return conn
        await self.discard(conn)
        return None

    async def _open(self, server: Server) -> Connection:
        try:
            address = await guard.pin(server.host, server.port, allow_private=self._allow_private)
        except (guard.HostUnknown, guard.HostRefused) as error:
            raise ConnectTrouble(error.message, phase="dns") from error
        return await Connection.open(server, timeouts=Timeouts(), pin=address)

    # Places

    async def _place(self, account: Account) -> Connection | None:
        """Waits for a place to open a connection in, or for one of this account that is free: None or that one."""
        while not self._left and self._idle and self._may_have(account, next(iter(self._idle))):
            await self._make_room(next(iter(self._idle)))
        if self._left:
            self._left -= 1
            self._held[account.mailbox_id] += 1
            return None
        self._crowded_at = _now()
        given: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(account, deque()).append(given)
        self._reclaim_soon()
        try:
            return await given
        except asyncio.CancelledError:
            if not given.cancelled():
                conn = given.result()
                if conn is None:
                    self._give_up(account)
                else:
                    await self.put_back(conn)
            elif given in self._waiting.get(account, ()):
                self._waiting[account].remove(given)
                if not self._waiting[account]:
                    del self._waiting[account]
            raise

    def _may_have(self, account: Account, conn: Connection) -> bool:
        """Whether the place of an idle connection is this account's to take."""
        owner, since = self._idle[conn]
        ours = self._held[account.mailbox_id]
        return not ours or ours + 1 < self._held[owner.mailbox_id] or _now() >= since + SOON

    def _reclaim_soon(self) -> None:
        if self._waiting and self._idle and (self._reclaiming is None or self._reclaiming.done()):
            self._reclaiming = asyncio.create_task(self._reclaim())

    async def _reclaim(self) -> None:
        """Gives the places of connections that lie idle to those who wait."""
        while self._waiting and self._idle:
            conn, (_, since) = next(iter(self._idle.items()))
            if (left := since + SOON - _now()) > 0:
                await asyncio.sleep(left)
            else:
                await self._make_room(conn)

    def _next(self, account: Account) -> asyncio.Future[Connection | None] | None:
        """Whoever has waited longest for this account, whose next turn comes after all others'."""
        waiting = self._waiting.pop(account, deque())
        while waiting:
            given = waiting.popleft()
            if not given.done():  # else it was cancelled a moment ago
                if waiting:
                    self._waiting[account] = waiting
                return given
        return None

    def _moves_on(self, conn: Connection) -> bool:
        """Whether its place is for whoever waits first, as that mailbox has fewer, or is the same one with another
        sign-in. Who has its share already does not stand in the way of one that has none."""
        account, since = self._used[conn]
        first = next(iter(self._waiting), account)
        if first == account:
            return False
        if first.mailbox_id == account.mailbox_id:
            return True
        ours, theirs = self._held[account.mailbox_id], self._held[first.mailbox_id]
        if theirs and theirs + 1 >= ours:
            self._waiting.move_to_end(first)
            return False
        return ours > 1 or _now() >= since + TURN

    def _give_up(self, account: Account) -> None:
        """A place of this account is free."""
        self._held[account.mailbox_id] -= 1
        if not self._held[account.mailbox_id]:
            del self._held[account.mailbox_id]
        while self._waiting:
            first = next(iter(self._waiting))
            given = self._next(first)
            if given is not None:
                self._held[first.mailbox_id] += 1
                given.set_result(None)
                return
        self._left += 1


def _now() -> float:
    return asyncio.get_running_loop().time()
