"""The SMTP side of the test inbox: aiosmtpd, with its two slow places replaced (per-line DATA and address parsing).

It takes everything from everybody on the loopback address, knows PIPELINING (RFC 2920) and SMTPUTF8 (RFC 6531), and
answers as Ethereal does: `250 Accepted [STATUS=new MSGID=...]`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any, Final

from aiosmtpd.smtp import SMTP, Envelope, Session

from app.embedded.inbox_store import Store

MESSAGE_BYTES: Final = 50 * 1024 * 1024
READ_AHEAD: Final = 1 << 30  # more than a reader ever holds: read() then empties it
END: Final = b"\r\n.\r\n"
PLAIN_PATH: Final = re.compile(r'<([^<>"\\\s]+@[^<>"\\\s]+)>\s*(.*)', re.DOTALL)


class Handler:
    """aiosmtpd's hooks."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def handle_EHLO(
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        content = envelope.content if isinstance(envelope.content, bytes) else b""  # text only with decode_data
        try:
            message_id = self.store.add(envelope.mail_from or "", envelope.rcpt_tos, content)
        except OSError as error:
            return f"452 4.3.1 The test inbox cannot keep it: {error.strerror}"
        return f"250 Accepted [STATUS=new MSGID={message_id}]"


class InboxSMTP(SMTP):
    """One connection."""

    line_length_limit = (
        1 << 18
    )  # of the reader's buffer, in effect: aiosmtpd's 1001 would stop the transport at every line

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802  # aiosmtpd finds it by this name
        if await self.check_helo_needed():
            return
        if self.envelope is None or not self.envelope.rcpt_tos:
            await self.push("503 Error: need RCPT command")
            return
        if arg:
            await self.push("501 Syntax: DATA")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        self.envelope.content = self.envelope.original_content = await self._content()
        if self.envelope.content is None:
            status = "552 Error: Too much mail data"
        else:
            status = await self._call_handler_hook("DATA")
        self.envelope = self._create_envelope()
        await self.push(status)

    @property
    def in_transaction(self) -> bool:
        return self.envelope is not None and self.envelope.mail_from is not None

    async def _content(self) -> bytes | None:
        """The message up to the final dot, dots unstuffed (RFC 5321, 4.5.2); None: it was too large.

        What follows the dot stays in the reader.
        """
        data = bytearray(b"\r\n")  # the DATA line's own end may be the one before the dot
        too_large = False
        while True:
            seen = len(data)
            data += await self._reader.read(READ_AHEAD)
            end = data.find(END, max(0, seen - len(END) + 1))
            if end >= 0:
                break
            if len(data) > MESSAGE_BYTES:
                too_large = True
                del data[: -len(END)]
        if rest := data[end + len(END) :]:
            self._reader.feed_data(bytes(rest))  # read() has emptied the reader, so this is its front
        del data[end + 2 :]
        return None if too_large else bytes(data.replace(b"\r\n.", b"\r\n")[2:])

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        plain = PLAIN_PATH.fullmatch(arg.strip())
        if plain is not None:
            return plain.group(1), plain.group(2)
        address: tuple[str | None, str | None] = super()._getaddr(arg)
        return address


def factory(store: Store, open_connections: set[InboxSMTP]) -> Callable[[], InboxSMTP]:
    """What `loop.create_server` asks for each connection; those that are open are in `open_connections`."""
    handler = Handler(store)

    class Counted(InboxSMTP):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            open_connections.add(self)
            super().connection_made(transport)

        def connection_lost(self, error: Exception | None) -> None:
            open_connections.discard(self)
            super().connection_lost(error)

    options: dict[str, Any] = {
        "data_size_limit": MESSAGE_BYTES,
        "enable_SMTPUTF8": True,
        "hostname": "localhost",
        "ident": "Paceline test inbox",
        "loop": asyncio.get_running_loop(),
    }
    return lambda: Counted(handler, **options)
