"""Kept connections: used again, within the process's limit, and never kept from somebody who needs the place."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from app.domain.ids import new_id
from app.mail.smtp import Connection, ConnectTrouble, Envelope, Server
from tasks.connections import LEAVING, RATED, Account, Connections
from tests.support.ports import free_port
from tests.support.smtp_server import SmtpServer, Step
from tests.support.waiting import wait_until


def account(smtp: SmtpServer, mailbox_id: UUID | None = None) -> Account:
    return Account(mailbox_id or new_id(), Server("127.0.0.1", smtp.port, "none"))


async def send(connections: Connections, to: Account) -> None:
    conn = await connections.acquire(to)
    await conn.offer(Envelope("a@example.com", ("b@example.com",)), b"Subject: x\r\n\r\nx\r\n")
    await conn.dot()
    await conn.outcome()
    await connections.put_back(conn)


async def test_a_connection_serves_many_messages_of_its_mailbox_and_none_of_another(smtp: SmtpServer) -> None:
    connections = Connections(5, allow_private=True)
    mine, other = account(smtp), account(smtp)
    for _ in range(3):
        await send(connections, mine)
    assert smtp.sessions == 1
    await send(connections, other)
    assert smtp.sessions == 2
    await connections.close_mailbox(mine.mailbox_id)
    await wait_until(lambda: smtp.open_sessions == 1)
    await connections.close_mailbox(other.mailbox_id)


async def test_there_are_never_more_than_the_limit_and_everybody_has_a_turn(smtp: SmtpServer) -> None:
    connections = Connections(3, allow_private=True)
    accounts = [account(smtp) for _ in range(10)]
    most = 0

    async def one(to: Account) -> None:
        nonlocal most
        for _ in range(5):
            await send(connections, to)
            most = max(most, smtp.open_sessions)

    smtp.on("dot", Step(delay=0.002), always=True)
    await asyncio.wait_for(asyncio.gather(*[one(each) for each in accounts]), 60)
    assert len(smtp.messages) == 50
    assert most <= 4, "one more may be closing while its place is taken"
    for each in accounts:
        await connections.close_mailbox(each.mailbox_id)


async def test_a_mailbox_keeps_its_share_instead_of_opening_anew(smtp: SmtpServer) -> None:
    """Each wants three connections of four: two and two stay open, and nobody is passed over."""
    connections = Connections(4, allow_private=True)
    accounts = [account(smtp), account(smtp)]
    waits: list[float] = []

    left = dict.fromkeys(accounts, 60)

    async def one(to: Account) -> None:
        while left[to] > 0:
            asked = asyncio.get_running_loop().time()
            conn = await connections.acquire(to)
            waits.append(asyncio.get_running_loop().time() - asked)
            left[to] -= 1
            await asyncio.sleep(0.02)
            while left[to] > 0 and connections.may_go_on(conn):
                connections.passed_on(conn)
                left[to] -= 1
                await asyncio.sleep(0.02)
            await connections.put_back(conn)

    await asyncio.wait_for(asyncio.gather(*[one(to) for to in accounts for _ in range(3)]), 60)
    assert smtp.sessions <= 6
    assert max(waits) < 2
    for each in accounts:
        await connections.close_mailbox(each.mailbox_id)


async def test_it_is_worth_waiting_for_what_comes_soon_and_for_nothing_else(smtp: SmtpServer) -> None:
    connections = Connections(9, allow_private=True)
    to = account(smtp)
    used = [await connections.acquire(to) for _ in range(9)]
    await asyncio.sleep(RATED)
    assert connections.worth_waiting_for() == 0, "all of them are slow"
    for _ in range(9000):
        connections.passed_on(used[0])
    await asyncio.sleep(RATED)
    assert connections.worth_waiting_for() == 3
    assert connections.worth_waiting_for(but=9) == 0, "there are no others"
    await asyncio.sleep(RATED)
    assert connections.worth_waiting_for() == 0
    for conn in used:
        await connections.discard(conn)


async def test_a_connection_that_the_server_closed_is_not_used_again(smtp: SmtpServer) -> None:
    connections = Connections(1, allow_private=True)
    mine = account(smtp)
    smtp.on("dot", Step("250 Taken, and goodbye", drop=True))
    await send(connections, mine)
    await wait_until(lambda: smtp.open_sessions == 0)
    await asyncio.sleep(0.05)  # the news travels
    await send(connections, mine)
    assert len(smtp.messages) == 2
    await connections.close_mailbox(mine.mailbox_id)


async def test_a_failure_to_connect_gives_its_place_back(smtp: SmtpServer) -> None:
    connections = Connections(1, allow_private=True)
    nowhere = Account(new_id(), Server("127.0.0.1", free_port(), "none"))
    for _ in range(3):
        with pytest.raises(ConnectTrouble):
            await connections.acquire(nowhere)
    with pytest.raises(ConnectTrouble, match=r"nowhere\.invalid"):
        await connections.acquire(Account(new_id(), Server("nowhere.invalid", 25, "none")))
    held: Connection = await connections.acquire(account(smtp))
    waiting = asyncio.create_task(connections.acquire(account(smtp)))
    await asyncio.sleep(0.05)
    waiting.cancel()
    await connections.discard(held)
    await connections.discard(await asyncio.wait_for(connections.acquire(account(smtp)), 30))


async def test_a_connection_that_a_message_took_meanwhile_is_not_closed(smtp: SmtpServer) -> None:
    connections = Connections(5, allow_private=True)
    to = account(smtp)
    pair = [await connections.acquire(to) for _ in range(2)]
    for conn in pair:
        await connections.put_back(conn)
    smtp.on("quit", Step(delay=0.3), always=True)
    closing = asyncio.create_task(connections.close_mailbox(to.mailbox_id))
    await asyncio.sleep(0)  # the first of the two is on its way out
    taken = await connections.acquire(to)
    await closing
    assert taken.is_usable
    await taken.offer(Envelope("a@example.com", ("b@example.com",)), b"Subject: x\r\n\r\nx\r\n")
    await taken.dot()
    assert (await taken.outcome()).accepted
    await connections.put_back(taken)
    await connections.close_mailbox(to.mailbox_id)


async def test_what_is_not_due_yet_may_have_half_of_them(smtp: SmtpServer) -> None:
    connections = Connections(4, allow_private=True)
    to = account(smtp)
    room = [connections.has_room]
    used = []
    for _ in range(3):
        used.append(await connections.acquire(to))
        room.append(connections.has_room)
    assert room == [True, True, False, False]
    for conn in used:
        await connections.put_back(conn)
    assert connections.has_room, "those that lie idle are anybody's"
    await connections.close_mailbox(to.mailbox_id)


async def test_whoever_needs_a_place_does_not_wait_for_anothers_goodbye(
    smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered, leaving = asyncio.Event(), list[Connection]()
    close = Connection.close

    async def slowly(conn: Connection) -> None:
        leaving.append(conn)
        await answered.wait()
        await close(conn)

    monkeypatch.setattr(Connection, "close", slowly)
    connections = Connections(LEAVING, allow_private=True)
    accounts = [account(smtp) for _ in range(LEAVING + 2)]
    for each in accounts[:-1]:
        await asyncio.wait_for(send(connections, each), 30)
    assert len(leaving) == 1
    one_more = asyncio.create_task(send(connections, accounts[-1]))
    await wait_until(lambda: len(leaving) == 2)
    await asyncio.sleep(0)
    assert not one_more.done(), "beside the limit, so many may be closing and no more"
    answered.set()
    await one_more
    assert len(smtp.messages) == len(accounts)
    for each in accounts:
        await connections.close_mailbox(each.mailbox_id)


async def test_who_waits_beyond_its_share_does_not_stand_in_the_way_of_one_that_has_none(smtp: SmtpServer) -> None:
    connections = Connections(2, allow_private=True)
    slow, busy, poor = account(smtp), account(smtp), account(smtp)
    stuck = await connections.acquire(slow)
    conn = await connections.acquire(busy)
    more = asyncio.create_task(connections.acquire(slow))
    await asyncio.sleep(0)
    wanted = asyncio.create_task(connections.acquire(poor))
    following = [more]
    async with asyncio.timeout(30):
        while not wanted.done():
            await asyncio.sleep(0.01)
            if connections.may_go_on(conn):
                connections.passed_on(conn)
            else:
                following.append(asyncio.create_task(connections.acquire(busy)))
                await asyncio.sleep(0)
                await connections.put_back(conn)
                await asyncio.wait([following[-1], wanted], return_when=asyncio.FIRST_COMPLETED)
                if following[-1].done():
                    conn = following[-1].result()
    assert not more.done()
    for each in following:
        each.cancel()
    for held in (stuck, wanted.result()):
        await connections.discard(held)


async def test_another_sign_in_of_the_same_mailbox_is_not_overtaken(smtp: SmtpServer) -> None:
    connections = Connections(1, allow_private=True)
    one = account(smtp)
    other = Account(one.mailbox_id, Server("localhost", smtp.port, "none"))
    conn = await connections.acquire(one)
    waiting = asyncio.create_task(connections.acquire(other))
    await asyncio.sleep(0)
    assert not connections.may_go_on(conn)
    await connections.put_back(conn)
    await connections.discard(await asyncio.wait_for(waiting, 30))
