"""DKIM signatures (RFC 6376): rsa-sha256, relaxed/relaxed. The only door to dkimpy.

Its canonical forms and its hash of the headers are used. The RSA is OpenSSL's, which takes a twentieth of the time, and
the moment is given (docs/decisions/0011-dkim.md).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from dkim import hash_headers, rfc822_parse
from dkim.canonicalization import CanonicalizationPolicy, compress_whitespace, strip_trailing_whitespace

from app.domain.dkim import signed_headers
from app.mail.signing_keys import stored_key

PIECE: Final = 256 * 1024  # bytes of a body that are brought into their canonical form at once

_RELAXED = CanonicalizationPolicy.from_c_value(b"relaxed/relaxed")
_LINE: Final = 72  # characters


class Signer:
    """Signs for one domain with one key."""

    def __init__(self, *, domain: str, selector: str, private_key: str, host: str) -> None:
        """`private_key`: a KeyPair's. `host`: the server that takes the mail; some rewrite headers."""
        self._key = stored_key(private_key)
        self._domain = domain
        self._selector = selector
        self._host = host

    async def signed(self, message: bytes, *, now: datetime) -> bytes:
        """`sign`, for a large message beside the event loop."""
        if len(message) <= PIECE:
            return self.sign(message, now=now)
        return await asyncio.to_thread(self.sign, message, now=now)

    def sign(self, message: bytes, *, now: datetime) -> bytes:
        """The message, which has CRLF line ends, with its DKIM-Signature in front."""
        end = message.index(b"\r\n\r\n") + 4
        headers = _RELAXED.canonicalize_headers(rfc822_parse(message[:end])[0])
        names = signed_headers([name.decode("ascii") for name, _ in headers], host=self._host)
        tags = (
            f" v=1; a=rsa-sha256; c=relaxed/relaxed; t={int(now.timestamp())};",
            f"d={self._domain}; s={self._selector};",
            *_folded(names),
            f"bh={body_hash(message, end)};",
            "b=",
        )
        value = "\r\n ".join(tags).encode("ascii")
        hasher = hashlib.sha256()
        wanted = [name.encode("ascii") for name in names]
        hash_headers(hasher, _RELAXED, headers, wanted, (b"DKIM-Signature", value), {})
        signed = base64.b64encode(self._key.sign(hasher.digest(), PKCS1v15(), Prehashed(SHA256())))
        lines = [signed[start : start + _LINE] for start in range(0, len(signed), _LINE)]
        return b"".join((b"DKIM-Signature:", value, b"\r\n ".join(lines), b"\r\n", message))


def body_hash(message: bytes, start: int, *, piece: int = PIECE) -> str:
    """In base64, of the body that begins at `start`, as it travels: with a CRLF at its end (RFC 6376, 3.4.4, 3.7)."""
    hasher = hashlib.sha256()
    blank = b""  # the end of a line and the empty ones after it, which do not count at the end
    is_empty = True
    for lines in _pieces(message, start, piece):
        canonical = compress_whitespace(strip_trailing_whitespace(lines))
        filled = canonical.rstrip(b"\r\n")
        if filled:
            hasher.update(blank + filled)
            is_empty, blank = False, b""
        blank += canonical[len(filled) :]
    if not is_empty:
        hasher.update(b"\r\n")
    return base64.b64encode(hasher.digest()).decode("ascii")


def _pieces(message: bytes, start: int, piece: int) -> Iterator[bytes]:
    """The body in pieces of whole lines, each of `piece` bytes and what it takes to end the line."""
    while start < len(message):
        end = message.find(b"\r\n", start + piece)
        end = len(message) if end < 0 else end + 2
        lines = message[start:end]
        yield lines if lines.endswith(b"\r\n") else lines + b"\r\n"
        start = end


def _folded(names: list[str]) -> Iterator[str]:
    """The tag h= on lines of a bearable length."""
    line = "h="
    for place, name in enumerate(names):
        item = name + (":" if place < len(names) - 1 else ";")
        if len(line) + len(item) > _LINE:
            yield line
            line = item
        else:
            line += item
    yield line
