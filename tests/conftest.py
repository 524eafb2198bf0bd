"""Real servers for every test that asks: one Postgres and one Redis a session, a database of its own for each test."""

from __future__ import annotations

import asyncio
import gc
import itertools
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import psycopg
import pytest
import redis
from hypothesis import settings as hypothesis_settings

from app.settings import Settings, load
from tests.support import servers
from tests.support.dns_server import DnsServer

if TYPE_CHECKING:
    from app.db.pool import Pool

pytest_plugins = ["tests.support.browser", "tests.support.sending"]

# Hypothesis has a profile `ci`: the same examples on every machine, however slow it is. `default` looks for new ones.
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

TEMPLATE = "paceline_template"

_numbers = itertools.count(1)


def pytest_collection_finish() -> None:
    """All modules and tests are there to stay: the collector need not look through them again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The maintenance database of the session's Postgres 18."""
    with servers.memory_home("paceline-pg-") as home, servers.postgres(home) as url:
        yield url


@pytest.fixture(scope="session")
def redis_server_url() -> Iterator[str]:
    """The session's Redis, without a database number."""
    with servers.server_home("paceline-redis-") as home, servers.redis_server(home) as url:
        yield url


@pytest.fixture(scope="session")
def migrated_template(postgres_url: str) -> str:
    """The URL of a migrated database that nobody connects to: the others are copies of it."""
    from app.db.migrate import migrate

    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {TEMPLATE}")
    url = database_of(postgres_url, TEMPLATE)
    asyncio.run(migrate(url))
    return url


@pytest.fixture
def database_url(postgres_url: str, migrated_template: str) -> Iterator[str]:
    """A fresh, migrated database of this test's own."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
    yield database_of(postgres_url, name)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty_database_url(postgres_url: str) -> Iterator[str]:
    """A fresh database without any schema, for tests of the migrations."""
    name = f"empty_{next(_numbers)}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield database_of(postgres_url, name)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def redis_url(redis_server_url: str) -> str:
    """An emptied Redis."""
    url = f"{redis_server_url}/0"
    with redis.Redis.from_url(url) as client:
        client.flushall()
    return url


@pytest.fixture(scope="session")
def name_server() -> Iterator[DnsServer]:
    """The session's own: nobody asks the internet."""
    with DnsServer() as server:
        yield server


@pytest.fixture
def dns(name_server: DnsServer) -> DnsServer:
    """A DNS without any records."""
    name_server.forget()
    return name_server


@pytest.fixture
def environment(database_url: str, redis_url: str, dns: DnsServer) -> dict[str, str]:
    """The environment of a Paceline process on this test's servers, also for processes that a test starts."""
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SECRET_KEY": secrets.token_urlsafe(32),
        "SMTP_ALLOW_PRIVATE": "1",
        "DNS_SERVER": dns.address,
        "API_RATE_LIMIT": "none",
    }


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    """Settings on this test's servers. `msgspec.structs.replace` makes a variant."""
    return load(environment)


@pytest.fixture
async def pool(settings: Settings) -> AsyncIterator[Pool]:
    """An open pool on this test's database, as the web process has it."""
    from app.db.pool import make_pool

    async with make_pool(settings, name="test", min_size=1, max_size=8) as opened:
        yield opened


def database_of(url: str, name: str) -> str:
    """The same server's database `name`."""
    return url.rsplit("/", 1)[0] + f"/{name}"
