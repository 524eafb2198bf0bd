"""Files that go along with a message: what they may be called, and be said to be. Pure."""

from __future__ import annotations

import mimetypes
import re
from typing import Final

import msgspec

from app.domain.text import why_turned

SIZE_LIMIT: Final = 25 * 1024 * 1024  # bytes of all files of one message
COUNT_LIMIT: Final = 100  # files of one message
NAME_LIMIT: Final = 200  # characters
NAME_OCTETS: Final = 255  # of a name in UTF-8, as file systems count
CONTENT_ID_LIMIT: Final = 128  # characters

# A whole message or several parts may not be base64 (RFC 2045, 6.4), and files are: they travel as plain bytes.
_STRUCTURED: Final = ("multipart", "message")
_PLAIN_BYTES: Final = "application/octet-stream"

_NAME: Final = r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}"
_MEDIA_TYPE = re.compile(rf"({_NAME})/({_NAME})")
_PARAMETER = re.compile(
    rf"""\s*({_NAME})\s*=\s*(?:([a-z0-9!#$&^_.+-]{{1,100}})|"([a-z0-9!#$&^_.+ -]{{1,100}})")\s*""", re.IGNORECASE
)
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_CONTENT_ID = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.@-]+")


class MediaType(msgspec.Struct, frozen=True):
    """A Content-Type (RFC 2045, 5.1), with what it says besides: `text/calendar; method=REQUEST`."""

    kind: str
    subtype: str
    parameters: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        said = "".join(
            f'; {name}="{value}"' if " " in value else f"; {name}={value}" for name, value in self.parameters
        )
        return f"{self.kind}/{self.subtype}{said}"


def media_type(given: str | None, filename: str) -> MediaType | None:
    """What a file is: as given, else by its name's ending. None where what is given is no media type."""
    named, *rest = (given or _guessed(filename)).split(";")
    match = _MEDIA_TYPE.fullmatch(named.strip().lower())
    parameters = [_PARAMETER.fullmatch(each) for each in rest if each.strip()]
    if match is None or not all(parameters):
        return None
    if match[1] in _STRUCTURED:
        return MediaType("application", "octet-stream")
    said = {each[1].lower(): each[2] or each[3] for each in parameters if each is not None}
    said.pop("name", None)  # a second name beside the file's own could be another
    said.pop("boundary", None)
    return MediaType(match[1], match[2], tuple(said.items()))


def _guessed(filename: str) -> str:
    kind, packed_as = mimetypes.guess_type(filename)
    return _PLAIN_BYTES if kind is None or packed_as is not None else kind  # of a.tar.gz it would say application/x-tar


def default_name(place: int, content_type: str | None) -> str:
    """What a file without a name is called; `place` counts from 1."""
    ending = mimetypes.guess_extension((content_type or "").partition(";")[0].strip().lower()) or ""
    return f"attachment-{place}{ending}"


def why_not_named(name: str) -> str | None:
    """Why a file cannot be called this: it would break a header, leave its folder, or read as something else."""
    if not name.strip():
        return "A file needs a name."
    if _UNSAFE.search(name):
        return "A file's name cannot have line breaks or control characters."
    if "/" in name or "\\" in name:
        return "A file's name is without folders: it cannot have / or \\."
    if name.strip() in (".", ".."):
        return "This is a folder's name, not a file's."
    if len(name) > NAME_LIMIT or len(name.encode()) > NAME_OCTETS:
        return f"A file's name has at most {NAME_LIMIT} characters and {NAME_OCTETS} bytes."
    return why_turned(name)


def read_content_id(given: str) -> str | None:
    """A Content-ID without the brackets it may be given with (RFC 2392); None where it cannot be one."""
    text = given.strip().removeprefix("<").removesuffix(">")
    return text if len(text) <= CONTENT_ID_LIMIT and _CONTENT_ID.fullmatch(text) else None
