"""The real servers of a test session: Postgres 18 and Redis as `paceline up` has them, but fast instead of durable.

Both run without fsync, since a test session owes nobody its data, and both end with pytest, even by kill -9.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import redis

from app.embedded.accounts import Account, unprivileged
from app.embedded.child import TETHER
from app.embedded.postgres import _binaries as postgres_binaries
from app.embedded.redis import find_binary as redis_binary
from tests.support.ports import free_port
from tests.support.waiting import wait_until_sync

LOCALE = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "shared_buffers": "64MB",
    "timezone": "UTC",
}


@contextlib.contextmanager
def postgres(home: Path) -> Iterator[str]:
    """A fresh Postgres 18 under `home`; gives the URL of its `postgres` database."""
    binaries = postgres_binaries()
    account = unprivileged(home, (home, binaries))
    if account is not None:
        os.chown(home, account.uid, account.gid)
    data = home / "data"
    initdb = _run(home, account, binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", *LOCALE)
    assert initdb.wait() == 0, _last_words(home)
    port = free_port()
    settings = [argument for name, value in FAST.items() for argument in ("-c", f"{name}={value}")]
    server = _run(
        home, account, binaries / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", "", *settings
    )
    url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
    with _ended_by(server, signal.SIGINT):  # fast shutdown: open connections are cut
        wait_until_sync(lambda: _accepts(server, url, home), 60, what="Postgres to start")
        yield url


@contextlib.contextmanager
def redis_server(home: Path) -> Iterator[str]:
    """A fresh Redis under `home`; gives its URL without a database number."""
    port = free_port()
    server = _run(home, None, redis_binary(), "--port", str(port), "--bind", "127.0.0.1", "--save", "")
    url = f"redis://127.0.0.1:{port}"
    with _ended_by(server, signal.SIGTERM):
        wait_until_sync(lambda: _pongs(server, url, home), 60, what="Redis to start")
        yield url


@contextlib.contextmanager
def server_home(prefix: str) -> Iterator[Path]:
    """A temporary folder that an unprivileged server can reach; gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix=prefix))
    home.chmod(0o755)
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _run(home: Path, account: Account | None, *argv: str | Path) -> subprocess.Popen[bytes]:
    lent = [str(number) for number in account or ()]
    with (home / "log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", TETHER, str(os.getpid()), str(int(signal.SIGTERM)), *lent, "--", *argv],
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C ends the tests first
        )


@contextlib.contextmanager
def _ended_by(server: subprocess.Popen[bytes], how: signal.Signals) -> Iterator[None]:
    try:
        yield
    finally:
        server.send_signal(how)
        server.wait(30)


def _accepts(server: subprocess.Popen[bytes], url: str, home: Path) -> bool:
    assert server.poll() is None, _last_words(home)
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _pongs(server: subprocess.Popen[bytes], url: str, home: Path) -> bool:
    assert server.poll() is None, _last_words(home)
    try:
        with redis.Redis.from_url(url) as client:
            return bool(client.ping())
    except redis.ConnectionError:
        return False


def _last_words(home: Path) -> str:
    return "the server ended:\n" + (home / "log").read_text(errors="replace")[-2000:]
