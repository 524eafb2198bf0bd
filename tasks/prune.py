"""Housekeeping, hourly, by whichever worker takes the job."""

from __future__ import annotations

from typing import TYPE_CHECKING

import procrastinate

from app.services import pruning

if TYPE_CHECKING:
    from tasks.worker import Worker

blueprint = procrastinate.Blueprint()


@blueprint.periodic(cron="17 * * * *")
@blueprint.task(name="hourly", pass_context=True)
async def hourly(context: procrastinate.JobContext, timestamp: int) -> None:
    """Permanent name: prune:hourly. `timestamp` is the hour that it is for."""
    worker: Worker = context.additional_context["worker"]
    await pruning.prune(worker.pool)
