"""The Procrastinate app and its typed defer functions. Task names are permanent: jobs in a database outlive a deploy.

A job says "look at mailbox X" and nothing else. It holds no message, so cancel, pause and reschedule never touch the
queue.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import procrastinate
from procrastinate.types import JSONDict

from app.db.pool import Conn, session
from app.settings import Settings

KNOCK: Final = "lane:knock"
LANES: Final = "lanes"  # the queue of knocks
CANCEL: Final = "campaign:cancel"
CAMPAIGNS: Final = "campaigns"
WEBHOOK_KNOCK: Final = "webhook:knock"
WEBHOOKS: Final = "webhooks"
IMPORT: Final = "imports:read"
PLACE: Final = "campaign:place"
ASIDE: Final = "aside"  # what takes a process of its own for seconds
DEFAULT: Final = "default"  # housekeeping

# Procrastinate starts a future job up to one polling interval late: a knock comes early and the runner waits exactly.
POLLING: Final = timedelta(seconds=5)
KNOCK_LEAD: Final = timedelta(seconds=8)

# What a web process defers with. It never opens: a job is inserted on the connection of the caller's own transaction.
deferrer: Final = procrastinate.App(connector=procrastinate.PsycopgConnector())


def worker_connector(settings: Settings) -> procrastinate.PsycopgConnector:
    """What a worker process takes jobs with; closed."""
    options = session("queue")
    del options["autocommit"]  # Procrastinate sets it itself
    return procrastinate.PsycopgConnector(conninfo=settings.database_url, min_size=1, max_size=4, kwargs=options)


async def defer_knock(tx: Conn, mailbox_id: UUID, *, due: datetime, now: datetime) -> None:
    """Asks a worker to look at a mailbox a little before `due`. Part of the caller's transaction."""
    await defer_knocks(tx, {mailbox_id: due}, now=now)


async def defer_knocks(tx: Conn, dues: Mapping[UUID, datetime], *, now: datetime) -> None:
    """The same for many mailboxes, in one statement."""
    if not dues:
        return
    moments = {mailbox_id: due - KNOCK_LEAD for mailbox_id, due in dues.items()}
    jobs = [
        deferrer.configure_task(
            KNOCK, queue=LANES, schedule_at=at if at > now else None, task_kwargs={"mailbox_id": str(mailbox_id)}
        ).job
        for mailbox_id, at in moments.items()
    ]
    await deferrer.job_manager.batch_defer_jobs_async(jobs, connection=tx)


async def defer_cancel(tx: Conn, workspace_id: UUID, campaign_id: UUID, *, after: int) -> None:
    """Asks a worker to mark the messages of a cancelled campaign after that position. Part of the caller's
    transaction."""
    await deferrer.configure_task(CANCEL, queue=CAMPAIGNS, connection=tx).defer_async(
        workspace_id=str(workspace_id), campaign_id=str(campaign_id), after=after
    )


async def defer_webhook_knock(tx: Conn, webhook_id: UUID, *, due: datetime, now: datetime) -> None:
    """Asks a worker to look at a webhook at `due`; some seconds later do no harm. Part of the caller's transaction."""
    await deferrer.configure_task(
        WEBHOOK_KNOCK, queue=WEBHOOKS, schedule_at=due if due > now else None, connection=tx
    ).defer_async(webhook_id=str(webhook_id))


async def defer_webhook_knocks(tx: Conn, webhook_ids: Sequence[UUID]) -> None:
    """The same for several, now."""
    if webhook_ids:
        knocks: list[JSONDict] = [{"webhook_id": str(webhook_id)} for webhook_id in webhook_ids]
        await deferrer.configure_task(WEBHOOK_KNOCK, queue=WEBHOOKS, connection=tx).batch_defer_async(*knocks)


async def defer_import(tx: Conn, workspace_id: UUID, import_id: UUID) -> None:
    """Asks a worker to read a list. Part of the caller's transaction."""
    await deferrer.configure_task(IMPORT, queue=ASIDE, connection=tx).defer_async(
        workspace_id=str(workspace_id), import_id=str(import_id)
    )


async def defer_placing(tx: Conn, workspace_id: UUID, campaign_id: UUID) -> None:
    """Asks a worker to write the messages of a large campaign. Part of the caller's transaction."""
    await deferrer.configure_task(PLACE, queue=ASIDE, connection=tx).defer_async(
        workspace_id=str(workspace_id), campaign_id=str(campaign_id)
    )
