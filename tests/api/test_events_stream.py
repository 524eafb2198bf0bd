"""The live feed on a real web process."""

from __future__ import annotations

import asyncio
import contextlib
import select
import signal
import socket
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID

import httpx
import psycopg
import pytest

from app.api import events
from app.commands.web import ANSWERS_WITHIN
from app.db.pool import Pool
from app.db.queries import queries
from app.db.transaction import transaction
from app.services import accounts, api_keys, feed, members, sessions
from app.services.accounts import Identity
from app.services.feed import Feed, Hint
from app.settings import Settings
from tests.api.test_emails import a_message
from tests.support.ports import free_port
from tests.support.tenants import Tenant, make_tenant
from tests.support.waiting import wait_until
from tests.support.web import answers

OF_ONE_HINT = 100  # bytes on the wire at most


class Web:
    """A web process of its own."""

    def __init__(self, process: Process, url: str) -> None:
        self.process = process
        self.url = url

    @contextlib.asynccontextmanager
    async def stream(self, headers: dict[str, str], last: str | None = None) -> AsyncIterator[AsyncIterator[str]]:
        """The lines after the opening. `last` is the Last-Event-ID of a client that comes back."""
        headers = headers if last is None else headers | {"last-event-id": last}
        async with (
            httpx.AsyncClient(base_url=self.url, headers=httpx.Headers(headers, "latin-1"), timeout=60) as client,
            client.stream("GET", "/v1/events/stream") as answer,
        ):
            assert answer.headers["content-type"].startswith("text/event-stream")
            lines = answer.aiter_lines()
            async for line in lines:
                if line == ": connected":
                    break
            yield lines


@pytest.fixture
async def web(environment: dict[str, str]) -> AsyncIterator[Web]:
    port = free_port()
    command = [sys.executable, "-m", "app.cli", "web", "--port", str(port)]
    process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=asyncio.subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"

    async def ready() -> bool:
        assert process.returncode is None
        return await asyncio.to_thread(answers, f"{url}/healthz")

    await wait_until(ready, what="the web process to answer")
    await wait_until(lambda: listens(environment), what="the web process to listen")
    yield Web(process, url)
    if process.returncode is None:
        process.kill()
        await process.wait()


async def listens(environment: dict[str, str]) -> bool:
    """Whether it hears of changes: it serves a moment before."""
    async with await psycopg.AsyncConnection.connect(environment["DATABASE_URL"]) as conn:
        cursor = await conn.execute(
            "select from pg_stat_activity where datname = current_database() and state = 'idle'"
            " and application_name = 'paceline listen paceline_events' and query ilike 'listen%'"
        )
        return await cursor.fetchone() is not None


async def next_hint(lines: AsyncIterator[str], within: float = 30.0) -> str:
    async with asyncio.timeout(within):
        async for line in lines:
            if line.startswith("data:"):
                return line
    raise AssertionError("the stream ended")


async def next_id(lines: AsyncIterator[str]) -> str:
    """What a client would show when it comes back now."""
    async with asyncio.timeout(30):
        async for line in lines:
            if line.startswith("id: "):
                return line.removeprefix("id: ")
    raise AssertionError("the stream ended")


async def test_a_change_is_heard_by_its_own_workspace_alone(web: Web, pool: Pool, settings: Settings) -> None:
    ann = await make_tenant(pool, settings, "ann@example.test")
    zoe = await make_tenant(pool, settings, "zoe@example.test")
    async with web.stream(ann.headers) as anns, web.stream(zoe.headers) as zoes:
        waiting = asyncio.create_task(next_hint(anns))
        feed.announce(pool, ann.workspace_id)  # in this process, as a worker would
        assert await waiting == "data: changed"
        with pytest.raises(TimeoutError):
            await next_hint(zoes, within=0.5)


async def test_sending_and_cancelling_are_heard(web: Web, pool: Pool, settings: Settings) -> None:
    tenant = await make_tenant(pool, settings, "ann@example.test")
    sender = {"from_email": "ann@example.com", "host": "smtp.example.com"}
    async with (
        httpx.AsyncClient(base_url=web.url, headers=tenant.headers, timeout=60) as client,
        web.stream(tenant.headers) as lines,
    ):
        assert (await client.post("/v1/senders", json=sender)).is_success
        answer = await client.post("/v1/emails", json=a_message(scheduled_at="in 1 hour"))
        await next_hint(lines)
        await client.post(f"/v1/emails/{answer.json()['id']}/cancel")
        await next_hint(lines)


async def test_the_feed_comes_back_when_its_connection_is_lost(web: Web, pool: Pool, settings: Settings) -> None:
    tenant = await make_tenant(pool, settings, "ann@example.test")
    async with web.stream(tenant.headers) as lines:
        async with pool.connection() as conn:
            await conn.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = current_database() and application_name = 'paceline listen paceline_events'"
            )
        await next_hint(lines)  # it may have missed something, so it says to look
        feed.announce(pool, tenant.workspace_id)
        await next_hint(lines)


async def test_who_comes_back_hears_at_once_whether_something_happened(
    web: Web, pool: Pool, settings: Settings
) -> None:
    ann = await make_tenant(pool, settings, "ann@example.test")
    zoe = await make_tenant(pool, settings, "zoe@example.test")
    async with web.stream(ann.headers) as lines, web.stream(zoe.headers) as zoes:
        at_first, of_zoe = await next_id(lines), await next_id(zoes)
        with pytest.raises(TimeoutError):
            await next_hint(lines, within=0.5)  # who is new reads everything anyway
    async with web.stream(ann.headers, last=at_first) as lines:
        with pytest.raises(TimeoutError):
            await next_hint(lines, within=0.5)  # nothing happened meanwhile
    async with web.stream(zoe.headers) as lines:
        feed.announce(pool, zoe.workspace_id)
        await next_hint(lines)
    async with web.stream(ann.headers, last=at_first) as lines:
        with pytest.raises(TimeoutError):
            await next_hint(lines, within=0.5)  # nor to Ann by what Zoe does
    async with web.stream(ann.headers) as other:
        feed.announce(pool, ann.workspace_id)
        now = await next_id(other)
        if now == at_first:  # that of the opening
            now = await next_id(other)
    for last in (at_first, of_zoe, "0", "999999999999", "", "\xff;--", "x" * 4000):
        async with web.stream(ann.headers, last=last) as lines:
            assert await next_id(lines) == now
            await next_hint(lines)
    async with web.stream(ann.headers, last=now) as lines:
        with pytest.raises(TimeoutError):
            await next_hint(lines, within=0.5)


async def test_what_is_committed_against_the_order_of_its_ids_is_heard(
    web: Web, pool: Pool, settings: Settings, database_url: str
) -> None:
    tenant = await make_tenant(pool, settings, "ann@example.test")

    async def write(conn: psycopg.AsyncConnection) -> int:
        cursor = await conn.execute(
            "insert into events (workspace_id, type) values (%s, 'email.sent') returning id", [tenant.workspace_id]
        )
        [id] = await cursor.fetchone() or [0]
        await queries.events.announce(conn, workspace_id=tenant.workspace_id)  # leaves with the commit
        return int(id)

    async def seen() -> set[int]:
        async with pool.connection() as conn:
            cursor = await conn.execute("select id from events where workspace_id = %s", [tenant.workspace_id])
            return {row["id"] for row in await cursor.fetchall()}

    async with (
        await psycopg.AsyncConnection.connect(database_url) as one,
        await psycopg.AsyncConnection.connect(database_url) as two,
        web.stream(tenant.headers) as lines,
    ):
        await next_id(lines)
        first, second = await write(one), await write(two)
        assert first < second
        await two.commit()
        last = await next_id(lines)
        assert await seen() == {second}
        async with web.stream(tenant.headers, last=last) as again:
            with pytest.raises(TimeoutError):
                await next_hint(again, within=0.5)
        await one.commit()
        await next_hint(lines)
        assert await seen() == {first, second}
        async with web.stream(tenant.headers, last=last) as away:
            await next_hint(away)  # although what it missed has the lower id


async def test_who_does_not_read_is_dropped(web: Web, pool: Pool, settings: Settings) -> None:
    tenant = await make_tenant(pool, settings, "ann@example.test")
    address = ("127.0.0.1", int(web.url.rpartition(":")[2]))
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)  # the kernel's least
        deaf.connect(address)
        asked = f"GET /v1/events/stream HTTP/1.1\r\nHost: x\r\nAuthorization: {tenant.headers['authorization']}\r\n\r\n"
        deaf.sendall(asked.encode())
        poll = select.poll()
        poll.register(deaf, select.POLLERR | select.POLLHUP)
        hints = 0

        async def is_cut() -> bool:
            nonlocal hints
            feed.announce(pool, tenant.workspace_id)
            await next_hint(lines)  # others hear as before
            hints += 1
            return bool(poll.poll(0))

        async with web.stream(tenant.headers) as lines:
            await wait_until(is_cut, timeout=120, what="the web process to drop who does not read")
    assert hints * OF_ONE_HINT < 2**20, "as little was kept for it"


async def _key(pool: Pool, tenant: Tenant, user_id: UUID | None) -> tuple[dict[str, str], UUID]:
    async with transaction(pool) as tx:
        key = await api_keys.add(tx, workspace_id=tenant.workspace_id, created_by=user_id, name="it", scope="full")
    return {"authorization": f"Bearer {key.token}"}, key.id


async def _session(pool: Pool, tenant: Tenant, user_id: UUID) -> tuple[dict[str, str], str]:
    async with transaction(pool) as tx:
        token = await sessions.start(tx, user_id=user_id, workspace_id=tenant.workspace_id, now=datetime.now(UTC))
    return {"cookie": f"paceline_session={token}"}, token


async def _mate(pool: Pool, tenant: Tenant, email: str) -> UUID:
    async with transaction(pool) as tx:
        identity = Identity("https://id.example.test", email, email, "Mate", None)
        user_id = await accounts.add_user(tx, identity)
        await queries.members.add(tx, workspace_id=tenant.workspace_id, user_id=user_id, role="member")
    return user_id


Door = tuple[dict[str, str], Callable[[], Awaitable[None]]]


async def a_revoked_key(pool: Pool, settings: Settings, tenant: Tenant) -> Door:
    headers, id = await _key(pool, tenant, tenant.user_id)
    return headers, lambda: api_keys.revoke(pool, workspace_id=tenant.workspace_id, id=id)


async def a_key_that_expires(pool: Pool, settings: Settings, tenant: Tenant) -> Door:
    headers, id = await _key(pool, tenant, None)

    async def expire() -> None:
        async with pool.connection() as conn:
            await conn.execute("update api_keys set expires_at = now() where id = %s", [id])

    return headers, expire


async def the_key_of_a_removed_member(pool: Pool, settings: Settings, tenant: Tenant) -> Door:
    user_id = await _mate(pool, tenant, "bob@example.test")
    headers, _ = await _key(pool, tenant, user_id)
    return headers, lambda: members.remove(pool, workspace_id=tenant.workspace_id, user_id=user_id)


async def a_removed_member(pool: Pool, settings: Settings, tenant: Tenant) -> Door:
    user_id = await _mate(pool, tenant, "eve@example.test")
    headers, _ = await _session(pool, tenant, user_id)
    return headers, lambda: members.remove(pool, workspace_id=tenant.workspace_id, user_id=user_id)


async def an_ended_session(pool: Pool, settings: Settings, tenant: Tenant) -> Door:
    headers, token = await _session(pool, tenant, tenant.user_id)
    found = await sessions.find(pool, token)
    assert found is not None
    return headers, lambda: sessions.end(pool, token, session=found, everywhere=False)


async def a_session_that_goes_elsewhere(pool: Pool, settings: Settings, tenant: Tenant) -> Door:
    headers, token = await _session(pool, tenant, tenant.user_id)
    found = await sessions.find(pool, token)
    assert found is not None

    async def go() -> None:
        async with transaction(pool) as tx:
            there = await accounts.add_workspace(tx, settings, name="Elsewhere", owner=tenant.user_id)
            assert await sessions.move(tx, id=found.id, workspace_id=there)

    return headers, go


async def test_a_stream_ends_when_its_caller_may_no_longer_look(web: Web, pool: Pool, settings: Settings) -> None:
    tenant = await make_tenant(pool, settings, "ann@example.test")
    kinds = (
        a_revoked_key,
        a_key_that_expires,
        the_key_of_a_removed_member,
        a_removed_member,
        an_ended_session,
        a_session_that_goes_elsewhere,
    )
    async with web.stream(tenant.headers) as lines, contextlib.AsyncExitStack() as stack:
        doors = [await kind(pool, settings, tenant) for kind in kinds]
        streams = [await stack.enter_async_context(web.stream(headers)) for headers, _ in doors]
        await asyncio.sleep(feed.LOOK * 1.5)  # a look that lets them be
        for theirs in streams:
            feed.announce(pool, tenant.workspace_id)
            await next_hint(theirs)
        for _, end in doors:
            await end()
        async with asyncio.timeout(30):
            for theirs in streams:
                async for _ in theirs:
                    pass
        feed.announce(pool, tenant.workspace_id)
        await next_hint(lines)  # all the while this one went on


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_open_streams_do_not_keep_the_process_up(
    web: Web, pool: Pool, settings: Settings, number: signal.Signals
) -> None:
    tenant = await make_tenant(pool, settings, "ann@example.test")
    async with web.stream(tenant.headers) as one, web.stream(tenant.headers) as two:
        started = time.monotonic()
        web.process.send_signal(number)
        for lines in (one, two):
            async for line in lines:
                assert not line.startswith("data:")
        await asyncio.wait_for(web.process.wait(), 30)
        assert time.monotonic() - started < ANSWERS_WITHIN, "it did not wait for them"


async def test_a_stream_needs_a_caller(web: Web) -> None:
    async with httpx.AsyncClient(base_url=web.url) as client:
        assert (await client.get("/v1/events/stream")).status_code == 401


async def test_a_slow_client_has_one_hint_waiting_however_much_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "HEARTBEAT", 0.2)
    workspace_id = UUID(int=1)
    one = Feed()
    hints = one.hints(workspace_id, UUID(int=2))
    opening = await anext(hints)
    assert not opening.changed
    seen = {opening.position}
    for _ in range(2):
        for _ in range(1000):
            one._heard(str(workspace_id))
        hint = await anext(hints)
        assert hint.changed
        assert hint.position not in seen
        seen.add(hint.position)
    assert await anext(hints) == Hint(changed=False, position=None)  # nothing more: a sign of life
    one.close()
    with pytest.raises(StopAsyncIteration):
        await anext(hints)
    assert one._clients == {}


async def test_the_positions_of_many_workspaces_take_bounded_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "REMEMBERED", 3)
    one = Feed()

    async def come(number: int, last: str | None) -> Hint:
        hints = one.hints(UUID(int=number), UUID(int=0), last)
        try:
            return await anext(hints)
        finally:
            await hints.aclose()  # type: ignore[attr-defined]

    places = [(await come(number, None)).position for number in range(4)]
    assert len(one._positions) == 3
    assert [(await come(number, places[number])).changed for number in (3, 2, 1)] == [False] * 3
    assert (await come(0, places[0])).changed, "of what is forgotten nobody knows, so it says to look"


async def test_lines_travel_as_events(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hints() -> AsyncIterator[Hint]:
        yield Hint(changed=False, position="a")
        yield Hint(changed=False, position=None)
        yield Hint(changed=True, position="b")

    lines = [line async for line in events._lines(hints(), pytest.fail)]
    assert lines == [
        b"retry: 2000\n: connected\nid: a\n: still here\n\n",
        b": still here\n\n",
        b"id: b\ndata: changed\n\n",
    ]
