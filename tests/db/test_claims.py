"""What runners read before they send: asked for at the same time it is one question, and each gets what is its own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from app.services import claims, holds
from app.services.delivery import Due, Look
from app.services.leases import Lease
from tests.support.explaining import ExplainingPool
from tests.support.mailroom import Mailroom


async def leased(room: Mailroom, *counts: int) -> list[tuple[Lease, list[UUID]]]:
    """A mailbox for each count, with so many messages."""
    made = []
    for count in counts:
        sender = await room.sender()
        ids = await room.emails(sender, count)
        made.append((await room.lease(sender.mailbox_id), ids))
    return made


async def read(room: Mailroom, pool: Any, leases: Sequence[Lease], **of_first: Any) -> list[tuple[list[Due], bool]]:
    now = await room.now()
    looks = [
        Look(lease, now, now + timedelta(seconds=2), **(of_first if lease is leases[0] else {})) for lease in leases
    ]
    return await asyncio.gather(*(claims.due(pool, look) for look in looks))


async def test_many_mailboxes_are_read_in_few_questions_and_none_gets_anothers(room: Mailroom) -> None:
    boxes = await leased(room, *range(1, 13))
    pool = ExplainingPool(room.pool, "text")
    found = await read(room, pool, [lease for lease, _ in boxes])
    assert [([message.id for message in messages], is_all) for messages, is_all in found] == [
        (ids, True) for _, ids in boxes
    ]
    assert len(pool.plans) <= claims.AT_ONCE + 1

    (alone,) = await read(room, room.pool, [boxes[5][0]])
    assert [message.id for message in alone[0]] == boxes[5][1]


async def test_what_one_has_in_hand_is_left_out_of_its_own_answer_alone(room: Mailroom) -> None:
    (first, ids), (second, theirs) = await leased(room, 4, 2)
    ((held, _),) = await read(room, room.pool, [first])
    await room.run("update emails set revision = revision + 1 where id = %s", ids[2])
    # `theirs` came from another mailbox a moment ago, where it is under way still.
    found = await read(room, room.pool, [first, second], busy=[ids[0], *theirs], held=held[1:])
    assert [[message.id for message in messages] for messages, _ in found] == [[ids[2]], theirs]


async def test_a_long_backlog_is_read_in_part_and_says_so(room: Mailroom) -> None:
    boxes = await leased(room, claims.BATCH + 1, 1)
    ((messages, is_all),) = await read(room, room.pool, [boxes[0][0]])
    assert [message.id for message in messages] == boxes[0][1][: claims.BATCH]
    assert not is_all


async def test_senders_contents_and_windows_are_each_mailboxs_own(room: Mailroom) -> None:
    boxes = await leased(room, *[1] * 5)
    pool = cast(Any, ExplainingPool(room.pool, "text"))
    senders = await asyncio.gather(*(claims.senders(pool, lease) for lease, _ in boxes))
    assert len(pool.plans) == 1
    hours = await asyncio.gather(*(holds.windows(pool, lease) for lease, _ in boxes))
    assert len(pool.plans) == 2
    for (_, ids), (sender,), lanes in zip(boxes, senders, hours, strict=True):
        (row,) = await room.all("select sender_id, lane_id, content_id from emails where id = %s", ids[0])
        assert (sender["id"], [*lanes]) == (row["sender_id"], [row["lane_id"]])

    rows = await room.all("select distinct content_id as id from emails")
    contents = await asyncio.gather(*(claims.contents(pool, room.workspace_id, frozenset({row["id"]})) for row in rows))
    assert all(row["id"] in found for row, found in zip(rows, contents, strict=True))
