"""From a server's name to a connection ready for mail: TCP, TLS, EHLO, AUTH, by aiosmtplib; its errors end here."""

from __future__ import annotations

import asyncio
import socket
import ssl
from functools import lru_cache
from typing import Final, Literal, cast

import aiosmtplib
import msgspec

from app.domain.replies import Phase, Reply, read_reply
from app.mail.errors import AuthTrouble, ConnectTrouble, SmtpError, Temporary
from app.mail.smtp_protocol import ReplyProtocol
from app.outbound import guard

# Says that the method, not the password, is the trouble (RFC 4954, 6; RFC 5321, 4.2.4): try the next method.
_METHOD_REFUSED: Final = frozenset({500, 501, 502, 503, 504, 534})


class Server(msgspec.Struct, frozen=True):
    """Where and as whom to hand in mail. The password never shows in a repr."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    username: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        return f"Server({self.host}:{self.port}, {self.security}, {self.username})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("host", self.host), ("port", self.port), ("security", self.security), ("username", self.username)]


class Timeouts(msgspec.Struct, frozen=True):
    """Seconds allowed in each phase. The defaults from the greeting on are those of RFC 5321, 4.5.3.2."""

    dns: float = 10.0
    tcp: float = 30.0
    tls: float = 30.0
    greeting: float = 300.0
    ehlo: float = 300.0
    auth: float = 300.0
    mail: float = 300.0
    rcpt: float = 300.0
    data: float = 120.0
    body: float = 180.0  # for each block of the body
    dot: float = 600.0
    quit: float = 1.0

    @classmethod
    def brief(cls, seconds: float = 10.0) -> Timeouts:
        """For somebody who sits and waits."""
        return cls(dns=seconds, tcp=seconds, tls=seconds, greeting=seconds, ehlo=seconds, auth=seconds)


class Features(msgspec.Struct, frozen=True):
    """What the server offers."""

    pipelining: bool
    size: int | None  # the largest message in bytes; 0: no fixed limit (RFC 1870); None: not offered
    smtputf8: bool
    eight_bit: bool


async def dial(server: Server, timeouts: Timeouts, address: str | None) -> tuple[ReplyProtocol, Features]:
    """Connects to `address`, or to what the host's name leads to; the certificate must be the host's either way.

    Raises ConnectTrouble, AuthTrouble or Temporary, each with the phase it happened in.
    """
    client = _Client(server, timeouts)
    try:
        client.address = address or await guard.pin(server.host, server.port, allow_private=True, timeout=timeouts.dns)
        await client.connect(timeout=timeouts.greeting)
        client.phase = "ehlo"
        await client.hello()
        if server.security == "starttls":
            client.phase = "tls"
            await client.starttls(tls_context=tls_context(), timeout=timeouts.tls)
            client.over_tls()
            client.phase = "ehlo"
            await client.hello()
        if server.username is not None:
            client.phase = "auth"
            await client.sign_in(server.username, server.password or "")
        protocol = client.settled()
    except asyncio.CancelledError:
        client.drop()
        raise
    except Exception as error:
        client.drop()
        raise _translated(error, client.phase, server) from error
    return protocol, client.features()


def tls_context() -> ssl.SSLContext:
    """Verifies the certificate and the name against the system's authorities, or those that SSL_CERT_FILE names."""
    return _tls_context(ssl.get_default_verify_paths())


@lru_cache(maxsize=2)
def _tls_context(_paths: object) -> ssl.SSLContext:
    return ssl.create_default_context()


@lru_cache(maxsize=1)
def _own_name() -> str:
    """What we call ourselves: a full name if the machine has one, else an address literal (RFC 5321, 4.1.4)."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() and name.isprintable() and " " not in name else "[127.0.0.1]"


class _Client(aiosmtplib.SMTP):
    """aiosmtplib's client, over our protocol and to a pinned address. `phase` says how far it has come."""

    def __init__(self, server: Server, timeouts: Timeouts) -> None:
        super().__init__(hostname=server.host, port=server.port, local_hostname=_own_name(), start_tls=False)
        self.server = server
        self.timeouts = timeouts
        self.address = ""
        self.phase: Phase = "dns"
        self.link: ReplyProtocol | None = None

    async def _create_connection(self, timeout: float | None) -> aiosmtplib.SMTPResponse:
        loop = asyncio.get_running_loop()
        at_once = self.server.security == "tls"
        link = ReplyProtocol(loop, self._on_connection_lost, greeting_owed=not at_once)
        self.phase = "tcp"
        async with asyncio.timeout(self.timeouts.tcp):
            transport, _ = await loop.create_connection(lambda: link, self.address, self.server.port)
        self.protocol, self.transport, self.link = link, transport, link
        if at_once:
            self.phase = "tls"
            secured = await loop.start_tls(
                transport,
                link,
                tls_context(),
                server_hostname=self.server.host.rstrip("."),
                ssl_handshake_timeout=self.timeouts.tls,
            )
            if link.trouble is not None or secured is None:
                raise aiosmtplib.SMTPConnectError("the server spoke before TLS was set up")
            link.transport = self.transport = secured
            link.owed = 1
            self.over_tls()
        self.phase = "ehlo"
        greeting = await link.read_response(timeout)
        if greeting.code != 220:
            raise aiosmtplib.SMTPConnectResponseError(greeting.code, greeting.message)
        return greeting

    def over_tls(self) -> None:
        """TLS has a buffer of its own: let it, too, hold nothing back."""
        cast("asyncio.WriteTransport", self.transport).set_write_buffer_limits(high=1, low=0)

    async def hello(self) -> None:
        try:
            await self.ehlo(timeout=self.timeouts.ehlo)
        except aiosmtplib.SMTPHeloError as error:
            if not 500 <= error.code < 505:
                raise
            await self.helo(timeout=self.timeouts.ehlo)

    async def sign_in(self, username: str, password: str) -> None:
        """Tries the methods that both sides know. A refused password is not tried again by another method."""
        known = {"cram-md5": self.auth_crammd5, "plain": self.auth_plain, "login": self.auth_login}
        refusal: aiosmtplib.SMTPException | None = None
        for method in self.supported_auth_methods:
            try:
                await known[method](username, password, timeout=self.timeouts.auth)
                return
            except aiosmtplib.SMTPAuthenticationError as error:
                refusal = error
                if error.code not in _METHOD_REFUSED:
                    break
        raise refusal or aiosmtplib.SMTPNotSupported("no common way to sign in")

    def settled(self) -> ReplyProtocol:
        if self.link is None or self.link.trouble is not None:
            raise aiosmtplib.SMTPServerDisconnected(self.link.trouble or "" if self.link else "")
        return self.link

    def features(self) -> Features:
        offered = self.esmtp_extensions
        size = offered.get("size")
        return Features(
            pipelining="pipelining" in offered,
            size=None if size is None else int(size) if size.isascii() and size.isdigit() else 0,
            smtputf8="smtputf8" in offered,
            eight_bit="8bitmime" in offered,
        )

    def drop(self) -> None:
        if self.link is not None:
            self.link.abort()
        self.close()


def _translated(error: Exception, phase: Phase, server: Server) -> SmtpError:
    where = f"{server.host}:{server.port}"
    if isinstance(error, (guard.HostUnknown, guard.HostRefused)):
        return ConnectTrouble(error.message, phase="dns")
    if isinstance(error, aiosmtplib.SMTPResponseException) and error.code > 0:
        return _refused(error, phase, where)
    if isinstance(error, TimeoutError):
        return ConnectTrouble(f"{where} did not answer in time.", phase=phase)
    if phase == "auth" and isinstance(error, aiosmtplib.SMTPNotSupported):
        return AuthTrouble(f"{where} offers no way to sign in that Paceline knows.", phase=phase)
    if phase == "tls":
        return ConnectTrouble(f"No secure connection to {where}: {_tls_detail(error)}.", phase=phase)
    if phase == "tcp":
        detail = (error.strerror if isinstance(error, OSError) else None) or str(error)
        return ConnectTrouble(f"{where} cannot be reached: {detail}.", phase=phase)
    return ConnectTrouble(f"{where} does not talk like a mail server: {error}.", phase=phase)


def _refused(error: aiosmtplib.SMTPResponseException, phase: Phase, where: str) -> SmtpError:
    lines = [line.encode("utf-8", "surrogateescape") for line in error.message.split("\n")]
    reply: Reply = read_reply(error.code, lines)
    if 400 <= reply.code < 500:
        return Temporary(f"{where} has no time now.", phase=phase, reply=reply)
    if phase == "auth":
        return AuthTrouble(f"{where} does not accept the username or password.", phase=phase, reply=reply)
    return ConnectTrouble(f"{where} does not let us in.", phase=phase, reply=reply)


def _tls_detail(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return f"the TLS handshake failed ({error.reason or error})"
    if isinstance(error, aiosmtplib.SMTPException) and not isinstance(error, OSError):
        return "the server does not offer STARTTLS"
    return f"the connection broke during the TLS handshake ({error})"
