"""The whole app on this test's own database, called without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import cache

import pytest
from litestar import Litestar

from app.main import routed, settled
from app.settings import Settings
from tests.support.tenants import Api, make_tenant


@cache
def without_settings() -> Litestar:
    """One a process: its routes take longer to make than most tests here take."""
    return routed()


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[Litestar]:
    """With this test's settings and a life of its own: of one test's nothing is left for the next."""
    made = settled(without_settings(), settings)
    started, ended = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with made.lifespan():
            started.set()
            await ended.wait()

    # A lifespan begins and ends in one task; setting up and tearing down a fixture are two.
    life = asyncio.create_task(live())
    starting = asyncio.create_task(started.wait())
    await asyncio.wait({life, starting}, return_when=asyncio.FIRST_COMPLETED)
    if life.done():
        life.result()
    yield made
    ended.set()
    await life


@pytest.fixture
async def api(app: Litestar, settings: Settings) -> AsyncIterator[Api]:
    """A tenant's client with a full key."""
    tenant = await make_tenant(app.state.pool, settings, "ann@example.test")
    async with Api(app, tenant) as client:
        yield client


@pytest.fixture
async def stranger(app: Litestar, settings: Settings) -> AsyncIterator[Api]:
    """Another tenant of the same installation."""
    tenant = await make_tenant(app.state.pool, settings, "zoe@example.test")
    async with Api(app, tenant) as client:
        yield client
