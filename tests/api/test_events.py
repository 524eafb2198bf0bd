"""The story of a message, and the live feed on a real web process."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from litestar import Litestar

from app.commands.web import ANSWERS_WITHIN
from app.db.pool import Pool
from app.services import feed
from app.services.feed import Feed
from app.settings import Settings
from tests.api.test_emails import a_message, add_sender
from tests.support.ports import free_port
from tests.support.tenants import Api, Tenant, make_tenant
from tests.support.waiting import wait_until

DISPATCH = """
    insert into dispatches (
        workspace_id, email_id, attempt, mailbox_id, recipients, worker_id, fence, dispatched_at, window_seconds,
        gap_ms, outcome, outcome_at, reply_code, reply_text
    )
    select workspace_id, %(id)s, %(attempt)s, id, 1, id, 1, clock_timestamp(), 3600, 0,
        %(outcome)s, clock_timestamp(), %(code)s, %(text)s
    from mailboxes
"""


async def test_the_story_joins_row_ledger_and_events(app: Litestar, api: Api) -> None:
    await add_sender(api)
    id = (await api.ok("POST", "/emails", json=a_message()))["id"]

    async def execute(query: str, **values: Any) -> None:
        async with app.state.pool.connection() as conn:
            await conn.execute(query, {"id": UUID(id), "workspace": api.tenant.workspace_id} | values)

    event = "insert into events (workspace_id, type, email_id, data) values (%(workspace)s, %(type)s, %(id)s, %(data)s)"
    await execute(event, type="email.deferred", data='{"reply": "421 4.7.0 not now"}')
    await execute(DISPATCH, attempt=2, outcome="void", code=None, text=None)
    await execute(DISPATCH, attempt=2, outcome="accepted", code=250, text="2.0.0 queued")
    await execute(event, type="email.sent", data="{}")
    story = (await api.ok("GET", f"/emails/{id}/events"))["data"]
    assert [entry["type"] for entry in story] == [
        "scheduled",
        "deferred",
        "dispatched",
        "void",
        "dispatched",
        "accepted",
    ]
    assert story == sorted(story, key=lambda entry: entry["at"])
    assert "421 4.7.0 not now" in story[1]["message"]
    assert story[-1]["data"] == {"attempt": 2, "code": 250, "reply": "2.0.0 queued"}
    assert "2.0.0 queued" in story[-1]["message"]


class Web:
    """A web process of its own."""

    def __init__(self, process: Process, url: str) -> None:
        self.process = process
        self.url = url

    @contextlib.asynccontextmanager
    async def stream(self, tenant: Tenant) -> AsyncIterator[AsyncIterator[str]]:
        async with (
            httpx.AsyncClient(base_url=self.url, headers=tenant.headers, timeout=60) as client,
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
        with contextlib.suppress(httpx.TransportError):
            async with httpx.AsyncClient() as client:
                return (await client.get(f"{url}/healthz")).is_success
        return False

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


async def test_a_change_is_heard_by_its_own_workspace_alone(web: Web, pool: Pool, settings: Settings) -> None:
    ann = await make_tenant(pool, settings, "ann@example.test")
    zoe = await make_tenant(pool, settings, "zoe@example.test")
    async with web.stream(ann) as anns, web.stream(zoe) as zoes:
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
        web.stream(tenant) as lines,
    ):
        assert (await client.post("/v1/senders", json=sender)).is_success
        answer = await client.post("/v1/emails", json=a_message(scheduled_at="in 1 hour"))
        await next_hint(lines)
        await client.post(f"/v1/emails/{answer.json()['id']}/cancel")
        await next_hint(lines)


async def test_the_feed_comes_back_when_its_connection_is_lost(web: Web, pool: Pool, settings: Settings) -> None:
    tenant = await make_tenant(pool, settings, "ann@example.test")
    async with web.stream(tenant) as lines:
        async with pool.connection() as conn:
            await conn.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = current_database() and application_name = 'paceline listen paceline_events'"
            )
        await next_hint(lines)  # it may have missed something, so it says to look
        feed.announce(pool, tenant.workspace_id)
        await next_hint(lines)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_open_streams_do_not_keep_the_process_up(
    web: Web, pool: Pool, settings: Settings, number: signal.Signals
) -> None:
    tenant = await make_tenant(pool, settings, "ann@example.test")
    async with web.stream(tenant) as one, web.stream(tenant) as two:
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
    hints = one.hints(workspace_id)
    first = asyncio.ensure_future(anext(hints))
    await asyncio.sleep(0)
    for _ in range(1000):
        one._heard(str(workspace_id))
    assert await first is True
    for _ in range(1000):
        one._heard(str(workspace_id))
    assert await anext(hints) is True
    assert await anext(hints) is False  # nothing more: a sign of life
    one.close()
    with pytest.raises(StopAsyncIteration):
        await anext(hints)
    assert one._clients == {}
