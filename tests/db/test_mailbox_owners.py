"""A mailbox belongs to one workspace: whoever signed in to it first, until its last sender there is deleted."""

from __future__ import annotations

import asyncio
from typing import Any

from app.db.pool import Pool
from app.services import mailboxes
from app.settings import Settings
from tests.support.gating import Gate
from tests.support.mailroom import Mailroom, Sender

ADA = "ada@example.com"


async def rooms(pool: Pool, settings: Settings, count: int, **mailbox: Any) -> list[tuple[Mailroom, Sender]]:
    """Workspaces, each with a sender on the same mailbox."""
    made = [await Mailroom.open(pool, settings) for _ in range(count)]
    names = [ADA.upper() if i % 2 else ADA for i in range(count)]
    return [(room, await room.sender(username=name, **mailbox)) for room, name in zip(made, names, strict=True)]


async def test_of_workspaces_that_sign_in_at_once_one_gets_it(pool: Pool, settings: Settings) -> None:
    found = await rooms(pool, settings, 6)
    owned = await asyncio.gather(*[mailboxes.own(pool, settings, sender.mailbox_id) for _, sender in found])
    assert sorted(owned) == [False] * 5 + [True]
    again = [await mailboxes.own(pool, settings, sender.mailbox_id) for _, sender in found]
    assert again == owned


async def test_another_port_user_or_host_is_another_mailbox(pool: Pool, settings: Settings, room: Mailroom) -> None:
    places: list[dict[str, Any]] = [
        {"host": "a.example", "port": 587},
        {"host": "a.example", "port": 465},
        {"host": "b.example", "port": 587},
    ]
    for place in places:
        for username in (ADA, "eve@example.com"):
            other = await Mailroom.open(pool, settings)
            sender = await other.sender(username=username, **place)
            assert await mailboxes.own(pool, settings, sender.mailbox_id)


async def test_a_server_without_accounts_belongs_to_nobody(pool: Pool, settings: Settings) -> None:
    for _ in range(2):
        room = await Mailroom.open(pool, settings)
        sender = await room.sender(port=2525)
        assert await mailboxes.own(pool, settings, sender.mailbox_id)
        assert await room.value("select owned_at from mailboxes where id = %s", sender.mailbox_id) is None


async def test_a_mailbox_without_senders_is_not_taken(pool: Pool, settings: Settings) -> None:
    """A sign-in may end after its sender was deleted: it must not lock everybody out for ever."""
    (room, sender), (_, other) = await rooms(pool, settings, 2)
    await room.run("update senders set deleted_at = now(), state = 'disabled' where id = %s", sender.id)
    assert not await mailboxes.own(pool, settings, sender.mailbox_id)
    assert await mailboxes.own(pool, settings, other.mailbox_id)


async def test_what_it_sent_for_its_last_workspace_still_counts(pool: Pool, settings: Settings) -> None:
    """Handing a mailbox on does not double its limit."""
    (room, sender), (other, second) = await rooms(pool, settings, 2, hourly_limit=3)
    assert await mailboxes.own(pool, settings, sender.mailbox_id)
    gate = await Gate.of(room, sender.mailbox_id)
    assert await gate.verdicts(await room.emails(sender, 2)) == ["go", "go"]
    await room.run("update mailboxes set owned_at = null where id = %s", sender.mailbox_id)

    assert await mailboxes.own(pool, settings, second.mailbox_id)
    gate = await Gate.of(other, second.mailbox_id)
    assert await gate.verdicts(await other.emails(second, 3)) == ["go", "mailbox_hour", "mailbox_hour"]
