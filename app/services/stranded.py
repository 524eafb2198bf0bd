"""Long work whose worker died: each kind keeps the moment when somebody last worked on it."""

from __future__ import annotations

from app.db.pool import Pool
from app.db.queries import queries, rows
from app.db.transaction import transaction
from app.queue import defer_cancel, defer_import, defer_placing
from app.services import campaign_cancel


async def take_up(pool: Pool) -> None:
    """Leaves a job for everything on which nobody has worked for some seconds. One question where there is nothing."""
    async with pool.connection() as conn:
        if not await queries.stranded.exist(conn):
            return
    async with transaction(pool) as tx:
        for each in await rows(queries.stranded.cancelled(tx)):
            await defer_cancel(tx, each["workspace_id"], each["id"], after=campaign_cancel.START)
        for each in await rows(queries.stranded.imports(tx)):
            await defer_import(tx, each["workspace_id"], each["id"])
        for each in await rows(queries.stranded.placing(tx)):
            await defer_placing(tx, each["workspace_id"], each["id"])
