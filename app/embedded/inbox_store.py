"""What the test inbox keeps: two append-only files, so that an accepted message survives the end of the process.

    messages.eml     the messages, one after the other
    messages.jsonl   one summary a line, in the same order

Memory holds 16 bytes a message. A line is written after its message; what a crash left without its line is cut off.
"""

from __future__ import annotations

import os
import re
from array import array
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.header import decode_header, make_header
from pathlib import Path
from typing import Final

import msgspec

from app.errors import NotFound, ValidationError

HEADER_END: Final = re.compile(rb"\r?\n\r?\n")
FOLD: Final = re.compile(r"\r?\n[ \t]+")
BLOCK: Final = 1000  # summaries read at a time


class Summary(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    id: str  # nine digits, in the order of arrival
    from_: str  # envelope
    to: tuple[str, ...]  # envelope
    subject: str
    message_id: str | None
    received_at: str  # UTC with microseconds, when the final dot came
    size: int  # bytes


class Store:
    """The messages in `folder`, oldest first."""

    def __init__(self, folder: Path) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
        self._messages = os.open(folder / "messages.eml", flags, 0o600)
        self._lines = os.open(folder / "messages.jsonl", flags, 0o600)
        self._message_ends = array("Q", [0])
        self._line_ends = array("Q", [0])
        self._load()

    def __len__(self) -> int:
        return len(self._line_ends) - 1

    def add(self, sender: str, recipients: Sequence[str], content: bytes) -> str:
        """Keeps one message and returns its id. When this returns, the end of the process loses nothing.

        Raises OSError (such as a full disk) and then has kept nothing of it.
        """
        summary = Summary(
            id=f"{len(self) + 1:09d}",
            from_=sender,
            to=tuple(recipients),
            subject=header(content, b"subject") or "",
            message_id=header(content, b"message-id"),
            received_at=datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
            size=len(content),
        )
        line = msgspec.json.encode(summary) + b"\n"
        try:
            _write(self._messages, content)
            _write(self._lines, line)
        except OSError:
            self._cut()
            raise
        self._message_ends.append(self._message_ends[-1] + len(content))
        self._line_ends.append(self._line_ends[-1] + len(line))
        return summary.id

    def lines(self, after: str | None = None, limit: int | None = None) -> Iterator[bytes]:
        """Summaries as JSON lines in blocks: those after message `after` (None: from the first), at most `limit`.

        Raises NotFound or ValidationError when there is no message `after`.
        """
        first = 0 if after is None else self._index(after) + 1
        end = len(self) if limit is None else min(len(self), first + limit)
        return (self._block(start, min(start + BLOCK, end)) for start in range(first, end, BLOCK))

    def latest(self, count: int) -> list[Summary]:
        """The newest `count` messages, newest first."""
        text = self._block(max(0, len(self) - count), len(self))
        return [msgspec.json.decode(line, type=Summary) for line in reversed(text.splitlines())]

    def summary(self, message_id: str) -> Summary:
        """Raises NotFound."""
        index = self._index(message_id)
        return msgspec.json.decode(self._block(index, index + 1), type=Summary)

    def raw(self, message_id: str) -> bytes:
        """The message as it came over the wire, CRLF line ends. Raises NotFound."""
        index = self._index(message_id)
        begin, end = self._message_ends[index], self._message_ends[index + 1]
        return os.pread(self._messages, end - begin, begin)

    def close(self) -> None:
        os.close(self._messages)
        os.close(self._lines)

    def _block(self, first: int, end: int) -> bytes:
        begin, stop = self._line_ends[first], self._line_ends[end]
        return os.pread(self._lines, stop - begin, begin)

    def _index(self, message_id: str) -> int:
        if not (message_id.isascii() and message_id.isdigit()):
            raise ValidationError.at("id", f"{message_id!r} is not the id of a message.")
        if not 1 <= int(message_id) <= len(self):
            raise NotFound("The test inbox has no such message.")
        return int(message_id) - 1

    def _load(self) -> None:
        kept = os.fstat(self._messages).st_size
        decoder = msgspec.json.Decoder(_Sized)
        with os.fdopen(os.dup(self._lines), "rb") as file:
            file.seek(0)
            for line in file:
                try:
                    size = decoder.decode(line).size
                except msgspec.DecodeError:
                    break
                if not line.endswith(b"\n") or self._message_ends[-1] + size > kept:
                    break
                self._message_ends.append(self._message_ends[-1] + size)
                self._line_ends.append(self._line_ends[-1] + len(line))
        self._cut()

    def _cut(self) -> None:
        os.ftruncate(self._messages, self._message_ends[-1])
        os.ftruncate(self._lines, self._line_ends[-1])


class _Sized(msgspec.Struct):
    size: int


def header(content: bytes, name: bytes) -> str | None:
    """The first header `name` (lower case), unfolded and decoded (RFC 2047); None when there is none."""
    end = HEADER_END.search(content)
    head = content[: end.start()] if end else content
    found = re.search(rb"(?im)^" + re.escape(name) + rb":[ \t]*(.*(?:\r?\n[ \t].*)*)", head)
    if found is None:
        return None
    text = FOLD.sub(" ", found.group(1).decode("utf-8", "replace")).strip()
    if "=?" not in text:
        return text
    try:
        return str(make_header(decode_header(text)))
    except (ValueError, LookupError):
        return text


def _write(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]
