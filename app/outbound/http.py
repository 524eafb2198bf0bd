"""The door to the servers of customers: one POST, the first bytes of its answer, nothing followed.

Each new connection looks the host up once, is refused by the guard where that leads to a private address, and goes to
the very address that was checked. Host header, SNI and the certificate's name stay those of the URL. No proxies, no
redirects, no cookies, no decompression.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

import httpcore2
import msgspec

from app.outbound import guard

TIMEOUT: Final = 15.0  # seconds for all of a request: name, connection, TLS, answer
CONNECT_SECONDS: Final = 10.0
KEPT: Final = 4096  # bytes of an answer that are kept
READ: Final = 64 * 1024  # bytes of an answer after which it is cut off, so that its connection cannot serve again
IDLE_SECONDS: Final = 5.0  # that a connection is kept for the next request


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back, or in `error` in plain words why nothing did. Times in seconds."""

    code: int | None
    body: str | None  # the first KEPT bytes; what is no UTF-8 is replaced
    retry_after: float | None  # what the header asks for, where it is a number of seconds
    error: str | None
    took: float


class _PinnedBackend(httpcore2.AsyncNetworkBackend):
    """Connects to addresses that the guard let pass."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._backend = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        address = await guard.pin(host, port, allow_private=self._allow_private)
        return await self._backend.connect_tcp(address, port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Client:
    """Connections for one receiver, kept between its requests; not shared, so that a slow one takes nobody's place."""

    def __init__(self, *, allow_private: bool, connections: int) -> None:
        self._allow_private = allow_private
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=_tls(),
            max_connections=connections,
            keepalive_expiry=IDLE_SECONDS,
            network_backend=_PinnedBackend(allow_private=allow_private),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._pool.aclose()

    async def post(self, url: str, *, headers: Mapping[str, str], body: bytes, timeout: float = TIMEOUT) -> Answer:
        """Never raises for what the receiver does. `url` is one that `domain.webhooks.endpoint_url` made."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(timeout):
                return await self._post(url, headers, body, began)
        except TimeoutError:
            error = f"No whole answer within {timeout:g} seconds."
        except (guard.HostUnknown, guard.HostRefused) as refused:
            error = refused.message
        except httpcore2.TimeoutException:
            error = f"No connection within {CONNECT_SECONDS:g} seconds."
        except httpcore2.ConnectError as failed:
            error = f"No connection: {_reason(failed)}."
        except (httpcore2.NetworkError, httpcore2.ProtocolError) as failed:
            error = f"The connection broke before the answer: {_reason(failed)}."
        return Answer(code=None, body=None, retry_after=None, error=error, took=time.monotonic() - began)

    async def _post(self, url: str, headers: Mapping[str, str], body: bytes, began: float) -> Answer:
        parts = urlsplit(url)
        if parts.scheme != "https" and not self._allow_private:
            raise guard.HostRefused("Only https is allowed here. To allow http set SMTP_ALLOW_PRIVATE=1.")
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        where = httpcore2.URL(
            scheme=parts.scheme.encode(), host=(parts.hostname or "").encode(), port=parts.port, target=target.encode()
        )
        sent = [(b"Host", parts.netloc.encode()), *((k.encode(), v.encode()) for k, v in headers.items())]
        waits = {"timeout": {"connect": CONNECT_SECONDS}}
        async with self._pool.stream("POST", where, headers=sent, content=body, extensions=waits) as response:
            kept, read = b"", 0
            async for chunk in response.aiter_stream():
                kept += chunk[: KEPT - len(kept)]
                read += len(chunk)
                if read >= READ:
                    break
        return Answer(
            code=response.status,
            body=kept.decode("utf-8", "replace").replace("\x00", "\N{REPLACEMENT CHARACTER}"),
            retry_after=_seconds(_header(response.headers, b"retry-after")),
            error=None,
            took=time.monotonic() - began,
        )


@lru_cache
def _tls() -> ssl.SSLContext:
    """Reading the trusted certificates takes long enough to do it once."""
    return ssl.create_default_context()


def _reason(error: BaseException) -> str:
    """The innermost words: libraries wrap what the system said, as a cause or as their argument."""
    while (inner := error.__cause__ or next(iter(error.args), None)) is not None and isinstance(inner, BaseException):
        error = inner
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted ({error.verify_message.rstrip('.')})"
    words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return words.rstrip(".") or "it was closed"


def _header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes:
    """`name` in lower case: receivers write names as they like (RFC 9110, 5.1)."""
    return next((value for key, value in headers if key.lower() == name), b"")


def _seconds(value: bytes) -> float | None:
    """RFC 9110, 10.2.3, in its form of seconds."""
    text = value.strip()
    return float(text) if text.isdigit() and len(text) <= 9 else None
