"""From the bytes of a text file to its text: the encodings that spreadsheets and editors write. Pure."""

from __future__ import annotations

import codecs
from typing import Final

from app.errors import ValidationError

# The longer marks first: that of UTF-32-LE begins with that of UTF-16-LE.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BINARY: Final = (
    (b"PK\x03\x04", "an Excel or OpenDocument workbook"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a compressed file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
)
_CONTROLS: Final = frozenset(map(chr, range(32))) - set("\t\n\r\v\f\x1a")


class UnreadableFile(ValidationError):
    """This file is not text: save it as CSV (UTF-8) and try again."""

    @classmethod
    def because(cls, what: str) -> UnreadableFile:
        message = f"{what}: save it as CSV (UTF-8) and try again."
        return cls(message, problems=ValidationError.at("file", message).problems)


def decode(data: bytes) -> str:
    """UTF-8, UTF-16 or UTF-32 with or without a mark, else Windows-1252. Raises UnreadableFile when it is no text."""
    for magic, what in _BINARY:
        if data.startswith(magic):
            raise UnreadableFile.because(f"This file is {what}, not text")
    text = _decoded(data)
    if any(control in text for control in _CONTROLS):
        raise UnreadableFile.because("This file holds characters that no text has")
    return text.rstrip("\x1a")  # the end of file of old DOS programs


def _decoded(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strict(data[len(mark) :], encoding)
    if wide := _unmarked_utf16(data):
        return _strict(data, wide)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        # Windows leaves five bytes without a meaning; they are kept visible instead of refusing the whole file.
        return data.decode("cp1252", "replace")


def _strict(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise UnreadableFile.because(f"This file says that it is {encoding.upper()} but is broken") from None


def _unmarked_utf16(data: bytes) -> str | None:
    """Text in a Latin script has a zero in nearly every second byte of UTF-16."""
    sample = data[:4096]
    if len(sample) < 4 or len(sample) % 2 or b"\0" not in sample:
        return None
    half = len(sample) // 2
    if sample[1::2].count(0) > 0.7 * half and sample[0::2].count(0) == 0:
        return "utf-16-le"
    if sample[0::2].count(0) > 0.7 * half and sample[1::2].count(0) == 0:
        return "utf-16-be"
    return None
