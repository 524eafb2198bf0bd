"""What runners read before they send. One worker may run thousands of mailboxes: what their runners ask at the same
time is one question; whoever asks alone waits for nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from app.db.coalescing import Coalescer
from app.db.pool import Pool
from app.db.queries import queries, rows
from app.services import delivery
from app.services.delivery import Due, Look
from app.services.leases import Lease

BATCH: Final = 256  # messages of one mailbox in one read
ROWS: Final = 1024  # of all mailboxes that share it: more would hold up the event loop for too long
MOST: Final = 64  # mailboxes of one read
AT_ONCE: Final = 2  # reads under way: a slow one does not hold up all others


async def due(pool: Pool, look: Look) -> tuple[list[Due], bool]:
    """The next messages of a mailbox, in order; whether that is all of them."""
    return await _DUE.ask(pool, look)


async def _due(pool: Pool, looks: Sequence[Look]) -> Sequence[tuple[list[Due], bool]]:
    limit = min(BATCH, ROWS // len(looks))
    return [(found, len(found) < limit) for found in await delivery.due_of_all(pool, looks, limit=limit)]


async def contents(pool: Pool, workspace_id: UUID, content_ids: frozenset[UUID]) -> dict[UUID, dict[str, Any]]:
    """The rows of these contents, and perhaps of others that were asked for at the same time, by their ids."""
    return await _CONTENTS.ask((pool, workspace_id), content_ids)


async def _contents(
    whose: tuple[Pool, UUID], wanted: Sequence[frozenset[UUID]]
) -> Sequence[dict[UUID, dict[str, Any]]]:
    pool, workspace_id = whose
    async with pool.connection() as conn:
        ids = list(frozenset[UUID]().union(*wanted))
        found = {
            row["id"]: row for row in await rows(queries.delivery.contents(conn, workspace_id=workspace_id, ids=ids))
        }
    return [found] * len(wanted)


async def senders(pool: Pool, lease: Lease) -> list[dict[str, Any]]:
    """The senders that deliver through this mailbox, passwords still sealed."""
    return await _SENDERS.ask((pool, lease.workspace_id), lease.mailbox_id)


async def _senders(whose: tuple[Pool, UUID], mailbox_ids: Sequence[UUID]) -> Sequence[list[dict[str, Any]]]:
    pool, workspace_id = whose
    found: dict[UUID, list[dict[str, Any]]] = {mailbox_id: [] for mailbox_id in mailbox_ids}
    async with pool.connection() as conn:
        for row in await rows(
            queries.mailboxes.senders(conn, workspace_id=workspace_id, mailbox_ids=list(mailbox_ids))
        ):
            found[row.pop("mailbox_id")].append(row)
    return [found[mailbox_id] for mailbox_id in mailbox_ids]


_DUE: Final = Coalescer(_due, most=MOST, at_once=AT_ONCE)
_CONTENTS: Final = Coalescer(_contents, size=len, at_once=AT_ONCE)
_SENDERS: Final = Coalescer(_senders)
