"""The end that was foretold against the end that came: real campaigns, a real worker, in hours of ten seconds.

All campaigns run at once, each in a workspace of its own. `make forecast` runs longer ones and holds them to 2 % of the
time or 1 s. The short form allows a loaded machine to be late, but nothing to be early.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec

from app.contract.campaigns import NewCampaign
from app.contract.estimates import Estimate, NewEstimate
from app.db.pool import Pool
from app.services import campaign_runs, campaigns, estimates
from app.settings import Settings
from tests.support.mailroom import Mailroom, Sender
from tests.support.outreach import now
from tests.support.smtp_server import SmtpServer
from tests.support.waiting import wait_until
from tests.support.worker_process import worker
from tests.support.zones import ZONE, whole_second, window_between, zone_in_which

WINDOW: Final = 10.0  # seconds
LONG: Final = os.environ.get("FORECAST") == "long"
SCALE: Final = 6 if LONG else 1  # how many times as many messages
LATE: Final = 0.0 if LONG else 4.0  # seconds that a loaded machine may add


@dataclass(frozen=True, kw_only=True)
class Case:
    """A campaign of `count` messages, `fields` its settings, from mailboxes with these limits."""

    count: int
    fields: dict[str, Any] = field(default_factory=dict)
    mailboxes: tuple[dict[str, Any], ...] = ({},)
    workspace_limit: int | None = None
    singles: int = 0  # emails that wait on the first mailbox, due now
    earlier: int = 0  # messages of an earlier campaign there
    hours: bool = False  # it may leave only after some seconds


def many(count: int) -> int:
    return count * SCALE


CASES: Final = {
    "a plain delay": Case(count=many(60), fields={"delay_seconds": 0.15}),
    "a random delay": Case(count=many(60), fields={"delay_seconds": 0.15, "jitter_percent": 50}),
    "the hourly limit": Case(count=many(25), mailboxes=({"hourly_limit": 20},)),
    "two senders in turn": Case(count=many(45), mailboxes=({"hourly_limit": 20}, {"hourly_limit": 25})),
    "the gap": Case(count=many(15), mailboxes=({"gap_ms": 800},)),
    "the gap and the limit": Case(count=many(25), mailboxes=({"gap_ms": 300, "hourly_limit": 22},)),
    "behind single emails": Case(count=many(10), mailboxes=({"gap_ms": 600},), singles=many(10)),
    "behind a campaign": Case(count=many(10), mailboxes=({"hourly_limit": 20},), earlier=many(15)),
    "the campaign's limit": Case(count=many(20), fields={"hourly_limit": 15}, mailboxes=({"hourly_limit": 50},)),
    "the workspace's limit": Case(count=many(30), mailboxes=({}, {"hourly_limit": 40}), workspace_limit=24),
    "the workspace's limit and a gap": Case(
        count=many(20), mailboxes=({"gap_ms": 700}, {"hourly_limit": 15}), workspace_limit=20
    ),
    "the campaign's limit over two senders": Case(count=many(24), fields={"hourly_limit": 16}, mailboxes=({}, {})),
    "opening hours": Case(count=many(10), fields={"delay_seconds": 0.1}, mailboxes=({"gap_ms": 600},), hours=True),
}


@dataclass(frozen=True, kw_only=True)
class Running:
    room: Mailroom
    campaign_id: UUID
    told: Estimate
    began: datetime


async def start(case: Case, pool: Pool, settings: Settings, smtp: SmtpServer, opening: datetime) -> Running:
    """Foretold as a draft that nobody has made yet, then made and scheduled."""
    room = await Mailroom.open(pool, settings, hourly_limit=case.workspace_limit)
    senders = [await room.sender(port=smtp.port, **limits) for limits in case.mailboxes]
    if case.singles:
        await room.emails(senders[0], case.singles)
    if case.earlier:
        await campaign(room, senders[:1], case.earlier, {})
    fields = case.fields | {"timezone": "UTC"}
    if case.hours:
        window = window_between(opening, opening + timedelta(hours=1))
        fields |= {"window": window, "timezone": ZONE}
    began = now()
    asked = NewEstimate(sender_ids=[sender.id for sender in senders], count=case.count, **fields)
    told = await estimates.estimate(pool, settings, workspace_id=room.workspace_id, wanted=asked, now=began)
    campaign_id = await campaign(room, senders, case.count, fields)
    return Running(room=room, campaign_id=campaign_id, told=told, began=began)


async def campaign(room: Mailroom, senders: list[Sender], count: int, fields: dict[str, Any]) -> UUID:
    wanted = NewCampaign(
        sender_ids=[sender.id for sender in senders],
        subject="Hello",
        text="Hi",
        recipients=[f"r{i}@x.example" for i in range(count)],
        **fields,
    )
    pool, id = room.pool, room.workspace_id
    made = await campaigns.create(
        pool, workspace_id=id, created_by=None, wanted=wanted, permissive=False, key=None, now=now()
    )
    await campaign_runs.schedule(pool, workspace_id=id, id=made.id, key=None, now=now())
    return made.id


async def error(running: Running) -> str | None:
    """How the real end differs from the one foretold, if by more than it may."""
    real = await running.room.value(
        "select max(dispatched_at) from dispatches where campaign_id = %s and outcome <> 'void'", running.campaign_id
    )
    told = running.told.last_send_at
    assert told is not None
    lasted = (real - running.began).total_seconds()
    late = (real - told).total_seconds()
    most = max(1.0, 0.02 * lasted)
    return None if -most <= late <= most + LATE else f"ended {late:+.2f} s from what was told, after {lasted:.1f} s"


async def test_real_campaigns_end_when_it_was_told(
    environment: dict[str, str], pool: Pool, settings: Settings, smtp: SmtpServer, tmp_path: Path
) -> None:
    settings = msgspec.structs.replace(settings, rate_window_seconds=WINDOW)
    opening = whole_second(now(), ahead=12)
    with (
        zone_in_which(opening, tmp_path) as zone,
        worker(environment, RATE_WINDOW_SECONDS=str(WINDOW), **zone) as process,
    ):
        running = {name: await start(case, pool, settings, smtp, opening) for name, case in CASES.items()}
        last = max(each.told.last_send_at for each in running.values() if each.told.last_send_at is not None)
        await asyncio.sleep(max(0.0, (last - now()).total_seconds()))
        await wait_until(lambda: all_sent(pool), timeout=20 + 5 * LATE)
        errors = {name: why for name, each in running.items() if (why := await error(each)) is not None}
        assert process.troubles == []
    assert errors == {}


async def all_sent(pool: Pool) -> bool:
    async with pool.connection() as conn:
        cursor = await conn.execute("select from emails where status not in ('sent') limit 1")
        return await cursor.fetchone() is None
