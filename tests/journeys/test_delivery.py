"""Messages leave at their time, in order and within the limits: a real worker process, a real SMTP server."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.support.mailroom import Mailroom, address
from tests.support.outreach import now, waits_for
from tests.support.sending import addresses, arrived, most_within
from tests.support.smtp_server import Received, SmtpServer, Step
from tests.support.tuned_worker import AT_ONCE, BY_WORD
from tests.support.waiting import wait_until
from tests.support.worker_process import worker


def assert_on_time(messages: list[Received], due: dict[str, float]) -> None:
    """Without any poll; how exact the timer is, bench/on_time.py measures."""
    lateness = {to: message.at - due[to] for message in messages for to in message.recipients}
    assert sorted(addresses(messages)) == sorted(due), "each exactly once"
    assert min(lateness.values()) >= 0
    assert max(lateness.values()) < AT_ONCE, lateness


def without(some: set[str], all_of_them: list[str]) -> list[str]:
    return [each for each in all_of_them if each not in some]


async def test_a_hundred_messages_arrive_on_time_and_in_order(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    """100 messages 50 ms apart, ten of them for one instant."""
    sender = await room.sender(port=smtp.port, concurrency=1)
    with worker(environment, BY_WORD) as process:
        start = await room.now() + timedelta(seconds=2)
        ids = await room.emails(sender, 90, due=start, every=0.05)
        tie = await room.emails(sender, 10, due=start + timedelta(seconds=2.01))
        messages = await arrived(smtp, 100)

        due = {address(ids, i): start.timestamp() + i * 0.05 for i in range(90)}
        due |= {address(tie, i): start.timestamp() + 2.01 for i in range(10)}
        assert_on_time(messages, due)
        assert addresses(messages) == sorted(due, key=lambda to: due[to]), "in the order of their times"
        await wait_until(room.are("sent"))
        assert process.troubles == []


async def test_a_message_for_now_does_not_wait_for_the_next_look_of_a_busy_mailbox(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    """It is not overtaken by what the worker had read before it came: here that is all there is to send."""
    sender = await room.sender(port=smtp.port)
    due: dict[str, float] = {}
    with worker(environment, BY_WORD | {"tasks.schedule.LOOKAHEAD": 30.0}):
        start = await room.now() + timedelta(seconds=1)
        stream = await room.emails(sender, 70, due=start, every=0.05)
        due |= {address(stream, i): start.timestamp() + i * 0.05 for i in range(70)}
        await arrived(smtp, 1)
        urgent: list[str] = []
        for _ in range(20):
            await asyncio.sleep(0.1)  # the time between two requests
            (email_id,) = await room.emails(sender)
            urgent.append(address([email_id], 0))
            due[urgent[-1]] = (await room.email(email_id))["due_at"].timestamp()
        came = addresses(await arrived(smtp, 90))

    overtaken = [sum(due[other] > due[to] for other in came[: came.index(to)]) for to in urgent]
    assert sorted(overtaken)[10] <= 20, "at most what went while it came: no second of the 3.5 s"
    assert sorted(came) == sorted(due)


async def test_limits_hold_in_any_window_and_nothing_is_lost(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    """One mailbox with one connection; another with five that two senders share: each at most 20 in any 10 s."""
    alone = await room.sender(port=smtp.port, hourly_limit=20, concurrency=1)
    ours = await room.sender(port=smtp.port, hourly_limit=20)
    theirs = await room.sender(ours.mailbox_id)
    with worker(environment, RATE_WINDOW_SECONDS="10") as process:
        ids = await room.emails(alone, 60)
        await room.emails(ours, 25)
        await room.emails(theirs, 25)
        messages = await arrived(smtp, 110, 60)

        of_alone = [message for message in messages if message.mail_from == alone.email]
        shared = [message for message in messages if message.mail_from != alone.email]
        again = await room.taken_back()
        in_order = [address(ids, i) for i in range(60)]
        assert sorted(addresses(of_alone)) == in_order, "each once"
        assert without(again, addresses(of_alone)) == without(again, in_order)
        assert len(set(addresses(shared))) == len(shared) == 50
        assert most_within(of_alone, 10) <= 20
        assert most_within(shared, 10) <= 20
        assert of_alone[-1].monotonic - of_alone[0].monotonic < 30, "the next free moment, not a window later"
        voids = len(await room.ledger()) - 110
        assert smtp.sessions <= 3 * 6 + voids, "no connection is made in vain"
        assert process.troubles == []


async def test_a_campaigns_limit_holds_back_only_the_campaign(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    sender = await room.sender(port=smtp.port, concurrency=1)
    campaign = await room.campaign(sender, hourly_limit=5)
    with worker(environment, RATE_WINDOW_SECONDS="3"):
        ids = await room.emails(sender, 12, campaign_id=campaign)
        others = await room.emails(sender, 10)
        messages = await arrived(smtp, 22)

    again = await room.taken_back()
    beside = {address(others, i) for i in range(10)}
    limited = [message for message in messages if message.recipients[0] not in beside]
    in_order = [address(ids, i) for i in range(12)]
    assert sorted(addresses(limited)) == in_order
    assert without(again, addresses(limited)) == without(again, in_order)
    assert most_within(limited, 3) <= 5
    # Held back with the campaign they would come last. On a slow machine a second window of it may open meanwhile.
    assert set(addresses(messages[:20])) >= beside - again


@pytest.mark.parametrize("waiting", [10, 30])
async def test_what_is_let_go_late_gets_its_turn_although_the_limit_is_full_of_what_is_in_hand(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer, waiting: int
) -> None:
    """Older mail of another sender on the mailbox, as when it was paused: the ten places were taken before it came."""
    ours = await room.sender(port=smtp.port, hourly_limit=10, gap_ms=1_000, concurrency=1)
    theirs = await room.sender(ours.mailbox_id)
    with worker(environment, BY_WORD) as process:
        newer = await room.emails(ours, waiting)
        await arrived(smtp, 1)  # the others are in hand by now
        older = await room.emails(theirs, 3, due=await room.now() - timedelta(minutes=10))
        came = addresses(await arrived(smtp, 10))
        assert process.troubles == []

    last = max(came.index(address(older, i)) for i in range(3))
    overtook = [to for to in came[:last] if to in {address(newer, i) for i in range(waiting)}]
    assert len(overtook) <= 6, "what left while they came, and what the server was offered already"
    assert [to for to in came if to in overtook] == [address(newer, i) for i in range(len(overtook))]
    assert came[last + 1 :] == [address(newer, i) for i in range(len(overtook), 7)], "in order, to the last place"
    assert (await room.statuses())["scheduled"] == waiting + 3 - 10


async def test_the_gap_holds_on_the_wire_and_keeps_the_order(
    environment: dict[str, str], room: Mailroom, tmp_path: Path
) -> None:
    """Even when the server dawdles over one message while the connections beside it are ready."""
    with SmtpServer(log=tmp_path / "dots") as smtp:  # with a log it knows how late it may have looked
        sender = await room.sender(port=smtp.port, gap_ms=150, concurrency=5)
        with worker(environment):
            start = await room.now() + timedelta(seconds=1)
            ids = await room.emails(sender, 12, due=start)
            smtp.on("rcpt", Step(delay=0.4), match=address(ids, 0))
            smtp.on("rcpt", Step(delay=0.6), match=address(ids, 5))
            messages = await arrived(smtp, 12)
            await wait_until(room.are("sent"))

    assert addresses(messages) == [address(ids, i) for i in range(12)]
    dots = [row["dot_at"].timestamp() for row in await room.ledger()]
    assert min(later - earlier for earlier, later in pairwise(dots)) >= 0.15
    # A busy server may see a dot late: what must have been too soon counts, not what only looks so.
    assert min(later.monotonic - earlier.earliest for earlier, later in pairwise(messages)) >= 0.15


async def test_a_full_limit_says_until_when_from_its_first_moment(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    """While the runner holds the last places it looks again within seconds; the limit is full for an hour."""
    limit = 4
    smtp.on("dot", *[Step()] * (limit - 1), Step(delay=3.0))
    sender = await room.sender(port=smtp.port, hourly_limit=limit, concurrency=1)
    with worker(environment | {"RATE_WINDOW_SECONDS": "3600"}):
        ids = await room.emails(sender, limit + 2)
        await arrived(smtp, limit)  # the last one has no reply yet: its place is held

        async def told() -> Any:
            found = await waits_for(room, ids[-1])
            return found if found is not None and found.reason == "mailbox_hour" else None

        first = await wait_until(told)
    assert first.next_at is not None
    assert first.next_at - now() > timedelta(minutes=50)
