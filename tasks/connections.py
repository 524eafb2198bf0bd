"""Connections to mail servers, kept and used again: one pool for the process, within its limit over all mailboxes."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from uuid import UUID

import msgspec

from app.mail.smtp import Connection, ConnectTrouble, Server, Timeouts
from app.outbound import guard

TURN = 0.25  # seconds for which a connection goes on with its mailbox while others wait for one
IDLE_SECONDS = (
    20.0  # servers hang up on silence after minutes; a mailbox's own limit of connections counts the idle ones too
)


class Account(msgspec.Struct, frozen=True):
    """What a connection is good for: a mailbox, signed in to in one way."""

    mailbox_id: UUID
    server: Server


class Connections:
    def __init__(self, limit: int, *, allow_private: bool) -> None:
        self._free = asyncio.Semaphore(limit)
        self._allow_private = allow_private
        self._idle: OrderedDict[Connection, tuple[Account, float]] = OrderedDict()  # oldest first
        self._waiting = 0
        self._reused: set[Connection] = set()
        self._since: dict[Connection, float] = {}  # when its mailbox got it, by the loop's clock

    def is_fresh(self, conn: Connection) -> bool:
        """Whether it was opened for its message. One that was kept may have been closed meanwhile."""
        return conn not in self._reused

    @property
    def is_crowded(self) -> bool:
        """Whether somebody waits for a connection."""
        return self._waiting > 0

    async def acquire(self, account: Account) -> Connection:
        """A connection that is signed in. Raises ConnectTrouble, AuthTrouble or Temporary."""
        for conn in reversed(self._idle):
            if self._idle[conn][0] == account:
                del self._idle[conn]
                if conn.is_usable:
                    self._reused.add(conn)
                    self._since[conn] = asyncio.get_running_loop().time()
                    return conn
                await self.discard(conn)
                break
        if self._free.locked() and self._idle:
            oldest, _ = self._idle.popitem(last=False)
            await self.discard(oldest)
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        try:
            conn = await self._open(account.server)
        except BaseException:
            self._free.release()
            raise
        self._since[conn] = asyncio.get_running_loop().time()
        return conn

    def may_go_on(self, conn: Connection) -> bool:
        """Whether it may take another message of its mailbox at once: nobody waits for one, or its turn is not over."""
        return not self._waiting or asyncio.get_running_loop().time() < self._since.get(conn, 0.0) + TURN

    def passed_on(self, conn: Connection) -> None:
        """It goes on with another message of its mailbox without coming back here in between."""
        self._reused.add(conn)

    async def _open(self, server: Server) -> Connection:
        try:
            address = await guard.pin(server.host, server.port, allow_private=self._allow_private)
        except (guard.HostUnknown, guard.HostRefused) as error:
            raise ConnectTrouble(error.message, phase="dns") from error
        return await Connection.open(server, timeouts=Timeouts(), pin=address)

    async def put_back(self, conn: Connection, account: Account) -> None:
        """After a message, whatever became of it: kept if it is good for another and nobody waits for the place."""
        if conn.is_usable and not self._waiting:
            self._idle[conn] = (account, asyncio.get_running_loop().time())
        else:
            await self.discard(conn)

    async def discard(self, conn: Connection) -> None:
        self._reused.discard(conn)
        self._since.pop(conn, None)
        self._free.release()
        await conn.close()

    async def sweep(self) -> None:
        """Closes what has been idle for long; runs until cancelled."""
        while True:
            await asyncio.sleep(IDLE_SECONDS / 4)
            horizon = asyncio.get_running_loop().time() - IDLE_SECONDS
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
        if self._idle.pop(conn, None) is not None:
            await self.discard(conn)
