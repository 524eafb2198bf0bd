"""The real servers of a test session: Postgres 18 and Redis as `paceline up` has them, but fast instead of durable.

They run without fsync, since a test session owes nobody its data, unless told to be DURABLE; they end with pytest,
even by kill -9.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
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


DURABLE = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_connections": "300",
    "shared_buffers": "64MB",
    "timezone": "UTC",
}


MEMORY = Path("/dev/shm")  # of Linux
ROOM = 4 * 1024**3  # bytes; the sessions of a machine with four cores take a quarter of it
LOCK = "lock"


class PostgresServer:
    """A Postgres 18 of its own under `home` that can be stopped in every way and started again where it was."""

    def __init__(self, home: Path, settings: Mapping[str, str] = FAST) -> None:
        self._home = home
        self._settings = dict(settings)
        self._binaries = postgres_binaries()
        self._account = unprivileged(home, (home, self._binaries))
        self._server: subprocess.Popen[bytes] | None = None
        if self._account is not None:
            os.chown(home, self._account.uid, self._account.gid)
        self.data = home / "data"
        initdb = _run(
            home,
            self._account,
            self._binaries / "initdb",
            *("-D", str(self.data), "-U", "postgres", "-A", "trust", "--no-sync", *LOCALE),
        )
        assert initdb.wait() == 0, _last_words(home)
        self.port = free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Returns once it takes connections."""
        settings = [argument for name, value in self._settings.items() for argument in ("-c", f"{name}={value}")]
        server = self._server = _run(
            self._home,
            self._account,
            self._binaries / "postgres",
            *("-D", str(self.data), "-h", "127.0.0.1", "-p", str(self.port), "-k", "", *settings),
        )
        wait_until_sync(lambda: _accepts(server, self.url, self._home), 60, what="Postgres to start")

    @property
    def ended(self) -> bool:
        """Whether it came to an end by itself."""
        return self._server is not None and self._server.poll() is not None

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT is a fast shutdown, connections are cut; SIGQUIT an immediate one, recovered from at the start."""
        if self._server is not None:
            self._server.send_signal(how)
            self._server.wait(30)
            self._server = None

    def freeze(self) -> None:
        """It takes connections and answers nothing."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number: signal.Signals) -> None:
        """To the server and its backends, which are process groups of their own."""
        assert self._server is not None
        os.kill(self._server.pid, number)
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                if int(stat.read_text().rpartition(")")[2].split()[1]) == self._server.pid:
                    os.kill(int(stat.parent.name), number)


class RedisServer:
    """A Redis of its own under `home`; it saves only when told to (SAVE), to `dump.rdb` there.

    `environment`: further variables for its process.
    """

    def __init__(self, home: Path, environment: Mapping[str, str] | None = None) -> None:
        self._home = home
        self._environment = dict(environment or {})
        self._server: subprocess.Popen[bytes] | None = None
        self.dump = home / "dump.rdb"
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns once it answers; what was saved before is there again."""
        server = self._server = _run(
            self._home,
            None,
            *(redis_binary(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""),
            environment=self._environment,
        )
        wait_until_sync(lambda: _pongs(server, self.url, self._home), 60, what="Redis to start")

    def send(self, number: signal.Signals) -> None:
        if self._server is not None:
            self._server.send_signal(number)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self._server is not None:
            self.send(how)
            self.send(signal.SIGCONT)  # a frozen one hears nothing
            self._server.wait(30)
            self._server = None


@contextlib.contextmanager
def postgres(home: Path) -> Iterator[str]:
    """A fresh Postgres 18 under `home`; gives the URL of its `postgres` database."""
    server = PostgresServer(home)
    try:
        server.start()
        yield server.url
    finally:
        server.stop()


@contextlib.contextmanager
def redis_server(home: Path) -> Iterator[str]:
    """A fresh Redis under `home`; gives its URL without a database number."""
    server = RedisServer(home)
    try:
        server.start()
        yield server.url
    finally:
        server.stop()


@contextlib.contextmanager
def server_home(prefix: str) -> Iterator[Path]:
    """A temporary folder that an unprivileged server can reach; gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix=prefix))
    home.chmod(0o755)
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def memory_home(prefix: str) -> Iterator[Path]:
    """The same in memory, where there is room: a database is hundreds of files, and each test has one of its own."""
    if not _has_room(MEMORY):
        with server_home(prefix) as home:
            yield home
        return
    _remove_leftovers(prefix)
    home = Path(tempfile.mkdtemp(prefix=prefix, dir=MEMORY))
    home.chmod(0o755)
    with (home / f"{LOCK}.new").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (home / f"{LOCK}.new").rename(home / LOCK)  # nobody finds one that is not held yet
        try:
            yield home
        finally:
            shutil.rmtree(home, ignore_errors=True)


def _has_room(folder: Path) -> bool:
    return os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= ROOM


def _remove_leftovers(prefix: str) -> None:
    """A session that was killed leaves its folder, and this one would stay in memory; its lock is free."""
    for found in MEMORY.glob(f"{prefix}*/{LOCK}"):
        with contextlib.suppress(OSError), found.open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(found.parent, ignore_errors=True)


def _run(
    home: Path, account: Account | None, *argv: str | Path, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    lent = [str(number) for number in account or ()]
    with (home / "log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", TETHER, str(os.getpid()), str(int(signal.SIGTERM)), "0", *lent, "--", *argv],
            cwd=home,
            env=os.environ | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C ends the tests first
        )


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
