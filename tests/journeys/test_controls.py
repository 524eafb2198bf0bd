"""What people do to messages while a real worker sends them: the race ends one way or the other, never both."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from app.contract.email_controls import Action, RetryEmail, UpdateEmail
from app.contract.emails import EmailState
from app.domain.actors import Actor
from app.domain.ids import new_id
from app.errors import AlreadySending
from app.services import email_controls
from tests.support.mailroom import Mailroom, address
from tests.support.sending import addresses, arrived
from tests.support.smtp_server import SmtpServer, Step
from tests.support.tuned_worker import AT_ONCE, BY_WORD
from tests.support.waiting import wait_until
from tests.support.worker_process import worker

ANN = Actor(new_id())
TOGETHER = 8  # requests at a time
PACE = 0.05  # seconds that the server takes for a message, so that people have a chance

Control = Callable[[UUID], Awaitable[EmailState]]


async def race(ids: list[UUID], control: Control) -> tuple[set[UUID], set[UUID]]:
    """Uses the control on all messages in a random order. Those where it came in time, and those where it did not."""
    order = random.Random(len(ids)).sample(ids, len(ids))
    gate = asyncio.Semaphore(TOGETHER)
    won: set[UUID] = set()
    lost: set[UUID] = set()

    async def one(id: UUID) -> None:
        async with gate:
            try:
                await control(id)
                won.add(id)
            except AlreadySending:
                lost.add(id)

    await asyncio.gather(*map(one, order))
    return won, lost


async def start_sending(room: Mailroom, smtp: SmtpServer, count: int) -> list[UUID]:
    """Messages of which the first have left when this returns."""
    smtp.on("dot", Step(delay=PACE), always=True)
    sender = await room.sender(port=smtp.port, concurrency=2)
    ids = await room.emails(sender, count)
    await arrived(smtp, count // 5)
    return ids


def address_of(ids: list[UUID]) -> dict[UUID, str]:
    return {id: address(ids, i) for i, id in enumerate(ids)}


async def settled(room: Mailroom, *ends: str) -> dict[str, int]:
    """Waits until every message has come to one of these ends."""

    async def check() -> bool:
        return (await room.statuses()).keys() <= set(ends)

    await wait_until(check)
    return await room.statuses()


async def test_cancelled_means_that_no_server_ever_saw_the_dot(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    with worker(environment) as process:
        ids = await start_sending(room, smtp, 200)

        async def cancel(id: UUID) -> EmailState:
            now = await room.now()
            return await email_controls.cancel(room.pool, workspace_id=room.workspace_id, id=id, by=ANN, now=now)

        cancelled, late = await race(ids, cancel)
        assert await settled(room, "sent", "cancelled") == {"sent": len(late), "cancelled": len(cancelled)}
        assert len(cancelled) > 20, "else this shows nothing"
        assert len(late) > 20, "else this shows nothing"
        names = address_of(ids)
        assert sorted(addresses(smtp.received)) == sorted(names[id] for id in late), "each once, and nothing cancelled"
        assert {row["email_id"] for row in await room.ledger() if row["outcome"] != "void"} == late
        assert process.troubles == []


async def test_once_a_change_has_answered_only_the_new_text_leaves(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    with worker(environment) as process:
        ids = await start_sending(room, smtp, 150)

        async def edit(id: UUID) -> EmailState:
            return await change(room, id, subject="New")

        edited, late = await race(ids, edit)
        assert await settled(room, "sent") == {"sent": 150}
        assert len(edited) > 20, "else this shows nothing"
        assert len(late) > 20, "else this shows nothing"
        names = address_of(ids)
        said = {message.recipients[0]: message.header("Subject") for message in smtp.received}
        assert len(smtp.received) == len(said) == 150, "each once"
        assert said == {names[id]: "New" if id in edited else "Hello" for id in ids}
        assert process.troubles == []


async def test_once_a_move_has_answered_it_leaves_at_its_new_time_alone(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    with worker(environment):
        ids = await start_sending(room, smtp, 100)
        at = await room.now() + timedelta(seconds=8)

        async def move(id: UUID) -> EmailState:
            return await change(room, id, scheduled_at=at.isoformat())

        moved, late = await race(ids, move)
        assert len(moved) > 20, "else this shows nothing"
        assert len(late) > 10, "else this shows nothing"
        assert await settled(room, "sent") == {"sent": 100}
        names = address_of(ids)
        sent_at = {message.recipients[0]: message.at for message in smtp.received}
        assert len(smtp.received) == len(sent_at) == 100, "each once"
        assert all(sent_at[names[id]] >= at.timestamp() for id in moved)
        assert all(sent_at[names[id]] < at.timestamp() for id in late)


async def change(room: Mailroom, id: UUID, **fields: Any) -> EmailState:
    return await email_controls.change(
        room.pool,
        workspace_id=room.workspace_id,
        id=id,
        wanted=UpdateEmail(**fields),
        by=ANN,
        now=await room.now(),
    )


async def resolve(room: Mailroom, id: UUID, action: Action) -> EmailState:
    return await email_controls.resolve(
        room.pool, workspace_id=room.workspace_id, id=id, action=action, by=ANN, now=await room.now()
    )


async def test_a_retry_leaves_within_a_second(environment: dict[str, str], room: Mailroom, smtp: SmtpServer) -> None:
    sender = await room.sender(port=smtp.port)
    with worker(environment, BY_WORD):
        smtp.on("rcpt", Step("554 5.7.1 Not today"))
        (id,) = await room.emails(sender)
        await wait_until(has_status(room, id, "failed"))
        asked = await room.now()
        await email_controls.retry(
            room.pool, workspace_id=room.workspace_id, id=id, wanted=RetryEmail(), by=ANN, now=asked
        )
        (message,) = await arrived(smtp, 1)
        assert message.at - asked.timestamp() < AT_ONCE
        await wait_until(has_status(room, id, "sent"))
    assert {dispatch["ordered_by"] for dispatch in await room.ledger(id)} == {ANN.id}


async def test_a_frozen_worker_that_comes_back_after_a_person_has_decided(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    """It was frozen between its dot and the reply, which waits for it. In doubt, the message was sent again."""
    sender = await room.sender(port=smtp.port)
    smtp.on("dot", Step(delay=5.0))
    with worker(environment, LEASE_SECONDS="2") as frozen:
        (id,) = await room.emails(sender)
        assert await asyncio.to_thread(smtp.wait_until, lambda: len(smtp.received) == 1)
        frozen.signal(signal.SIGSTOP)
        with worker(environment, LEASE_SECONDS="2"):
            await wait_until(has_status(room, id, "uncertain"))
            assert len(smtp.received) == 1, "nothing is sent again by itself"
            await resolve(room, id, Action.SEND_AGAIN)
            await wait_until(has_status(room, id, "sent"))
            assert await room.outcomes(id) == ["unknown", "accepted"]

            frozen.signal(signal.SIGCONT)

            async def heard() -> bool:
                return await room.outcomes(id) == ["accepted", "accepted"]

            await wait_until(heard, what="the first answer to be written down")
            assert await room.status(id) == "sent"
    assert [row["ordered_by"] for row in await room.ledger(id) if row["outcome"] != "void"] == [None, ANN.id]
    assert len(smtp.received) == 2
    assert len({message.header("Message-ID") for message in smtp.received}) == 1, "a receiver can tell"


async def test_what_was_held_leaves_when_a_person_says_so(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    sender = await room.sender(port=smtp.port)
    go, stay = await room.emails(sender, 2, due=await room.now() + timedelta(hours=1))
    await room.run("update emails set status = 'held'")
    with worker(environment):
        await resolve(room, go, Action.SEND)
        await resolve(room, stay, Action.DROP)
        await wait_until(has_status(room, go, "sent"))
        assert await room.status(stay) == "cancelled"
        assert addresses(smtp.received) == [address([go], 0)]


def has_status(room: Mailroom, id: UUID, *statuses: str) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return await room.status(id) in statuses

    return check
