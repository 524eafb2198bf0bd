"""Mail that came due while no worker lived: each message by its own late policy, and only such mail."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from app.contract.windows import SenderWindow
from app.contract.workspaces import WorkspaceChange
from app.domain.lateness import LatePolicy
from app.domain.waiting import Reason, WaitingFor
from app.services import campaign_runs, email_views, events, workspaces
from tests.support.mailroom import Mailroom, address
from tests.support.outreach import add_sender, now, start_campaign, waits_for
from tests.support.sending import addresses, arrived
from tests.support.smtp_server import SmtpServer
from tests.support.waiting import wait_until
from tests.support.worker_process import worker
from tests.support.zones import ZONE, whole_second, window_between, zone_in_which

LEASE = "2"
LATE_AFTER = 1  # seconds
COUNT = 30


async def count_as_late(room: Mailroom) -> None:
    wanted = WorkspaceChange(late_after_seconds=LATE_AFTER)
    await workspaces.change(room.pool, room.settings, workspace_id=room.workspace_id, wanted=wanted, now=now())


async def with_policy(room: Mailroom, ids: list[UUID], policy: str) -> None:
    await room.run("update emails set late_policy = %s::late_policy where id = any (%s)", policy, ids)


async def overdue(room: Mailroom, last: datetime) -> None:
    """Waits until what was due by `last` counts as late."""
    await asyncio.sleep((last - await room.now()).total_seconds() + LATE_AFTER + 0.2)


@pytest.mark.parametrize("end", ["stopped", "killed"])
async def test_each_message_goes_by_its_own_policy(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer, end: str
) -> None:
    await count_as_late(room)
    sender = await room.sender(port=smtp.port, concurrency=1)
    with worker(environment, LEASE_SECONDS=LEASE) as process:
        (before,) = await room.emails(sender, 1)
        await arrived(smtp, 1)
        await wait_until(room.are("sent", before))
        process.stop() if end == "stopped" else process.kill()
    start = await room.now() + timedelta(seconds=0.2)
    ids: dict[str, list[UUID]] = {}
    for i, policy in enumerate(("send", "skip", "ask")):
        ids[policy] = await room.emails(sender, COUNT, due=start + timedelta(milliseconds=10 * i), every=0.03)
        await with_policy(room, ids[policy], policy)
    await overdue(room, start + timedelta(seconds=0.03 * COUNT))
    with worker(environment, LEASE_SECONDS=LEASE) as process:
        messages = await arrived(smtp, 1 + COUNT)
        await wait_until(room.are("sent", *ids["send"]))
        await wait_until(room.are("missed", *ids["skip"]))
        await wait_until(room.are("held", *ids["ask"]))
        assert addresses(messages[1:]) == [address(ids["send"], i) for i in range(COUNT)], "the oldest first"

        # As people see it: why, and that somebody has to decide.
        assert await waits_for(room, ids["ask"][0]) == WaitingFor(Reason.LATE, None)
        missed = await email_views.get(room.pool, workspace_id=room.workspace_id, id=ids["skip"][0], now=now())
        assert missed.waiting_for is None
        assert missed.last_reply is not None
        assert "nothing was running" in missed.last_reply
        story = await events.story(room.pool, workspace_id=room.workspace_id, email_id=ids["skip"][0])
        assert story.data[-1].type == "missed"

        # What comes due from here on is not late, whatever its policy.
        (after,) = await room.emails(sender, 1)
        await with_policy(room, [after], "skip")
        await wait_until(room.are("sent", after))
        assert await room.statuses() == {"sent": 2 + COUNT, "missed": COUNT, "held": COUNT}
        assert process.troubles == []


async def test_what_is_overdue_by_less_than_that_is_not_late(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    sender = await room.sender(port=smtp.port)
    with worker(environment, LEASE_SECONDS=LEASE):
        pass
    ids = await room.emails(sender, 5)
    await with_policy(room, ids, "skip")
    await overdue(room, await room.now())
    with worker(environment, LEASE_SECONDS=LEASE):
        await arrived(smtp, 5)


async def test_what_waited_for_a_limit_a_window_or_a_person_is_not_late(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer, tmp_path: Path
) -> None:
    """All of it would rather be skipped than late, and all of it is overdue when the worker comes back."""
    await count_as_late(room)
    opening = whole_second(await room.now(), ahead=40)  # a busy machine starts two workers until then
    limit = {"RATE_WINDOW_SECONDS": "5", "LEASE_SECONDS": LEASE}
    with zone_in_which(opening, tmp_path) as zone:
        hours = window_between(opening, opening + timedelta(hours=1))
        window = SenderWindow(**msgspec.structs.asdict(hours), timezone=ZONE)
        closed = await add_sender(room, smtp.port, window=window)
        limited = await room.sender(port=smtp.port, hourly_limit=5)
        free = await room.sender(port=smtp.port)
        with worker(environment, **zone, **limit) as process:
            over_limit = await room.emails(limited, 12)
            await with_policy(room, over_limit, "skip")
            await arrived(smtp, 5)
            campaign = await start_campaign(room, free, 10, start_at="in 1 seconds", late_policy=LatePolicy.SKIP)
            await campaign_runs.pause(room.pool, workspace_id=room.workspace_id, id=campaign, now=now())
            process.stop()
        due = await room.now() + timedelta(seconds=0.2)
        out_of_hours = await room.emails(closed, 10, due=due)
        await with_policy(room, out_of_hours, "skip")
        await overdue(room, await room.value("select max(due_at) from emails"))
        with worker(environment, **zone, **limit) as process:
            await campaign_runs.resume(room.pool, workspace_id=room.workspace_id, id=campaign, now=now())
            assert await room.now() < opening
            await arrived(smtp, 12 + 10 + 10)
            await wait_until(room.are("sent"))
            assert process.troubles == []
