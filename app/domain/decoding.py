"""From the bytes of a text file to its text: the encodings that spreadsheets and editors write. Pure."""

from __future__ import annotations

import codecs
import contextlib
import io
import re
from typing import BinaryIO, Final, TextIO

import charset_normalizer

from app.errors import ValidationError

# The longer marks first: that of UTF-32-LE begins with that of UTF-16-LE.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BINARY: Final = (
    (b"PK\x03\x04", "an Excel or OpenDocument workbook"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a compressed file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x19\x1b-\x1f]")  # 0x1a ends the files of old DOS programs
# Of the encodings with one byte a character those that lists are found in; the first is by far the most frequent.
_OLDER: Final = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1257", "mac_roman"]

HEAD: Final = 4096  # bytes
CHUNK: Final = 262_144  # bytes


class UnreadableFile(ValidationError):
    """This file is not text: save it as CSV (UTF-8) and try again."""

    @classmethod
    def because(cls, what: str) -> UnreadableFile:
        message = f"{what}: save it as CSV (UTF-8) and try again."
        return cls(message, problems=ValidationError.at("file", message).problems)


def open_text(file: BinaryIO) -> TextIO:
    """The text of a file that can seek, in one of these: UTF-8, UTF-16 or UTF-32 with or without a mark, or an older
    encoding of one byte a character, as it is most likely meant.

    Reads the file once, in constant memory, before it answers. Raises UnreadableFile when it is no text.
    """
    file.seek(0)
    head = file.read(HEAD)
    for magic, what in _BINARY:
        if head.startswith(magic):
            raise UnreadableFile.because(f"This file is {what}, not text")
    encoding = _marked(head) or _unmarked_utf16(head) or "utf-8"
    if not _reads(file, encoding):
        if encoding != "utf-8":
            raise UnreadableFile.because(
                f"This file says that it is {encoding.upper().removesuffix('-SIG')} but is broken"
            )
        encoding = _older(file)
        _reads(file, encoding)
    file.seek(0)
    # Windows leaves five bytes of its encoding without a meaning; they are kept visible.
    return _Text(file, encoding=encoding, errors="replace", newline="")


class _Text(io.TextIOWrapper):
    """The file under it stays open: it is its owner's."""

    def close(self) -> None:
        with contextlib.suppress(ValueError):  # it is closed already
            self.detach()


def _marked(head: bytes) -> str | None:
    return next((encoding for mark, encoding in _MARKS if head.startswith(mark)), None)


def _reads(file: BinaryIO, encoding: str) -> bool:
    """Whether all of it is text in this encoding. Raises UnreadableFile for characters that no text has."""
    decoder = codecs.getincrementaldecoder(encoding)("strict" if encoding.startswith("utf") else "replace")
    file.seek(0)
    line = 1
    while True:
        data = file.read(CHUNK)
        try:
            text = decoder.decode(data, final=not data)
        except UnicodeDecodeError:
            return False
        if (found := _CONTROL.search(text)) is not None:
            line += text.count("\n", 0, found.start())
            raise UnreadableFile.because(f"Line {line:,} of this file holds a character that no text has")
        if not data:
            return True
        line += text.count("\n")


def _older(file: BinaryIO) -> str:
    """The encoding of one byte a character that the first part with such characters is most likely in."""
    file.seek(0)
    while data := file.read(CHUNK):
        if not data.isascii():
            first = next(i for i, byte in enumerate(data) if byte > 127)
            best = charset_normalizer.from_bytes(data[max(0, first - 256) : first + 16_384], cp_isolation=_OLDER).best()
            return best.encoding if best is not None else "cp1252"
    return "cp1252"


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
