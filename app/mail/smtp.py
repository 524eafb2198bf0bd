"""The door to mail servers. A message goes in two steps, so that the last word comes between them:

`offer` sends envelope and body; nothing is delivered yet. `dot` ends the body: from then on it counts. `outcome` is the
answer. What fails before the dot raises a BeforeDot error: nobody got the message. After it, only ReplyUnknown can.

With PIPELINING the next message's envelope may travel right behind the dot (RFC 2920, 3.1: what ends the content may be
followed by MAIL); then `follow` takes the place of its `offer`, and each message costs one round trip.
"""

from __future__ import annotations

import asyncio
import time
from enum import Enum
from typing import Final

import msgspec

from app.domain.replies import Phase, Reply, Verdict, classify, read_reply
from app.mail.envelope import Envelope, commands, stuffed
from app.mail.errors import (
    AuthTrouble,
    BeforeDot,
    ConnectionLost,
    ConnectTrouble,
    Permanent,
    ReplyUnknown,
    SmtpError,
    Temporary,
)
from app.mail.refusals import refusal
from app.mail.smtp_handshake import Features, Server, Timeouts, dial
from app.mail.smtp_protocol import ReplyProtocol

__all__ = [
    "AuthTrouble",
    "BeforeDot",
    "ConnectTrouble",
    "Connection",
    "ConnectionLost",
    "DotWritten",
    "Envelope",
    "Features",
    "Offered",
    "Permanent",
    "Reply",
    "ReplyUnknown",
    "Server",
    "SmtpError",
    "Temporary",
    "Timeouts",
]

_RCPT: Final[Phase] = "rcpt"
BLOCK: Final = 256 * 1024  # bytes of a body handed over at once


class Offered(msgspec.Struct, frozen=True):
    """The server has the body and waits for the dot. `recipients`: the replies to RCPT in the envelope's order."""

    recipients: tuple[Reply, ...]


class Letter(msgspec.Struct, frozen=True):
    """A message as one connection sends it."""

    lines: tuple[bytes, ...]  # MAIL and one RCPT for each recipient
    body: bytes  # dots are stuffed


class DotWritten(msgspec.Struct, frozen=True):
    written_at: float  # time.monotonic(), right after the socket took the dot; finer than uvloop's loop.time()


class _State(Enum):
    READY = "ready"
    OFFERING = "offering"
    OFFERED = "offered"
    DOTTED = "dotted"
    ANNOUNCED = "announced"
    ENDED = "ended"


class Connection:
    """A signed-in connection for one message at a time, used again and again.

    After any error look at `is_usable`: a refusal leaves the connection good, a broken one has been dropped already.
    """

    __slots__ = ("_behind", "_protocol", "_reset_owed", "_state", "features", "server", "timeouts")

    def __init__(self, protocol: ReplyProtocol, features: Features, server: Server, timeouts: Timeouts) -> None:
        self._protocol = protocol
        self._state = _State.READY
        self._reset_owed = False  # an envelope was refused: RSET travels with the next one
        self._behind = 0  # commands that went behind the dot
        self.features = features
        self.server = server
        self.timeouts = timeouts

    @classmethod
    async def open(cls, server: Server, *, timeouts: Timeouts | None = None, pin: str | None = None) -> Connection:
        """Connects (to the address `pin` if given; TLS still asks for the host's name), signs in.

        Raises ConnectTrouble, AuthTrouble, or Temporary when the server has no time now.
        """
        timeouts = timeouts or Timeouts()
        protocol, features = await dial(server, timeouts, pin)
        return cls(protocol, features, server, timeouts)

    @property
    def is_usable(self) -> bool:
        """Whether another message may be offered: nothing is under way, and the server has not hung up or said so."""
        return self._state is _State.READY and self._protocol.is_sound()

    async def offer(self, envelope: Envelope, message: bytes) -> Offered:
        """Gives envelope and body, without the dot. `message` has CRLF line ends.

        Raises Permanent when the message or every recipient is refused for good; Temporary when the server or any
        recipient says "not now"; AuthTrouble when it wants another sign-in; ConnectionLost. Nobody got it then.
        """
        letter = self.letter(envelope, message)
        if not self.is_usable:
            self._drop()
            raise ConnectionLost(self._why("The connection is not usable"), phase="mail")
        try:
            if self._reset_owed and not self.features.pipelining:
                await self.rset()
            self._state = _State.OFFERING
            pipelined = self.features.pipelining
            offered = await (self._pipelined(letter.lines) if pipelined else self._step_by_step(letter.lines))
            await self._write_body(letter.body)
        except asyncio.CancelledError:
            self._drop()
            raise
        self._state = _State.OFFERED
        return offered

    def letter(self, envelope: Envelope, message: bytes) -> Letter:
        """The message as this server takes it. Raises Permanent if it does not."""
        return Letter(commands(envelope, self.features, message), stuffed(message))

    async def follow(self, letter: Letter) -> Offered:
        """As `offer`, where the envelope went behind the dot of the message whose outcome is known now."""
        self._expect(_State.ANNOUNCED)
        self._state, self._behind = _State.OFFERING, 0
        try:
            offered = await self._envelope_answered(len(letter.lines) - 1)
            await self._write_body(letter.body)
        except asyncio.CancelledError:
            self._drop()
            raise
        self._state = _State.OFFERED
        return offered

    @property
    def is_announced(self) -> bool:
        """Whether the server has the next message's envelope and `follow` is to come."""
        return self._state is _State.ANNOUNCED

    async def dot(self, *, deadline: float | None = None, behind: tuple[bytes, ...] = ()) -> DotWritten:
        """Ends the body: after this the message counts as delivered unless `outcome` says otherwise.

        With a `deadline` (of time.monotonic()) the dot is not sent later than that. `behind`: the lines of the next
        letter, whose envelope goes along where the server offers PIPELINING.
        Raises ConnectionLost if the dot provably did not leave: the server spoke early, hung up, or the time was over.
        """
        self._expect(_State.OFFERED)
        protocol = self._protocol
        if not protocol.is_sound():
            raise self._lost("dot")
        if deadline is not None and time.monotonic() > deadline:
            self._drop()
            raise ConnectionLost("The time for the dot was over before it was sent.", phase="dot")
        self._state = _State.DOTTED
        envelope = b"".join(behind) + b"DATA\r\n" if behind else b""
        # Under TLS nobody can say how much of a write has left: the dot goes first.
        along = envelope if protocol.is_plain else b""
        protocol.send(b".\r\n" + along, 1 + (len(behind) + 1 if along else 0))
        if protocol.raw is not None and protocol.raw.is_closing():
            # Nothing ran since the check above, so it was this write that the socket refused.
            raise self._lost("dot")
        if protocol.unsent(but=len(along)):
            left = self.timeouts.dot if deadline is None else deadline - time.monotonic()
            if await protocol.held_back(left, but=len(along)):
                self._drop()  # the end of the dot's line at least never leaves
                raise ConnectionLost("The server did not take the dot in time.", phase="dot")
        written = DotWritten(time.monotonic())
        if envelope and not along and protocol.is_sound():
            protocol.send(envelope, len(behind) + 1)
        self._behind = len(behind)
        return written

    async def outcome(self) -> Reply:
        """The server's last word on the message: 2xx it has it, 4xx and 5xx nobody got it. Raises ReplyUnknown."""
        self._expect(_State.DOTTED)
        taken = await self._protocol.take(1, self.timeouts.dot)
        if not taken or not 200 <= taken[0][0] < 600 or 300 <= taken[0][0] < 400:
            self._drop()
            why = self._why("No answer to the message") if not taken else "The answer to the message makes no sense."
            raise ReplyUnknown(why, phase="dot", reply=read_reply(*taken[0]) if taken else None)
        reply = read_reply(*taken[0])
        self._state = _State.ANNOUNCED if self._behind else _State.READY
        self._heed(reply)
        return reply

    async def abandon(self) -> None:
        """Drops the connection. Before the dot this makes sure that the message is not delivered."""
        self._drop()

    async def rset(self) -> None:
        """Asks for a clean slate, which shows whether the server is still there. Raises ConnectionLost or Temporary."""
        if not self.is_usable:
            self._drop()
            raise ConnectionLost(self._why("The connection is not usable"), phase="mail")
        self._state = _State.OFFERING
        self._reset_owed = False
        reply = await self._ask(b"RSET\r\n", "mail")
        self._state = _State.READY
        if not reply.accepted:
            self._drop()
            raise Temporary("The server refused to start afresh.", phase="mail", reply=reply)

    async def close(self) -> None:
        """Says goodbye if nothing is under way, and waits for the answer at most `timeouts.quit` seconds."""
        try:
            if self.is_usable:
                self._state = _State.ENDED
                self._protocol.send(b"QUIT\r\n", 1)
                await self._protocol.take(1, self.timeouts.quit)
        finally:
            self._drop()

    # Envelope

    async def _pipelined(self, lines: tuple[bytes, ...]) -> Offered:
        """The whole envelope and DATA in one write (RFC 2920)."""
        skip = 1 if self._reset_owed else 0
        self._reset_owed = False
        self._protocol.send((b"RSET\r\n" if skip else b"") + b"".join(lines) + b"DATA\r\n", len(lines) + 1 + skip)
        return await self._envelope_answered(len(lines) - 1, skip=skip)

    async def _envelope_answered(self, recipients: int, *, skip: int = 0) -> Offered:
        phases: tuple[Phase, ...] = ("mail", *(_RCPT for _ in range(recipients)), "data")
        mail, *answers, data = await self._hear(*phases, skip=skip)
        error = refusal(mail, tuple(answers), data)
        if error is None:
            return Offered(tuple(answers))
        if data.code == 354:
            # The server waits for a body although nobody may get one. A dot now could deliver an empty message.
            self._drop()
        raise self._refused(error, (mail, *answers, data))

    async def _step_by_step(self, lines: tuple[bytes, ...]) -> Offered:
        mail = await self._ask(lines[0], "mail")
        recipients: list[Reply] = []
        if mail.accepted:
            for line in lines[1:]:
                recipients.append(await self._ask(line, "rcpt"))
                if classify(recipients[-1], "rcpt") is Verdict.TEMPORARY:
                    break
        error = refusal(mail, tuple(recipients), None)
        if error is not None:
            raise self._refused(error, (mail, *recipients))
        data = await self._ask(b"DATA\r\n", "data")
        error = refusal(mail, tuple(recipients), data)
        if error is not None:
            raise self._refused(error, (data,))
        return Offered(tuple(recipients))

    async def _ask(self, line: bytes, phase: Phase) -> Reply:
        """Sends a command and waits for its reply. Raises as `_hear`."""
        skip = 1 if self._reset_owed else 0
        self._reset_owed = False
        self._protocol.send(b"RSET\r\n" + line if skip else line, 1 + skip)
        return (await self._hear(phase, skip=skip))[0]

    async def _hear(self, *phases: Phase, skip: int = 0) -> tuple[Reply, ...]:
        """The replies to what was sent, but for the first `skip`. Raises ConnectionLost, or Temporary if a 421 came
        before."""
        wanted = len(phases) + skip
        taken = await self._protocol.take(wanted, getattr(self.timeouts, phases[0]))
        replies = tuple(read_reply(*raw) for raw in taken[skip:])
        if len(taken) == wanted and all(200 <= raw[0] < 600 for raw in taken):
            return replies
        if taken and taken[-1][0] == 421:
            self._drop()
            said = read_reply(*taken[-1])
            raise Temporary("The server is closing.", phase=phases[max(0, len(replies) - 1)], reply=said)
        raise self._lost(phases[min(len(replies), len(phases) - 1)])

    def _refused(self, error: BeforeDot, replies: tuple[Reply, ...]) -> BeforeDot:
        if self._state is not _State.ENDED:
            self._state = _State.READY
            self._reset_owed = True
            for reply in replies:
                self._heed(reply)
        return error

    # Body

    async def _write_body(self, body: bytes) -> None:
        protocol = self._protocol
        if len(body) <= BLOCK:
            await self._write_block(protocol, body)
        else:
            view = memoryview(body)
            for start in range(0, len(body), BLOCK):
                await self._write_block(protocol, bytes(view[start : start + BLOCK]))

    async def _write_block(self, protocol: ReplyProtocol, block: bytes) -> None:
        if protocol.is_sound():
            protocol.send(block, 0)
            if not protocol.unsent():
                return
            if await protocol.held_back(self.timeouts.body):
                protocol.fail("it stopped reading")
            elif protocol.is_sound():
                return
        raise self._lost("body")

    # The connection

    def _expect(self, state: _State) -> None:
        if self._state is not state:
            raise RuntimeError(f"The connection is {self._state.value}, not {state.value}.")

    def _heed(self, reply: Reply) -> None:
        if reply.code == 421:
            self._drop()

    def _why(self, what: str) -> str:
        trouble = self._protocol.trouble
        return f"{what}: {trouble}." if trouble else f"{what}."

    def _lost(self, phase: Phase) -> ConnectionLost:
        message = self._why(f"{self.server.host} failed before the message was handed over")
        self._drop()
        return ConnectionLost(message, phase=phase, reply=self._protocol.stray)

    def _drop(self) -> None:
        self._state = _State.ENDED
        self._protocol.abort()
