"""The knock: "look at mailbox X". It holds no message; the rows decide."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import procrastinate

if TYPE_CHECKING:
    from tasks.worker import Worker

blueprint = procrastinate.Blueprint()


@blueprint.task(name="knock", pass_context=True)
async def knock(context: procrastinate.JobContext, mailbox_id: str) -> None:
    """Permanent name: lane:knock."""
    worker: Worker = context.additional_context["worker"]
    await worker.look_at(UUID(mailbox_id))
