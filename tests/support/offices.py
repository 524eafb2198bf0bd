"""A web process with a tenant and a sender, as a developer has them who has just signed up."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx

from app.db.pool import make_pool
from app.settings import load
from tests.support.ports import free_port
from tests.support.tenants import Tenant, make_tenant
from tests.support.web_process import web_process


@contextmanager
def web(environment: Mapping[str, str], **extra: str) -> Iterator[str]:
    """A `paceline web` on a port of its own, as its BASE_URL says; its URL."""
    port = free_port()
    with web_process({"BASE_URL": f"http://127.0.0.1:{port}"} | dict(environment) | extra, port) as url:
        yield url


def a_tenant(environment: Mapping[str, str], email: str = "ann@example.test") -> Tenant:
    """A workspace with keys, for tests that have no event loop."""

    async def make() -> Tenant:
        settings = load(dict(environment))
        async with make_pool(settings, name="test", min_size=1, max_size=2) as pool:
            return await make_tenant(pool, settings, email)

    return asyncio.run(make())


def add_sender(url: str, tenant: Tenant, port: int) -> None:
    """`Ann <ann@example.com>`, who sends through the server on this port without limits."""
    wanted = {"from_email": "ann@example.com", "from_name": "Ann", "host": "127.0.0.1", "port": port}
    limits = {"security": "none", "hourly_limit": None, "min_delay_ms": 0}
    answer = httpx.post(f"{url}/v1/senders", json=wanted | limits, headers=tenant.headers, timeout=30)
    assert answer.is_success, answer.text
