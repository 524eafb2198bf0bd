"""What is left to do after a campaign was scheduled or cancelled."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import procrastinate

from app.services import campaign_cancel
from tasks import aside

if TYPE_CHECKING:
    from tasks.worker import Worker

blueprint = procrastinate.Blueprint()


@blueprint.task(name="cancel", pass_context=True)
async def cancel(context: procrastinate.JobContext, workspace_id: str, campaign_id: str, after: int) -> None:
    """Permanent name: campaign:cancel. Marks the messages after that position; it may run twice and at once."""
    worker: Worker = context.additional_context["worker"]
    await campaign_cancel.go_on(worker.pool, workspace_id=UUID(workspace_id), id=UUID(campaign_id), after=after)


@blueprint.task(name="place")
async def place(workspace_id: str, campaign_id: str) -> None:
    """Permanent name: campaign:place. Writes the messages of a large campaign; it may run twice and at once."""
    await aside.run("place", workspace_id, campaign_id)
