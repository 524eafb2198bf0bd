"""Figures for the dashboard, each minute, by whichever worker takes the job."""

from __future__ import annotations

from typing import TYPE_CHECKING

import procrastinate

from app.services import rollups

if TYPE_CHECKING:
    from tasks.worker import Worker

blueprint = procrastinate.Blueprint()


@blueprint.periodic(cron="* * * * *")
@blueprint.task(name="minutely", pass_context=True)
async def minutely(context: procrastinate.JobContext, timestamp: int) -> None:
    """Permanent name: rollups:minutely. `timestamp` is the minute in which it was asked for."""
    worker: Worker = context.additional_context["worker"]
    await rollups.roll_up(worker.pool)
