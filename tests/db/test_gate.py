"""The gate holds every limit in any rolling window, whoever asks, and from the ledger where no counter was kept."""

from __future__ import annotations

import asyncio
import random
from datetime import datetime, timedelta

import pytest

from app.db.pool import Pool
from app.services import holds
from app.settings import Settings
from tests.support.gating import Gate, closest, margin
from tests.support.mailroom import Mailroom

WINDOW = 0.8  # seconds; a slot is 6 ms


async def moments(room: Mailroom, where: str = "true") -> list[datetime]:
    """Of every recipient that was dispatched."""
    found = await room.all(
        f"select dispatched_at, recipients from dispatches where workspace_id = %s and outcome <> 'void' and {where}",
        room.workspace_id,
    )
    return [row["dispatched_at"] for row in found for _ in range(row["recipients"])]


async def test_no_rolling_window_is_over_a_mailboxs_limit_and_nearly_all_of_it_is_usable(room: Mailroom) -> None:
    """The deadline of the dot included, by which the wire may trail the commit."""
    limit, seconds = 12, 3.0
    gates, backlogs = [], []
    for recipients in (1, 1, 2, 3):
        sender = await room.sender(hourly_limit=limit)
        backlogs.append(await room.emails(sender, 100, recipients=recipients))
        gates.append(await Gate.of(room, sender.mailbox_id, window=WINDOW))
    until = asyncio.get_running_loop().time() + seconds + 1.5  # which a busy machine may keep it waiting
    chance = random.Random(7)
    await asyncio.gather(
        *[gate.press(ids, chance.randint(1, 9), until) for gate, ids in zip(gates, backlogs, strict=True)]
    )

    for gate in gates:
        dispatched = await moments(room, f"mailbox_id = '{gate.lease.mailbox_id}'")
        assert closest(dispatched, limit) >= margin(WINDOW)
        assert len(dispatched) >= limit * int(seconds / (WINDOW * 130 / 128 + 0.02))


async def test_senders_that_dawdle_are_counted_like_those_that_rush(room: Mailroom) -> None:
    """Dispatches spread over the window come free one after another, at the earliest when the margin is over."""
    sender = await room.sender(hourly_limit=5)
    ids = await room.emails(sender, 30)
    gate = await Gate.of(room, sender.mailbox_id, window=WINDOW)
    for email_id in ids[:5]:
        assert await gate.verdicts([email_id]) == ["go"]
        await asyncio.sleep(WINDOW / 7)
    await gate.press(ids[5:], 1, asyncio.get_running_loop().time() + 4 * WINDOW)
    dispatched = await moments(room)
    assert len(dispatched) > 12
    assert closest(dispatched, 5) >= margin(WINDOW)


async def test_two_mailboxes_share_the_limit_of_their_workspace(pool: Pool, settings: Settings) -> None:
    room = await Mailroom.open(pool, settings, hourly_limit=10)
    presses = []
    until = asyncio.get_running_loop().time() + 2.5
    for _ in range(2):
        sender = await room.sender()
        gate = await Gate.of(room, sender.mailbox_id, window=WINDOW)
        presses.append(gate.press(await room.emails(sender, 60), 3, until))
    await asyncio.gather(*presses)

    dispatched = await moments(room)
    assert closest(dispatched, 10) >= margin(WINDOW)
    assert len(dispatched) >= 20
    assert len({row["mailbox_id"] for row in await room.ledger()}) == 2


async def test_a_full_campaign_holds_back_only_itself_and_keeps_its_order(room: Mailroom) -> None:
    sender = await room.sender(hourly_limit=100)
    campaign = await room.campaign(sender, hourly_limit=5)
    gate = await Gate.of(room, sender.mailbox_id)
    mine = await room.emails(sender, 2, campaign_id=campaign)
    three = await room.emails(sender, 2, campaign_id=campaign, recipients=3)
    one = await room.emails(sender, 1, campaign_id=campaign)
    others = await room.emails(sender, 2)

    said = await gate.verdicts([mine[0], three[0], others[0], three[1], one[0], others[1]])
    assert said == ["go", "go", "go", "campaign_hour", "campaign_hour", "go"], "one would fit, but not before its turn"


async def test_nothing_overtakes_once_a_limit_of_the_whole_mailbox_is_reached(room: Mailroom) -> None:
    sender = await room.sender(hourly_limit=4, daily_limit=50)
    gate = await Gate.of(room, sender.mailbox_id)
    large = await room.emails(sender, 2, recipients=3)
    small = await room.emails(sender, 1)
    assert await gate.verdicts([large[0], large[1], small[0]]) == ["go", "mailbox_hour", "mailbox_hour"]


async def test_a_day_is_24_windows(room: Mailroom) -> None:
    sender = await room.sender(daily_limit=3)
    ids = await room.emails(sender, 4)
    gate = await Gate.of(room, sender.mailbox_id, window=WINDOW)
    *passed, refused = await gate.ask(ids)
    assert [word.verdict for word in passed] == ["go"] * 3
    assert refused.verdict == "mailbox_day"
    assert refused.next_at is not None
    assert margin(24 * WINDOW) <= refused.next_at - refused.at <= timedelta(seconds=24 * WINDOW * 131 / 128)


async def test_a_limit_that_appears_counts_what_was_sent_before(room: Mailroom) -> None:
    sender = await room.sender()
    campaign = await room.campaign(sender)
    ids = await room.emails(sender, 20, campaign_id=campaign)
    gate = await Gate.of(room, sender.mailbox_id)
    assert await gate.verdicts(ids[:6]) == ["go"] * 6
    assert await room.all("select from pacing") == []

    for table, scope_id, column in (
        ("mailboxes", sender.mailbox_id, "hourly_limit"),
        ("mailboxes", sender.mailbox_id, "daily_limit"),
        ("campaigns", campaign, "hourly_limit"),
        ("workspaces", room.workspace_id, "hourly_limit"),
    ):
        used = len(await room.ledger())
        await room.configure(f"update {table} set {column} = %s where id = %s", used + 1, scope_id)
        said = await gate.verdicts(ids[used : used + 2])
        assert said[0] == "go", table
        assert said[1] not in ("go", "changed"), table
        await room.configure(f"update {table} set {column} = null where id = %s", scope_id)


async def test_a_limit_that_was_lifted_for_a_while_counts_what_went_meanwhile(room: Mailroom) -> None:
    sender = await room.sender(hourly_limit=3)
    ids = await room.emails(sender, 10)
    gate = await Gate.of(room, sender.mailbox_id)
    assert await gate.verdicts(ids[:2]) == ["go"] * 2
    await room.configure("update mailboxes set hourly_limit = null where id = %s", sender.mailbox_id)
    assert await gate.verdicts(ids[2:4]) == ["go"] * 2
    await room.configure("update mailboxes set hourly_limit = 5 where id = %s", sender.mailbox_id)
    assert await gate.verdicts(ids[4:6]) == ["go", "mailbox_hour"]


async def test_another_window_is_counted_from_the_ledger(room: Mailroom) -> None:
    sender = await room.sender(hourly_limit=4)
    ids = await room.emails(sender, 10)
    gate = await Gate.of(room, sender.mailbox_id, window=60)
    assert await gate.verdicts(ids[:3]) == ["go"] * 3
    await room.run("update dispatches set dispatched_at = dispatched_at - interval '70 s' where email_id = %s", ids[0])
    gate.window = 100
    assert await gate.verdicts(ids[3:5]) == ["go", "mailbox_hour"]
    gate.window = 60
    assert await gate.verdicts(ids[5:7]) == ["go", "mailbox_hour"]


@pytest.mark.parametrize("limit", [7, 40])
async def test_first_gates_that_meet_on_a_new_limit_lose_no_count(room: Mailroom, limit: int) -> None:
    """Both make the counter: one of them from the ledger, the other from the first one's."""
    gates, backlogs = [], []
    for _ in range(6):
        sender = await room.sender()
        gates.append(await Gate.of(room, sender.mailbox_id))
        backlogs.append(await room.emails(sender, 8))
    for gate, ids in zip(gates, backlogs, strict=True):
        assert await gate.verdicts(ids[:1]) == ["go"]
    await room.configure("update workspaces set hourly_limit = %s where id = %s", limit, room.workspace_id)
    await asyncio.gather(*[gate.ask(ids[1:]) for gate, ids in zip(gates, backlogs, strict=True)])

    assert len(await room.ledger()) == limit
    assert await room.value("select pacing_used(p) from pacing as p") == limit


async def test_headroom_says_what_the_gate_would(room: Mailroom) -> None:
    """Whether a counter is kept, none is yet, or it was kept for another window."""
    sender = await room.sender()
    ids = await room.emails(sender, 12)
    gate = await Gate.of(room, sender.mailbox_id, window=60.0)
    for email_id in ids[:4]:
        await gate.ask([email_id])
        await asyncio.sleep(0.02)
    await room.configure("update mailboxes set hourly_limit = 4 where id = %s", sender.mailbox_id)

    for _ in ("from the ledger", "from the counter"):
        used, next_at = await holds.headroom(room.pool, "mailbox_hour", sender.mailbox_id, 4, 60.0)
        (word,) = await gate.ask(ids[4:5])
        assert used == 4
        assert (word.verdict, word.next_at) == ("mailbox_hour", next_at)
    gate.window = 240.0
    used, next_at = await holds.headroom(room.pool, "mailbox_hour", sender.mailbox_id, 4, 240.0)
    (word,) = await gate.ask(ids[4:5])
    assert (used, word.next_at) == (4, next_at)
    used, next_at = await holds.headroom(room.pool, "mailbox_hour", sender.mailbox_id, 9, 240.0)
    assert used == 4
    assert abs(next_at - await room.now()) < timedelta(seconds=5)


async def test_a_clock_that_was_set_back_opens_no_window(room: Mailroom) -> None:
    """The moment of a dispatch never goes back: what was booked in the future counts until it is past."""
    sender = await room.sender(hourly_limit=2)
    ids = await room.emails(sender, 3)
    gate = await Gate.of(room, sender.mailbox_id, window=60)
    await room.run("update mailboxes set last_gate_at = now() + interval '1 hour' where id = %s", sender.mailbox_id)
    passed = await gate.ask(ids[:2])
    assert [word.verdict for word in passed] == ["go"] * 2
    (refused,) = await gate.ask(ids[2:])
    assert refused.verdict == "mailbox_hour"
    assert refused.at == passed[0].at
    await room.run("delete from pacing")  # made again from the ledger
    await room.run("update mailboxes set last_gate_at = now() where id = %s", sender.mailbox_id)
    assert await gate.verdicts(ids[2:]) == ["mailbox_hour"]
