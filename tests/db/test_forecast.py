"""What a forecast reads is what there is: minutes of single emails, counters as the gate has them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.pacing import Counter
from tests.support.gating import Gate
from tests.support.mailroom import Mailroom
from tests.support.ring import START, Ring


def minute(ahead: int) -> datetime:
    return datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=ahead)


async def kept(room: Mailroom) -> dict[datetime, int]:
    found = await room.all("select minute, count from lane_dues where count <> 0 and minute > now()")
    return {row["minute"]: row["count"] for row in found}


async def really(room: Mailroom) -> dict[datetime, int]:
    found = await room.all(
        "select date_trunc('minute', due_at) as minute, count(*) as count from emails"
        " where status in ('scheduled', 'deferred') and campaign_id is null and date_trunc('minute', due_at) > now()"
        " group by 1"
    )
    return {row["minute"]: row["count"] for row in found}


async def test_the_minutes_follow_what_waits(room: Mailroom) -> None:
    sender = await room.sender()
    first = await room.emails(sender, 5, due=minute(60), every=30)
    await room.emails(sender, 3)
    campaign = await room.campaign(sender)
    await room.emails(sender, 4, due=minute(60), campaign_id=campaign)
    assert await kept(room) == await really(room) == {minute(60): 2, minute(61): 2, minute(62): 1}
    await room.run("update emails set due_at = %s where id = any (%s)", minute(90), first[:2])
    await room.run("update emails set status = 'cancelled', ended_at = now() where id = %s", first[4])
    assert await kept(room) == await really(room) == {minute(61): 2, minute(90): 2}
    await room.run("update emails set due_at = now() where id = any (%s)", first[:2])
    assert await kept(room) == await really(room) == {minute(61): 2}


async def test_sending_writes_no_minutes(room: Mailroom) -> None:
    sender = await room.sender()
    gate = await Gate.of(room, sender.mailbox_id)
    ids = await room.emails(sender, 3)
    before = await room.value("select count(*) from lane_dues")
    assert await gate.verdicts(ids) == ["go"] * 3
    assert await room.value("select count(*) from lane_dues") == before == 0


async def test_the_counter_looked_ahead_with_says_what_the_gate_says(room: Mailroom) -> None:
    limit = 3
    sender = await room.sender(hourly_limit=limit)
    gate = await Gate.of(room, sender.mailbox_id)
    words = await gate.ask(await room.emails(sender, 5))
    assert [word.verdict for word in words] == ["go", "go", "go", "mailbox_hour", "mailbox_hour"]
    row = (await room.all("select (pacing_seen('mailbox_hour', %s, 3600)).*", sender.mailbox_id))[0]
    slots = [(row["head"] - age, count) for age, count in enumerate(row["counts"])]
    counter = Counter(limit, 3600.0, reversed(slots))
    refused = words[3]
    assert refused.next_at is not None
    assert counter.room(refused.at.timestamp()) == 0
    assert counter.free_at(refused.at.timestamp()) == pytest.approx(refused.next_at.timestamp(), abs=0.001)


@given(
    limit=st.integers(1, 20),
    steps=st.lists(st.tuples(st.floats(0, 3), st.integers(1, 4)), min_size=1, max_size=60),
)
def test_the_counter_counts_as_the_ring_does(limit: int, steps: list[tuple[float, int]]) -> None:
    ring, counter, now = Ring(limit, 10.0), Counter(limit, 10.0), START
    for wait, count in steps:
        now += wait
        assert counter.room(now) == limit - ring.used(now)
        if ring.take(now, count):
            counter.add(now, 0.0, count)
        assert counter.free_at(now) == pytest.approx(ring.free_at(now, 1), abs=0.001)
