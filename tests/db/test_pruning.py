"""What the hourly task takes away, and what it must not."""

from __future__ import annotations

from uuid import UUID

import pytest

from app.contract.email_controls import UpdateEmail
from app.contract.emails import SendEmail
from app.domain.actors import Actor
from app.domain.ids import new_id
from app.services import email_controls, emails, pruning
from tests.support.mailroom import Mailroom

ANN = Actor(new_id())


async def say(room: Mailroom, id: UUID, subject: str) -> UUID:
    """Edits a message; the id of its text."""
    await email_controls.change(
        room.pool,
        workspace_id=room.workspace_id,
        id=id,
        wanted=UpdateEmail(subject=subject),
        by=ANN,
        now=await room.now(),
    )
    return UUID(str((await room.email(id))["content_id"]))


async def a_message(room: Mailroom, sender_id: UUID) -> UUID:
    wanted = SendEmail(sender_id=sender_id, to="a@example.com", subject="0", text="Hello.", scheduled_at="in 1 hour")
    answer = await emails.send(room.pool, workspace_id=room.workspace_id, wanted=wanted, key=None, now=await room.now())
    return answer.id


async def texts(room: Mailroom) -> set[UUID]:
    return {row["id"] for row in await room.all("select id from contents")}


async def hours_pass(room: Mailroom) -> None:
    await room.run("update contents set replaced_at = replaced_at - interval '61 minutes'")


async def test_what_an_edited_message_said_before_goes_after_an_hour(
    room: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "BATCH", 2)
    sender = await room.sender()
    ids = [await a_message(room, sender.id) for _ in range(3)]
    edited = [[await say(room, id, subject) for subject in ("1", "2", "3")] for id in ids[:2]]
    await pruning.prune(room.pool)
    everything = {*ids, *(text for each in edited for text in each)}
    assert await texts(room) == everything, "a worker may have them in hand"
    await hours_pass(room)
    newest = await say(room, ids[0], "4")
    await pruning.prune(room.pool)
    assert await texts(room) == {ids[2], edited[0][-1], newest, edited[1][-1]}
    await hours_pass(room)
    await pruning.prune(room.pool)
    assert await texts(room) == {ids[2], newest, edited[1][-1]}


async def test_a_text_that_others_share_stays(room: Mailroom) -> None:
    """An edit gives its message a text of its own; the shared one is not its to give up."""
    sender = await room.sender()
    shared = await room.content()
    one, _ = await room.emails(sender, 2, content_id=shared)
    first, second = await say(room, one, "1"), await say(room, one, "2")
    await hours_pass(room)
    await pruning.prune(room.pool)
    assert await texts(room) == {shared, second}
    assert first not in await texts(room)
