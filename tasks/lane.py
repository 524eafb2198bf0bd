"""The knock: "look at mailbox X". It holds no message; the rows decide. Each minute a look for what nobody runs."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import procrastinate

from app.services import leases

if TYPE_CHECKING:
    from tasks.worker import Worker

blueprint = procrastinate.Blueprint()


@blueprint.task(name="knock", pass_context=True)
async def knock(context: procrastinate.JobContext, mailbox_id: str) -> None:
    """Permanent name: lane:knock."""
    worker: Worker = context.additional_context["worker"]
    await worker.look_at(UUID(mailbox_id))


@blueprint.periodic(cron="* * * * *")
@blueprint.task(name="forgotten", pass_context=True)
async def forgotten(context: procrastinate.JobContext, timestamp: int) -> None:
    """Permanent name: lane:forgotten. `timestamp` is the minute in which it was asked for."""
    worker: Worker = context.additional_context["worker"]
    for mailbox_id in await leases.forgotten(worker.pool):
        await worker.look_at(mailbox_id)
