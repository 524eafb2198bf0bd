"""Files that go along with messages: read, kept once in a workspace by their hash, given out again, cleared away."""

from __future__ import annotations

import asyncio
import binascii
import hashlib
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from app.contract.attachments import Attachment, AttachmentDetail, NewAttachment
from app.contract.lists import List
from app.db.pool import Conn, Pool
from app.db.queries import queries, rows
from app.db.transaction import transaction
from app.domain.attachments import (
    COUNT_LIMIT,
    SIZE_LIMIT,
    default_name,
    media_type,
    read_content_id,
    why_not_named,
)
from app.domain.ids import new_id
from app.errors import NotFound, Problem
from app.mail.encodings import BASE64_OCTETS

PIECE: Final = 18_396 * BASE64_OCTETS  # bytes read from Postgres at a time, 1 MB; whole lines once they are encoded
LARGE: Final = 128 * 1024  # characters; decoding more would hold up other requests, so a thread does it
IDLE_SECONDS: Final = 3600.0  # a file that no message has any more is kept for so long
PRUNED_AT_ONCE: Final = 100  # files

_SPACE = re.compile(r"[ \t\r\n]+")
_REMOTE: Final = "Remote files are not fetched here: send the file itself as content, in base64."


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was given with a message."""

    filename: str
    content_type: str
    content_id: str | None
    content: bytes
    hash: bytes  # SHA-256


class Given(msgspec.Struct, frozen=True):
    """The files of one message, and what is wrong with them."""

    files: Sequence[File] = ()
    problems: Sequence[Problem] = ()


NOTHING: Final = Given()


# Taken


async def read(given: Sequence[NewAttachment] | None) -> Given:
    """Decodes and checks them. Most messages have none, and cost nothing here."""
    if not given:
        return NOTHING
    size = sum(len(each.content or "") for each in given)
    return await asyncio.to_thread(_read, given) if size > LARGE else _read(given)


def _read(given: Sequence[NewAttachment]) -> Given:
    problems: list[Problem] = []
    if len(given) > COUNT_LIMIT:
        problems.append(Problem("attachments", f"A message has at most {COUNT_LIMIT} attachments."))
        return Given(problems=problems)
    files: list[File] = []
    left = SIZE_LIMIT
    for place, each in enumerate(given):
        file = _file(each, place, problems)
        if file is None:
            continue
        left -= len(file.content)
        if left < 0:
            problems.append(
                Problem(
                    f"attachments[{place}].content",
                    f"The attachments of a message have at most {SIZE_LIMIT // 1024**2} MB together.",
                )
            )
            break
        if file.content_id is not None and any(other.content_id == file.content_id for other in files):
            problems.append(Problem(f"attachments[{place}].content_id", "This content_id is given twice."))
        files.append(file)
    return Given(files, problems)


def _file(given: NewAttachment, place: int, problems: list[Problem]) -> File | None:
    found: list[Problem] = []
    at = f"attachments[{place}]"
    name = (given.filename or "").strip() or default_name(place + 1, given.content_type)
    if why := why_not_named(name):
        found.append(Problem(f"{at}.filename", why))
    kind = media_type(given.content_type, name)
    if kind is None:
        found.append(Problem(f"{at}.content_type", "This is not a content type, such as application/pdf."))
    named = given.content_id or given.inline_content_id
    content_id = None if named is None else read_content_id(named)
    if named is not None and content_id is None:
        message = "A content_id has up to 128 letters, digits and signs, without spaces and brackets."
        found.append(Problem(f"{at}.content_id", message))
    if given.path is not None:
        found.append(Problem(f"{at}.path", _REMOTE))
    content = b"" if given.path is not None else _content(given.content, f"{at}.content", found)
    problems.extend(found)
    if found or kind is None:
        return None
    return File(
        filename=name,
        content_type=str(kind),
        content_id=content_id,
        content=content,
        hash=hashlib.sha256(content).digest(),
    )


def _content(given: str | list[int] | None, path: str, problems: list[Problem]) -> bytes:
    if given is None:
        problems.append(Problem(path, "content is required: the file in base64, or as a list of its bytes."))
        return b""
    if isinstance(given, list):
        return bytes(given)
    try:
        return binascii.a2b_base64(_SPACE.sub("", given).encode("ascii"), strict_mode=True)
    except ValueError:
        problems.append(Problem(path, "This is not base64: encode the bytes of the file, without a data: prefix."))
        return b""


async def keep(tx: Conn, workspace_id: UUID, given: Mapping[UUID, Sequence[File]]) -> None:
    """Writes the files of texts that were just written, by their ids. What is here already is not written again."""
    content_of = {file.hash: file.content for files in given.values() for file in files}
    held = queries.attachments.hold_files(tx, workspace_id=workspace_id, hashes=sorted(content_of))
    known = {row["hash"] for row in await rows(held)}
    for hash in sorted(content_of.keys() - known):
        await queries.attachments.add_file(tx, workspace_id=workspace_id, hash=hash, content=content_of[hash])
    attached = [
        {
            "id": new_id(),
            "content_id": content_id,
            "place": place,
            "filename": file.filename,
            "content_type": file.content_type,
            "cid": file.content_id,
            "hash": file.hash.hex(),
            "size": len(file.content),
        }
        for content_id, files in given.items()
        for place, file in enumerate(files)
    ]
    await queries.attachments.attach(tx, workspace_id=workspace_id, rows=msgspec.json.encode(attached).decode())


# Shown


async def of_email(conn: Conn, *, workspace_id: UUID, email_id: UUID) -> list[dict[str, Any]]:
    """Rows with id, filename, content_type, cid, size, hash, in their order."""
    return await rows(queries.attachments.of_email(conn, workspace_id=workspace_id, email_id=email_id))


async def list_attachments(pool: Pool, *, workspace_id: UUID, email_id: UUID, base_url: str) -> List[Attachment]:
    """All on one page. Raises NotFound."""
    async with pool.connection() as conn:
        if await queries.emails.state(conn, workspace_id=workspace_id, id=email_id) is None:
            raise NotFound("There is no such message in this workspace.")
        found = await of_email(conn, workspace_id=workspace_id, email_id=email_id)
    return List(object="list", has_more=False, data=[shown(row, email_id, base_url) for row in found])


async def get(pool: Pool, *, workspace_id: UUID, email_id: UUID, id: UUID, base_url: str) -> AttachmentDetail:
    """Raises NotFound."""
    row = await _row(pool, workspace_id, email_id, id)
    return AttachmentDetail(object="attachment", **msgspec.structs.asdict(shown(row, email_id, base_url)))


class Download(msgspec.Struct, frozen=True):
    filename: str
    size: int
    pieces: AsyncIterator[bytes]


async def download(pool: Pool, *, workspace_id: UUID, email_id: UUID, id: UUID) -> Download:
    """The file, read piece by piece as it is given out. Raises NotFound."""
    row = await _row(pool, workspace_id, email_id, id)
    return Download(row["filename"], row["size"], pieces(pool, workspace_id, row["hash"], row["size"]))


async def pieces(pool: Pool, workspace_id: UUID, hash: bytes, size: int) -> AsyncIterator[bytes]:
    """A file's content. No connection is held between two pieces. Raises NotFound where the file has gone meanwhile."""
    for start in range(0, size, PIECE):
        async with pool.connection() as conn:
            piece = await queries.attachments.piece(
                conn, workspace_id=workspace_id, hash=hash, start=start, length=PIECE
            )
        if piece is None:
            raise NotFound("This file has been removed.")
        yield bytes(piece)


async def _row(pool: Pool, workspace_id: UUID, email_id: UUID, id: UUID) -> dict[str, Any]:
    async with pool.connection() as conn:
        for row in await of_email(conn, workspace_id=workspace_id, email_id=email_id):
            if row["id"] == id:
                return row
    raise NotFound("This message has no such attachment.")


def shown(row: Mapping[str, Any], email_id: UUID, base_url: str) -> Attachment:
    return Attachment(
        id=row["id"],
        filename=row["filename"],
        content_type=row["content_type"],
        content_id=row["cid"],
        content_disposition="attachment" if row["cid"] is None else "inline",
        size=row["size"],
        download_url=f"{base_url}/v1/emails/{email_id}/attachments/{row['id']}/content",
    )


# Cleared away


async def prune(pool: Pool) -> int:
    """Removes files that no text has any more, a batch in each transaction; how many."""
    removed: int = 0
    while True:
        async with transaction(pool) as tx:
            held = queries.attachments.idle_files(tx, seconds=IDLE_SECONDS, count=PRUNED_AT_ONCE)
            idle = await rows(held)
            gone = [(row["workspace_id"], row["hash"]) for row in idle]
            removed += int(
                await queries.attachments.drop_files(
                    tx, workspace_ids=[workspace for workspace, _ in gone], hashes=[hash for _, hash in gone]
                )
            )
        if len(idle) < PRUNED_AT_ONCE:
            return removed
