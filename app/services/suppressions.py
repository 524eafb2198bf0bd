"""The suppression list of a workspace. What is on it is not sent, even what was scheduled before: the gate looks again.

Taking an address off lets later mail through; what was held back for it stays `suppressed`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, BinaryIO, Final
from uuid import UUID

import msgspec

from app.contract.lists import List, Page, page_of
from app.contract.suppressions import (
    AddedSuppressions,
    ImportedSuppressions,
    NewSuppression,
    NewSuppressions,
    RemovedSuppression,
    RemovedSuppressions,
    Suppression,
    SuppressionId,
    SuppressionsToRemove,
)
from app.db.pool import Conn, Pool
from app.db.queries import queries, rows
from app.db.transaction import transaction
from app.domain.scheduling import iso
from app.domain.spreadsheets import csv_rows
from app.domain.suppressions import ORIGINS, Reason, address_of
from app.domain.text import is_one_line
from app.errors import NotFound, Problem, ValidationError
from app.services import feed, imports

EXPORTED: Final = ("email", "reason", "detail", "created_at")
EXPORT_BATCH: Final = 5000  # rows, each batch on a connection of its own: who reads slowly holds none


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a list is to hold. `q`: the start of an address, or with an @ in front that of a domain."""

    reasons: tuple[Reason, ...] | None = None  # None: all
    q: str | None = None

    @property
    def filters(self) -> dict[str, Any]:
        text = (self.q or "").strip().lower()
        pattern = text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
        return {
            "reasons": None if self.reasons is None else [reason.value for reason in self.reasons],
            "starts": pattern if text and not text.startswith("@") else None,
            "domain": pattern if text.startswith("@") else None,
        }


async def list_suppressions(pool: Pool, *, workspace_id: UUID, wanted: Wanted, page: Page) -> List[Suppression]:
    """Newest first."""
    async with pool.connection() as conn:
        found = await _page(conn, workspace_id, wanted, after=page.after, before=page.before, count=page.limit + 1)
    return page_of([_shown(row) for row in found], page)


async def get(pool: Pool, *, workspace_id: UUID, id_or_email: str) -> Suppression:
    """Raises NotFound, ValidationError."""
    id, address = _named(id_or_email)
    async with pool.connection() as conn:
        row = await queries.suppressions.get(conn, workspace_id=workspace_id, id=id, address=address)
    if row is None:
        raise NotFound("This address is not suppressed.")
    return _shown(row)


async def add(pool: Pool, *, workspace_id: UUID, wanted: NewSuppression) -> Suppression:
    """The one that is there already, with its own reason, where there is one. Raises ValidationError."""
    address = address_of(wanted.email)
    if not is_one_line(wanted.detail or ""):
        raise ValidationError.at("detail", "detail cannot have line breaks or control characters.")
    async with transaction(pool) as tx:
        await _add(tx, workspace_id, [address], [Reason(wanted.reason)], [wanted.detail])
        row = await queries.suppressions.get(tx, workspace_id=workspace_id, id=None, address=address)
    feed.announce(pool, workspace_id)
    return _shown(row)


async def add_many(pool: Pool, *, workspace_id: UUID, wanted: NewSuppressions) -> AddedSuppressions:
    """All or none. Raises ValidationError that names each one that is no address."""
    addresses = _addresses(wanted.emails)
    count = len(addresses)
    async with transaction(pool) as tx:
        standing = await _add(tx, workspace_id, addresses, [Reason(wanted.reason)] * count, [None] * count)
    feed.announce(pool, workspace_id)
    return AddedSuppressions(data=[SuppressionId(object="suppression", id=each["id"]) for each in standing])


async def remove(pool: Pool, *, workspace_id: UUID, id_or_email: str) -> RemovedSuppression:
    """Raises NotFound, ValidationError."""
    id, address = _named(id_or_email)
    removed = await _remove(pool, workspace_id, ids=[id] if id else [], addresses=[address] if address else [])
    if not removed:
        raise NotFound("This address is not suppressed.")
    return removed[0]


async def remove_many(pool: Pool, *, workspace_id: UUID, wanted: SuppressionsToRemove) -> RemovedSuppressions:
    """Those that are not there are left out. Raises ValidationError."""
    if (wanted.emails is None) == (wanted.ids is None):
        raise ValidationError.at("emails", "Give either emails or ids.")
    addresses = _addresses(wanted.emails or [])
    return RemovedSuppressions(data=await _remove(pool, workspace_id, ids=wanted.ids or [], addresses=addresses))


async def import_list(
    pool: Pool,
    *,
    workspace_id: UUID,
    file: BinaryIO,
    size: int,
    filename: str | None,
    columns: Sequence[str | None] | None,
) -> ImportedSuppressions:
    """Reads a file or a pasted text as lists of recipients are read; a column `reason` is heard. All of it is
    suppressed when this returns, or is waiting for a worker if it has more than 10,000 rows.

    Raises UnreadableFile, ValidationError, TooLarge; then nothing of it is suppressed.
    """
    found = await imports.parse(
        pool,
        workspace_id=workspace_id,
        file=file,
        size=size,
        filename=filename,
        columns=columns,
        purpose="suppressions",
    )
    feed.announce(pool, workspace_id)
    return ImportedSuppressions(
        object="suppression_import",
        import_id=found.import_id,
        state=found.state,
        detected=found.detected,
        added=found.valid,
        already_suppressed=found.suppressed,
        duplicates=found.duplicates,
        invalid=found.invalid,
        invalid_count=found.invalid_count,
    )


async def export(pool: Pool, *, workspace_id: UUID, wanted: Wanted) -> AsyncIterator[str]:
    """CSV, newest first, a batch at a time. It can be imported again."""
    yield csv_rows([EXPORTED])
    after: UUID | None = None
    while True:
        async with pool.connection() as conn:
            batch = await _page(conn, workspace_id, wanted, after=after, before=None, count=EXPORT_BATCH)
        if batch:
            yield csv_rows((row["email"], row["reason"], row["detail"] or "", iso(row["created_at"])) for row in batch)
        if len(batch) < EXPORT_BATCH:
            return
        after = batch[-1]["id"]


async def _page(conn: Conn, workspace_id: UUID, wanted: Wanted, **part: Any) -> list[dict[str, Any]]:
    return await rows(queries.suppressions.page(conn, workspace_id=workspace_id, **wanted.filters, **part))


async def _add(
    tx: Conn, workspace_id: UUID, addresses: Sequence[str], reasons: Sequence[Reason], details: Sequence[str | None]
) -> list[dict[str, Any]]:
    """Each of the addresses once: its id, and whether it was added."""
    return await rows(
        queries.suppressions.add(
            tx,
            workspace_id=workspace_id,
            addresses=list(addresses),
            reasons=[reason.value for reason in reasons],
            details=list(details),
        )
    )


async def _remove(
    pool: Pool, workspace_id: UUID, *, ids: Sequence[UUID], addresses: Sequence[str]
) -> list[RemovedSuppression]:
    async with transaction(pool) as tx:
        found = await rows(
            queries.suppressions.remove(tx, workspace_id=workspace_id, ids=list(ids), addresses=list(addresses))
        )
    feed.announce(pool, workspace_id)
    return [RemovedSuppression(object="suppression", id=row["id"], deleted=True) for row in found]


def _addresses(emails: Sequence[str]) -> list[str]:
    addresses: list[str] = []
    problems: list[Problem] = []
    for i, email in enumerate(emails):
        try:
            addresses.append(address_of(email, path=f"emails[{i}]"))
        except ValidationError as error:
            problems.extend(error.problems)
    if problems:
        raise ValidationError.of(problems)
    return addresses


def _named(id_or_email: str) -> tuple[UUID | None, str | None]:
    """(id, None) or (None, address). Raises ValidationError where it is neither."""
    try:
        return UUID(id_or_email), None
    except ValueError:
        return None, address_of(id_or_email, path="id_or_email")


def _shown(row: dict[str, Any]) -> Suppression:
    return Suppression(object="suppression", origin=ORIGINS[Reason(row["reason"])], **row)
