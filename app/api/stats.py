"""/stats."""

from __future__ import annotations

from litestar import get

from app.api.given import Caller, Pool, Settings
from app.contract.stats import Stats
from app.services import stats


@get("/stats", operation_id="getStats", summary="The overview", tags=["Overview"])
async def get_stats(caller: Caller, pool: Pool, settings: Settings) -> Stats:
    """What waits, what left and how much of each limit is used, from counters: cheap however long the queue."""
    return await stats.overview(pool, settings, workspace_id=caller.workspace_id)
