"""What holds mail back, each a row: limits that are full, windows that are closed, senders that cannot sign in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from app.db.coalescing import Coalescer
from app.db.pool import Pool
from app.db.queries import queries, rows
from app.db.transaction import retrying, transaction
from app.domain.pacing import DAY
from app.domain.windows import Window
from app.services import mailboxes, milestones
from app.services.leases import Lease


async def headroom(pool: Pool, scope: str, scope_id: UUID, limit: int, window: float) -> tuple[int, datetime]:
    """(used, when one more fits) of a scope, from Postgres."""
    async with pool.connection() as conn:
        found = await queries.delivery.headroom(conn, scope=scope, scope_id=scope_id, limit=limit, window=window)
    return int(found["used"]), found["next_at"]


class Hours(msgspec.Struct, frozen=True):
    """The sending windows of a lane, which must all be open for it to send."""

    windows: list[Window]
    is_waiting: bool  # it is blocked until one opens


async def windows(pool: Pool, lease: Lease) -> dict[int, Hours]:
    """By lane, of all that have something waiting; most have no window."""
    return await _HOURS.ask(pool, lease.mailbox_id)


async def _hours(pool: Pool, mailbox_ids: Sequence[UUID]) -> Sequence[dict[int, Hours]]:
    found: dict[UUID, dict[int, Hours]] = {mailbox_id: {} for mailbox_id in mailbox_ids}
    async with pool.connection() as conn:
        for row in await rows(queries.mailboxes.windows(conn, mailbox_ids=list(mailbox_ids))):
            hours = Hours([*_windows(row, "sender"), *_windows(row, "campaign")], row["is_waiting"])
            found[row["mailbox_id"]][row["id"]] = hours
    return [found[mailbox_id] for mailbox_id in mailbox_ids]


_HOURS: Final = Coalescer(_hours)  # of all runners that ask at the same time


def _windows(row: dict[str, Any], whose: str) -> list[Window]:
    if row[f"{whose}_days"] is None:
        return []
    days, start, end, zone = (row[f"{whose}_{part}"] for part in ("days", "start", "end", "timezone"))
    return [Window(frozenset(days), start, end, zone)]


async def block_lane(pool: Pool, lane_id: int, *, until: datetime) -> None:
    """A window has closed: the lane waits until it opens."""
    async with pool.connection() as conn:
        await queries.mailboxes.block_lane(conn, lane_id=lane_id, until=until)


async def open_lane(pool: Pool, lane_id: int) -> None:
    """The lane waits for a window that is open already."""
    async with pool.connection() as conn:
        await queries.mailboxes.open_lane(conn, lane_id=lane_id)


async def block_mailbox(
    pool: Pool, lease: Lease, *, until: datetime, reason: str | None, limit: int | None = None, window: float = 0.0
) -> bool:
    """Holds the whole mailbox back until then, as one row. With a `limit`, only while it is in force: False if not.

    `window`: seconds of an hour; that a limit is reached is told once in its window.
    """
    async with transaction(pool) as tx:
        await queries.lanes.share_settings(tx, workspace_id=lease.workspace_id)
        held = bool(await queries.mailboxes.block(tx, **lease.key, until=until, reason=reason, limit=limit))
        if held and limit is not None and reason is not None:
            span = window * DAY if reason == "mailbox_day" else window
            await milestones.limit_reached(
                tx, lease.workspace_id, lease.mailbox_id, scope=reason, until=until, window=span
            )
        return held


async def block_campaign(
    pool: Pool, lease: Lease, campaign_id: UUID, *, until: datetime, limit: int | None = None
) -> bool:
    """Holds a campaign's lanes on this mailbox back until its own limit has room again; `limit` as above."""
    async with transaction(pool) as tx:
        await queries.lanes.share_settings(tx, workspace_id=lease.workspace_id)
        found = await queries.mailboxes.block_campaign(
            tx,
            workspace_id=lease.workspace_id,
            mailbox_id=lease.mailbox_id,
            campaign_id=campaign_id,
            until=until,
            limit=limit,
        )
        return bool(found)


async def pause_sender(pool: Pool, workspace_id: UUID, sender_id: UUID, *, reason: str) -> None:
    """Stops a sender that cannot sign in; its mail waits."""

    async def work(tx: Any) -> None:
        await queries.mailboxes.pause_sender(tx, workspace_id=workspace_id, sender_id=sender_id, reason=reason)
        await queries.mailboxes.block_sender(tx, workspace_id=workspace_id, sender_id=sender_id)

    await retrying(pool, work)


async def hold_paused(pool: Pool, lease: Lease, sender_id: UUID, campaign_id: UUID | None) -> None:
    """Blocks the lanes of a sender and a campaign as far as either is paused: a lane may be younger than the pause."""

    async def work(tx: Any) -> None:
        # Without it the states could be read before a person's change and the lanes be written after it.
        await queries.lanes.hold_settings(tx, workspace_id=lease.workspace_id)
        await mailboxes.settle_lanes(tx, lease.workspace_id, sender_id=sender_id, campaign_id=campaign_id)

    await retrying(pool, work)
