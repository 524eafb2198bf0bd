"""A message is offered to its server a little before its time, and passes the gate at its time."""

from __future__ import annotations

import asyncio
import math
from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest

from tests.support.mailroom import Mailroom, address
from tests.support.sending import addresses, arrived
from tests.support.smtp_server import SmtpServer, Step
from tests.support.tuned_worker import AT_ONCE, BY_WORD
from tests.support.waiting import wait_until
from tests.support.worker_process import worker

# Much longer than usual, for loaded machines: it takes this of a server that it does not know.
EARLY = BY_WORD | {"tasks.head_start.MOST": 100.0, "tasks.schedule.LOOKAHEAD": 120.0}


@pytest.mark.parametrize("gap_ms", [0, 100])
async def test_only_the_gate_is_left_at_its_time(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer, gap_ms: int
) -> None:
    sender = await room.sender(port=smtp.port, gap_ms=gap_ms)
    with worker(environment, EARLY) as process:
        due = await room.now() + timedelta(seconds=6)
        await room.emails(sender, due=due)
        (message,) = await arrived(smtp, 1)
        await wait_until(room.are("sent"))
        assert process.troubles == []
    (booked,) = await room.ledger()
    assert booked["dispatched_at"] >= due
    assert message.at >= due.timestamp()
    assert message.monotonic - message.mail_at > 1, "its envelope was there long before"
    assert parsedate_to_datetime(message.header("Date") or "").timestamp() >= math.floor(due.timestamp())


async def test_what_waits_for_its_time_at_the_server_obeys(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    """Its people and a worker that ends: nothing of it is delivered."""
    senders = [await room.sender(port=smtp.port) for _ in range(2)]
    smtp.on("rcpt", Step(), Step())
    with worker(environment, EARLY) as process:
        due = await room.now() + timedelta(seconds=60)
        ids = [(await room.emails(sender, due=due))[0] for sender in senders]
        await wait_until(lambda: smtp.left == 0)
        await room.cancel(ids[0])
        assert process.stop() == 0
        assert await room.now() < due, "it waits for nothing but replies"
    assert smtp.received == []
    assert [await room.status(email_id) for email_id in ids] == ["cancelled", "scheduled"]
    assert await room.all("select from mailboxes where runner_id is not null") == []


async def test_a_message_for_now_does_not_wait_behind_it(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    """Though by the gap one of the two has to wait for the other."""
    sender = await room.sender(port=smtp.port, gap_ms=60_000)
    smtp.on("rcpt", Step())
    with worker(environment, EARLY):
        later = await room.emails(sender, due=await room.now() + timedelta(seconds=60))
        await wait_until(lambda: smtp.left == 0)
        urgent = await room.emails(sender)
        came = addresses(await asyncio.wait_for(arrived(smtp, 1), AT_ONCE))
        assert came == [address(urgent, 0)]
        assert await room.status(later[0]) == "scheduled"


async def test_what_was_overtaken_under_a_long_gap_does_not_keep_a_server_waiting(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    """Its body without the dot: servers hang up on that."""
    sender = await room.sender(port=smtp.port, gap_ms=40_000)
    smtp.on("rcpt", Step())
    with worker(environment, EARLY) as process:
        due = await room.now() + timedelta(seconds=5)
        later = await room.emails(sender, due=due)
        await wait_until(lambda: smtp.left == 0)
        urgent = await room.emails(sender)
        assert addresses(await asyncio.wait_for(arrived(smtp, 1), AT_ONCE)) == [address(urgent, 0)]
        await wait_until(
            lambda: smtp.open_sessions == 1, 15, what="the one to be let go, before the other is idle for long"
        )
        assert await room.status(later[0]) == "scheduled"
        assert process.troubles == []
