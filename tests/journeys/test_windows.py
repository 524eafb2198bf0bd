"""Sending windows: nothing before they open, everything on time after, nothing once they close."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from app.contract.windows import SenderWindow
from app.domain.waiting import Reason, WaitingFor
from tests.support.mailroom import Mailroom, address
from tests.support.outreach import add_sender, change_campaign, change_sender, start_campaign, waits_for
from tests.support.sending import addresses, arrived
from tests.support.smtp_server import SmtpServer, Step
from tests.support.tuned_worker import AT_ONCE, BY_WORD
from tests.support.waiting import wait_until
from tests.support.worker_process import worker
from tests.support.zones import ZONE, whole_second, window_between, zone_in_which

AHEAD = 12.0  # seconds that a loaded machine may take until everything is in place
HOUR = timedelta(hours=1)


def of_sender(opens: datetime, closes: datetime) -> SenderWindow:
    hours = window_between(opens, closes)
    return SenderWindow(**msgspec.structs.asdict(hours), timezone=ZONE)


async def test_nothing_leaves_before_the_window_opens_and_all_at_once_after(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer, tmp_path: Path
) -> None:
    opening = whole_second(await room.now(), ahead=AHEAD)
    with zone_in_which(opening, tmp_path) as zone:
        sender = await add_sender(room, smtp.port, window=of_sender(opening, opening + HOUR))
        first = await room.emails(sender, 5)
        with worker(environment, BY_WORD, **zone) as process:
            then = await room.emails(sender, 5)
            later = await room.emails(sender, 5, due=opening + timedelta(seconds=0.5), every=0.1)
            await wait_until(lambda: room.all("select from lanes where blocked_reason = 'window'"))
            for email_id in (first[0], then[0]):
                assert await waits_for(room, email_id) == WaitingFor(Reason.WINDOW, opening)
            assert (await waits_for(room, later[0])) == WaitingFor(Reason.TIME, opening + timedelta(seconds=0.5))

            messages = await arrived(smtp, 15)
            ids = [*first, *then]
            assert addresses(messages[10:]) == [address(later, i) for i in range(5)], "in the order of their times"
            assert addresses(messages[:10]) == [address(first, i) for i in range(5)] + [
                address(then, i) for i in range(5)
            ]
            assert min(message.at for message in messages) >= opening.timestamp()
            assert max(message.at for message in messages[: len(ids)]) < opening.timestamp() + AT_ONCE
            await wait_until(room.are("sent"))
            assert process.troubles == []


async def test_a_window_closes_in_the_middle_of_the_work_and_its_removal_lets_the_rest_go(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer, tmp_path: Path
) -> None:
    closing = whole_second(await room.now(), ahead=AHEAD)
    with zone_in_which(closing, tmp_path) as zone:
        sender = await add_sender(
            room, smtp.port, min_delay_ms=50, window=of_sender(closing - timedelta(minutes=2), closing)
        )
        ids = await room.emails(sender, 400)
        with worker(environment, BY_WORD, **zone) as process:
            await arrived(smtp, 5)
            await wait_until(lambda: room.all("select from lanes where blocked_reason = 'window'"))
            await asyncio.sleep(1)
            before = list(smtp.received)
            assert 5 <= len(before) < 400
            last = max(row["dispatched_at"] for row in await room.ledger())
            assert last < closing + timedelta(seconds=2), "but for what was on its way through the gate"
            waits = await waits_for(room, ids[-1])
            assert waits is not None
            assert waits.reason is Reason.WINDOW
            assert waits.next_at is not None
            assert waits.next_at == closing - timedelta(minutes=2) + timedelta(days=7)

            changed = time.monotonic()
            await change_sender(room, sender, window=None, min_delay_ms=None)
            messages = await arrived(smtp, 400)
            assert messages[len(before)].monotonic - changed < AT_ONCE
            assert addresses(messages) == [address(ids, i) for i in range(400)], "in order, each once"
            await wait_until(room.are("sent"))
            assert process.troubles == []


async def test_a_closed_campaign_holds_back_nobody_else_and_goes_when_its_window_is_moved(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer, tmp_path: Path
) -> None:
    opening = whole_second(await room.now(), ahead=0)
    with zone_in_which(opening, tmp_path) as zone:
        closed = window_between(opening + HOUR, opening + 2 * HOUR)
        sender = await add_sender(room, smtp.port, window=of_sender(opening - HOUR, opening + 3 * HOUR))
        campaign = await start_campaign(room, sender, 10, timezone=ZONE, window=closed)
        paused = await start_campaign(room, sender, 10, timezone=ZONE, window=closed)
        with worker(environment, BY_WORD, **zone) as process:
            others = await room.emails(sender, 10)
            assert addresses(await arrived(smtp, 10)) == [address(others, i) for i in range(10)]
            await wait_until(lambda: blocked(room, "window", 2))
            (email,) = await room.all("select id from emails where campaign_id = %s and position = 9", campaign)
            assert await waits_for(room, email["id"]) == WaitingFor(Reason.WINDOW, opening + HOUR)
            await room.configure(
                "update lanes set blocked_until = 'infinity', blocked_reason = 'campaign_paused'"
                " where campaign_id = %s",
                paused,
            )

            changed = time.monotonic()
            for each in (campaign, paused):
                await change_campaign(room, each, window=window_between(opening - HOUR, opening + HOUR))
            messages = await arrived(smtp, 20)
            assert addresses(messages[10:]) == [f"r{i}@x.example" for i in range(10)]
            assert messages[-1].monotonic - changed < AT_ONCE
            assert await blocked(room, "campaign_paused", 1), "what waits for something else still does"
            await asyncio.sleep(0.5)
            assert len(smtp.received) == 20
            assert process.troubles == []


async def blocked(room: Mailroom, reason: str, count: int) -> bool:
    return len(await room.all("select from lanes where blocked_reason = %s", reason)) == count


async def test_a_window_holds_from_the_first_message_though_the_mailbox_is_busy(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer, tmp_path: Path
) -> None:
    """The runner reads what is due all the time; the lane of a sender that was added a moment ago is news to it."""
    opening = whole_second(await room.now(), ahead=0)
    with zone_in_which(opening, tmp_path) as zone:
        busy = await room.sender(port=smtp.port, concurrency=1)
        smtp.on("dot", Step(delay=0.01), always=True)
        with worker(environment, **zone):
            await room.emails(busy, 600)
            await arrived(smtp, 1)
            closed = []
            for _ in range(12):
                late = await room.sender(busy.mailbox_id)
                await room.run(
                    "update senders set window_days = '{0,1,2,3,4,5,6}', window_start = %s, window_end = %s,"
                    " window_timezone = 'UTC' where id = %s",
                    (opening.hour * 60 + opening.minute + 120) % 1440,
                    (opening.hour * 60 + opening.minute + 180) % 1440 + 1,
                    late.id,
                )
                closed += await room.emails(late, 1)
            await wait_until(lambda: blocked(room, "window", 12))
            await wait_until(lambda: len(smtp.received) > 300)
        assert await room.all("select id from dispatches where email_id = any (%s)", closed) == []
