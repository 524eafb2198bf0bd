"""Header lines as they travel: folded; RFC 2047 words for what is not ASCII, RFC 6532 only for a SMTPUTF8 address."""

from __future__ import annotations

import binascii
import re
from collections.abc import Sequence
from typing import Final

from app.domain.addresses import Address

WIDTH: Final = 76  # characters of a line, CRLF apart; RFC 5322 asks for 78, RFC 2047 for 76 where encoded words stand

_PRINTABLE = re.compile(r"[ -~]*")
_WORDS = re.compile(r"[!-~]+(?: [!-~]+)*")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_PAYLOAD: Final = 45  # octets in one encoded word: `=?utf-8?b?` + 60 + `?=` is 72 of the 75 that RFC 2047 allows

_FIRST_PAYLOAD: Final = 36  # leaves room for the header's name
_SHORT: Final = WIDTH - 12  # characters beside a header's name


def header(name: str, value: str) -> bytes:
    """An unstructured header (RFC 5322, 2.2.1) with its CRLF. Line breaks in `value` become spaces."""
    text = _CONTROL.sub(" ", value).strip()
    room = WIDTH - len(name) - 2
    if len(text) <= room and _PRINTABLE.fullmatch(text) and "=?" not in text:
        return f"{name}: {text}\r\n".encode("ascii")
    return b"%s: %s\r\n" % (name.encode("ascii"), b"\r\n ".join(_unstructured(text, room)))


def address_header(name: str, addresses: Sequence[Address]) -> bytes:
    """An address header (RFC 5322, 3.6.3) with its CRLF, one address a line when they do not fit one."""
    written = [_address(each) for each in addresses]
    line = b"%s: %s\r\n" % (name.encode("ascii"), b", ".join(written))
    if len(line) <= WIDTH + 2:
        return line
    return b"%s: %s\r\n" % (name.encode("ascii"), b",\r\n ".join(written))


def _address(address: Address) -> bytes:
    email = address.envelope.encode()
    if not address.name:
        return email
    name = _phrase(address.name)
    last = len(name) - name.rfind(b"\n")
    space = b" " if last + len(email) + 3 <= _SHORT else b"\r\n "
    return b"%s%s<%s>" % (name, space, email)


def _phrase(name: str) -> bytes:
    """A display name (RFC 5322, 3.2.5): as it is, in quotation marks, or as encoded words."""
    text = _CONTROL.sub(" ", name).strip()
    if _PRINTABLE.fullmatch(text) and "=?" not in text and len(text) <= _SHORT:
        if _ATOMS.fullmatch(text):
            return text.encode("ascii")
        return b'"%s"' % text.replace("\\", "\\\\").replace('"', '\\"').encode("ascii")
    return b"\r\n ".join(_encoded_words(text, _FIRST_PAYLOAD))


def _unstructured(text: str, room: int) -> list[bytes]:
    """The lines of a value; a reader who joins them gets the value back."""
    if _WORDS.fullmatch(text) and "=?" not in text and max(map(len, text.split(" "))) <= 900:
        lines: list[str] = []
        line = ""
        for word in text.split(" "):
            if line and len(line) + 1 + len(word) > room:
                lines.append(line)
                line, room = word, WIDTH - 1
            else:
                line = f"{line} {word}" if line else word
        return [each.encode("ascii") for each in [*lines, line]]
    first = max(3, min(_PAYLOAD, (room - 12) // 4 * 3))
    return _encoded_words(text, first)


def _encoded_words(text: str, first: int) -> list[bytes]:
    """Words of RFC 2047 in UTF-8, none of which splits a character. `first`: octets that fit the first one."""
    words: list[bytes] = []
    rest = text.encode("utf-8", "replace")
    room = max(4, first)
    while rest:
        end = min(room, len(rest))
        while end < len(rest) and rest[end] & 0xC0 == 0x80:
            end -= 1
        words.append(b"=?utf-8?b?%s?=" % binascii.b2a_base64(rest[:end], newline=False))
        rest, room = rest[end:], _PAYLOAD
    return words
