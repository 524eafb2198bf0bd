"""Content transfer encodings (RFC 2045, 6.7 and 6.8), in C where the time goes."""

from __future__ import annotations

import binascii
from typing import Final, Literal

Encoding = Literal["quoted-printable", "base64"]

BASE64_LINE: Final = 76  # characters
BASE64_OCTETS: Final = 57  # octets that fill a line


def best_encoding(text: str) -> Encoding:
    """Quoted-printable stays readable; base64 is shorter once more than about a sixth of the octets are not ASCII."""
    octets = text.encode("utf-8", "replace")
    others = len(octets) - len(octets.translate(None, _HIGH))
    return "base64" if others * 6 > len(octets) else "quoted-printable"


_HIGH: Final = bytes(range(128, 256))


def encode_text(text: str, encoding: Encoding) -> bytes:
    """UTF-8 text with CRLF line ends, encoded, ending with CRLF. A line break of any of the three kinds is one."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    octets = text.replace("\n", "\r\n").encode("utf-8", "replace")
    if not octets.endswith(b"\r\n"):
        octets += b"\r\n"
    if encoding == "base64":
        return encode_bytes(octets)
    return binascii.b2a_qp(octets, istext=True)


def encode_bytes(data: bytes) -> bytes:
    """Base64 in lines of 76 characters, each with its CRLF."""
    text = binascii.b2a_base64(data, newline=False)
    if len(text) <= BASE64_LINE:
        return text + b"\r\n"
    return b"\r\n".join([text[i : i + BASE64_LINE] for i in range(0, len(text), BASE64_LINE)]) + b"\r\n"
