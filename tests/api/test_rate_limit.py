"""API_RATE_LIMIT: requests of one key, counted in a real Redis over all web processes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

import msgspec
import pytest
import redis
from litestar import Litestar

from app.db.transaction import transaction
from app.main import create_app
from app.pacing import requests
from app.pacing.requests import RequestLimit
from app.services import sessions
from app.settings import Settings
from tests.support.asgi import client_of
from tests.support.ports import free_port
from tests.support.tenants import Api, Tenant, make_tenant
from tests.support.waiting import wait_until

SELDOM = 0.001  # requests a second: one in 1,000 s
BRIEF = requests.PATIENCE


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loaded machine makes Redis no absent one; tests of an absent one say so."""
    monkeypatch.setattr(requests, "PATIENCE", 30.0)


@asynccontextmanager
async def webs(settings: Settings, count: int = 1) -> AsyncIterator[list[Litestar]]:
    """Web processes of one installation, as far as they share nothing in memory."""
    async with AsyncExitStack() as stack:
        apps = [create_app(settings) for _ in range(count)]
        for app in apps:
            await stack.enter_async_context(app.lifespan())
        yield apps


@asynccontextmanager
async def one_web(settings: Settings) -> AsyncIterator[Api]:
    """A tenant's client of one."""
    async with webs(settings) as (app,):
        tenant = await make_tenant(app.state.pool, settings, "ann@example.test")
        async with Api(app, tenant) as api:
            yield api


def with_rate(settings: Settings, rate: float) -> Settings:
    return msgspec.structs.replace(settings, api_rate_limit=rate)


async def test_one_key_has_one_limit_over_all_web_processes_and_each_key_its_own(settings: Settings) -> None:
    async with webs(with_rate(settings, SELDOM), 2) as (one, two):
        tenant = await make_tenant(one.state.pool, settings, "ann@example.test")
        other = await make_tenant(one.state.pool, settings, "zoe@example.test")
        async with Api(one, tenant) as first, Api(two, tenant) as second, Api(two, other) as stranger:
            answers = await asyncio.gather(*[(first, second)[i % 2].get("/me") for i in range(20)])
            assert sorted(answer.status_code for answer in answers) == [200] + [429] * 19
            assert (await stranger.get("/me")).status_code == 200
            refused = await second.get("/me")
    body = refused.json()
    assert (body["statusCode"], body["name"]) == (429, "rate_limit_exceeded")
    assert "at most 1 in 1000 s" in body["message"]
    assert 900 <= int(refused.headers["retry-after"]) <= 1050
    said = [refused.headers[f"ratelimit-{name}"] for name in ("limit", "remaining", "reset")]
    assert said[:2] == ["1", "0"]
    assert 900 <= int(said[2]) <= 1050


async def test_an_answer_says_how_many_are_left(settings: Settings) -> None:
    async with one_web(with_rate(settings, 50.0)) as api:
        answer = await api.get("/me")
    assert answer.status_code == 200
    assert answer.headers["ratelimit-limit"] == "50"
    assert 0 <= int(answer.headers["ratelimit-remaining"]) <= 49
    assert 1 <= int(answer.headers["ratelimit-reset"]) <= 2
    assert "retry-after" not in answer.headers


async def test_keys_that_nobody_knows_are_counted_too_before_postgres_is_asked(settings: Settings) -> None:
    async with webs(with_rate(settings, SELDOM)) as (app,), client_of(app) as client:
        headers = {"authorization": "Bearer pl_guess"}
        assert [(await client.get("/v1/me", headers=headers)).status_code for _ in range(2)] == [403, 429]


async def test_browsers_are_not_counted(settings: Settings) -> None:
    async with webs(with_rate(settings, SELDOM)) as (app,), client_of(app) as client:
        tenant = await make_tenant(app.state.pool, settings, "ann@example.test")
        client.cookies.set("paceline_session", await session_of(app, tenant))
        answers = [await client.get("/v1/me") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert not any("ratelimit-limit" in answer.headers for answer in answers)


async def test_without_a_limit_nothing_is_counted(settings: Settings, redis_url: str) -> None:
    async with one_web(settings) as api:
        answer = await api.get("/me")
    assert not any(name.startswith("ratelimit") for name in answer.headers)
    with redis.Redis.from_url(redis_url) as client:
        assert client.keys("paceline:requests:*") == []


async def test_no_rolling_window_holds_more_than_the_limit_and_nearly_all_of_it_is_used(redis_url: str) -> None:
    limit = RequestLimit(redis_url, limit=50, window=0.5)
    passed: list[tuple[float, float]] = []  # each happened between these two
    try:
        ends = time.monotonic() + 3
        while time.monotonic() < ends:
            before = time.monotonic()
            standing = await limit.take("busy")
            assert standing is not None
            if standing.allowed:
                passed.append((before, time.monotonic()))
            else:
                assert 0 < standing.retry_after <= standing.reset <= 0.6
                await asyncio.sleep(standing.retry_after)
    finally:
        await limit.close()
    # The server's clock decides, to the millisecond.
    assert all(later - first > 0.49 for (first, _), (_, later) in zip(passed, passed[50:], strict=False))
    assert len(passed) > 100  # of 300, on a machine that stands still at times


async def test_a_caller_takes_little_memory_and_none_for_long(redis_url: str) -> None:
    limit = RequestLimit(redis_url, limit=10_000, window=1.0)
    try:
        with redis.Redis.from_url(redis_url) as client:
            for _ in range(300):
                await limit.take("busy")
                assert client.hlen("paceline:requests:busy") <= 21
                assert client.pttl("paceline:requests:busy") <= 1100  # below 0: it is gone already
                await asyncio.sleep(0.004)
            await wait_until(lambda: not client.keys("paceline:requests:*"))
    finally:
        await limit.close()


async def test_a_clock_that_was_set_back_locks_nobody_out(redis_url: str) -> None:
    limit = RequestLimit(redis_url, limit=1, window=1000.0)
    try:
        assert (await limit.take("ann")).allowed  # type: ignore[union-attr]  # Redis is there
        with redis.Redis.from_url(redis_url) as client:
            (key,) = client.keys("paceline:requests:*")
            client.delete(key)
            client.hset(key, str(int(time.time() / 50) + 1000), 1)  # counted while the clock was half a day ahead
        assert (await limit.take("ann")).allowed  # type: ignore[union-attr]
        assert not (await limit.take("ann")).allowed  # type: ignore[union-attr]
    finally:
        await limit.close()


async def test_while_redis_is_away_requests_pass_and_nobody_waits_for_it(settings: Settings) -> None:
    away = msgspec.structs.replace(with_rate(settings, SELDOM), redis_url=f"redis://127.0.0.1:{free_port()}/0")
    async with one_web(away) as api:
        answers = [await api.get("/me") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert not any("ratelimit-limit" in answer.headers for answer in answers)


async def test_a_redis_that_is_frozen_costs_the_first_request_a_moment_and_the_others_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(requests, "PATIENCE", BRIEF)
    held: list[asyncio.StreamWriter] = []

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)  # takes everything, says nothing

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    limit = RequestLimit(f"redis://127.0.0.1:{port}/0", limit=1, window=1.0)
    try:
        began = time.monotonic()
        assert [await limit.take("ann") for _ in range(1000)] == [None] * 1000
        assert time.monotonic() - began < 30  # a thousand waits of 0.1 s would be 100 s
    finally:
        await limit.close()
        for writer in held:
            writer.close()
        server.close()


async def test_once_redis_answers_again_requests_are_counted_again(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "PATIENCE", 1.0)
    limit = RequestLimit(redis_url, limit=1000, window=1000.0)

    async def is_counted() -> bool:
        return await limit.take("ann") is not None

    try:
        await wait_until(is_counted)
        with redis.Redis.from_url(redis_url) as client:
            client.execute_command("CLIENT", "PAUSE", 5000)
        assert not await is_counted()
        await wait_until(is_counted)
    finally:
        await limit.close()


async def session_of(app: Litestar, tenant: Tenant) -> str:
    """A browser's session of this person."""
    async with transaction(app.state.pool) as tx:
        return await sessions.start(tx, user_id=tenant.user_id, workspace_id=tenant.workspace_id, now=datetime.now(UTC))
