"""From the bytes of a text file to its text: the encodings that spreadsheets and editors write. Pure."""

from __future__ import annotations

import codecs
import contextlib
import io
import re
from typing import BinaryIO, Final, TextIO

import chardet

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
    (b"PK\x03\x04", "an Excel or OpenDocument workbook or a ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a compressed file"),
    (b"7z\xbc\xaf", "a compressed file"),
    (b"Rar!\x1a", "a compressed file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"SQLite format 3\0", "a database"),
)
# Text, but no list: read as one, every line of it would be an address that is none.
_OTHER: Final = (
    (re.compile(r"<(!doctype html|html|head|body|table)\b", re.IGNORECASE), "a web page"),
    (re.compile(r"<\?xml\b", re.IGNORECASE), "XML"),
    (re.compile(r'[\[{][\s\[{]*("[^"\n]*"\s*:|[\]}])'), "JSON"),
    (re.compile(r"BEGIN:VCARD\b", re.IGNORECASE), "contacts as vCard"),
    (re.compile(r"\{\\rtf"), "a document of a word processor"),
)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x19\x1b-\x1f]")  # 0x1a ends the files of old DOS programs
# Those that lists are found in, the first by far the most often; a guess at another has to be that much better.
_OLDER: Final = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1257", "iso8859-2", "koi8-r"),
    *("cp932", "euc_jis_2004", "cp949", "gb18030", "big5"),
)
_BETTER: Final = 1.2
# The addresses around the words that are not plain ASCII would pass for any language.
_WORD: Final = re.compile(rb"[A-\xff]+")
_EVIDENCE: Final = 16_384  # bytes of such words

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
    encoding as it is most likely meant.

    Reads the file once or twice, in constant memory, before it answers. Raises UnreadableFile when it is no text, or
    text of another kind.
    """
    file.seek(0)
    head = file.read(HEAD)
    for magic, what in _BINARY:
        if head.startswith(magic):
            raise UnreadableFile.because(f"This file is {what}, not text")
    encoding = _marked(head) or _unmarked_utf16(head) or "utf-8"
    if not _reads(file, encoding, "strict"):
        if encoding != "utf-8":
            raise UnreadableFile.because(
                f"This file says that it is {encoding.upper().removesuffix('-SIG')} but is broken"
            )
        encoding = _older(file)
        _reads(file, encoding, "replace")
    beginning = head.decode(encoding, "replace").lstrip("\ufeff\x00 \t\r\n")
    for pattern, what in _OTHER:
        if pattern.match(beginning):
            raise UnreadableFile.because(f"This file is {what}, not a list")
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


def _reads(file: BinaryIO, encoding: str, errors: str) -> bool:
    """Whether all of it is text in this encoding. Raises UnreadableFile for characters that no text has."""
    decoder = codecs.getincrementaldecoder(encoding)(errors)
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
    """What a file is in that is not all UTF-8, by the first of its words that are not plain ASCII."""
    words = _foreign_words(file)
    text = words.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    if 4 * broken < sum(character > "\x7f" for character in text) - broken:
        return "utf-8"  # a program cut some of its characters in two
    # What the newer of two sisters calls letters is nothing in the older one.
    impossible = {"iso8859-2"} if re.search(rb"[\x80-\x9f]", words) else set()
    possible = [encoding for encoding in _OLDER if encoding not in impossible]
    if _has_old_mac_line_ends(file):
        possible.append("mac-roman")
    found = chardet.detect_all(words, ignore_threshold=True, include_encodings=possible, compat_names=False)
    usual = _OLDER[0]
    likely = {each["encoding"]: each["confidence"] for each in found if each["encoding"] is not None}
    return max(likely, key=lambda encoding: likely[encoding] * (_BETTER if encoding == usual else 1), default=usual)


def _foreign_words(file: BinaryIO) -> bytes:
    file.seek(0)
    words: list[bytes] = []
    size = 0
    while size < _EVIDENCE and (data := file.read(CHUNK)):
        found = [] if data.isascii() else [word for word in _WORD.findall(data) if not word.isascii()]
        words += found
        size += sum(map(len, found))
    return b" ".join(words)[:_EVIDENCE]


def _has_old_mac_line_ends(file: BinaryIO) -> bool:
    file.seek(0)
    head = file.read(CHUNK)
    return b"\r" in head and b"\n" not in head


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
