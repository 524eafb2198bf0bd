"""Calls for the runners of webhooks, after what they are to tell was committed.

Not part of those transactions on purpose: the sending path writes batches of many workspaces and would wait for a row
that every one of them touches. A call that is lost is made good by the watchdog.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from app.db.pool import Pool
from app.db.queries import queries, rows
from app.db.transaction import transaction
from app.queue import defer_webhook_knocks


async def call(pool: Pool, workspace_ids: Sequence[UUID]) -> None:
    """Has workers look at those webhooks of these workspaces that have something to deliver and no runner."""
    async with transaction(pool) as tx:
        idle = await rows(queries.webhooks.to_knock(tx, workspace_ids=list(workspace_ids)))
        await defer_webhook_knocks(tx, [row["id"] for row in idle])
