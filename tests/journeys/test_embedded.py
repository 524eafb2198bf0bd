"""The servers that `paceline up` brings along keep their data and never outlive it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest
import redis

from app.embedded import postgres
from app.embedded import redis as embedded_redis
from app.embedded.child import TETHER, Program
from app.embedded.folder import DataFolder, listen
from app.embedded.leftovers import RECORD, birth, end_leftovers
from app.embedded.supervisor import Supervisor
from app.errors import ConfigurationError, Conflict, Unavailable
from tests.support.waiting import wait_until, wait_until_sync

CHILDREN = """
import asyncio, sys
from pathlib import Path
from app.embedded import postgres, redis
from app.embedded.child import TETHER, Program
from app.embedded.folder import DataFolder, listen
from app.embedded.supervisor import Supervisor

async def main():
    folder = DataFolder.open(Path(sys.argv[1]))
    supervisor = Supervisor(folder)
    await supervisor.start(await postgres.prepare(folder), redis.prepare(folder))
    print(postgres.url(folder), flush=True)
    await asyncio.sleep(3600)

asyncio.run(main())
"""


@asynccontextmanager
async def servers(path: Path) -> AsyncIterator[DataFolder]:
    folder = DataFolder.open(path)
    await end_leftovers(folder)
    supervisor = Supervisor(folder)
    try:
        await supervisor.start(await postgres.prepare(folder), embedded_redis.prepare(folder))
        yield folder
    finally:
        await supervisor.stop()
        folder.close()


def pids(path: Path) -> dict[str, int]:
    folder = DataFolder(path, lock=-1)
    return {known["name"]: known["pid"] for stage in folder.recall_json(RECORD)["stages"] for known in stage}


async def test_a_second_start_finds_the_data_on_the_same_ports(tmp_path: Path) -> None:
    async with servers(tmp_path / "data") as folder:
        first = (postgres.url(folder), embedded_redis.url(folder))
        with psycopg.connect(first[0], autocommit=True) as connection:
            connection.execute("create table kept as select 42 as answer")
        with redis.Redis.from_url(first[1]) as client:
            client.set("kept", "42")
    async with servers(tmp_path / "data") as folder:
        assert (postgres.url(folder), embedded_redis.url(folder)) == first
        with psycopg.connect(first[0]) as connection:
            assert connection.execute("select answer from kept").fetchone() == (42,)
        with redis.Redis.from_url(first[1]) as client:
            assert client.get("kept") == b"42"
            assert client.info("persistence")["aof_enabled"] == 1


async def test_postgres_is_safe_and_closed_to_others(tmp_path: Path) -> None:
    async with servers(tmp_path / "data") as folder:
        url = postgres.url(folder)
        with psycopg.connect(url) as connection:
            for name, wanted in {"fsync": "on", "full_page_writes": "on", "listen_addresses": "127.0.0.1"}.items():
                assert connection.execute("select current_setting(%s)", [name]).fetchone() == (wanted,)
            assert connection.execute("show server_version").fetchone()[0].startswith("18")  # type: ignore[index]
        without_password = url.replace(folder.secret("postgres_password"), "wrong")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(without_password)
        wrong = embedded_redis.url(folder).replace(folder.secret("redis_password"), "wrong")
        with redis.Redis.from_url(wrong) as client, pytest.raises(redis.AuthenticationError):
            client.ping()
        for private in ("postgres_password", "redis_password", "redis/redis.conf", "ports.json", "lock"):
            assert (folder / private).stat().st_mode & 0o077 == 0, private


@pytest.mark.parametrize("server", ["postgres", "redis"])
async def test_a_killed_server_comes_back_with_what_was_committed(tmp_path: Path, server: str) -> None:
    async with servers(tmp_path / "data") as folder:
        url = postgres.url(folder)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("create table kept as select 42 as answer")
        before = pids(folder.path)[server]
        os.kill(before, signal.SIGKILL)
        await wait_until(lambda: pids(folder.path).get(server, before) != before, what="a new process")
        await asyncio.to_thread(wait_until_sync, lambda: answer(url), what="the row")
        await asyncio.to_thread(wait_until_sync, lambda: pongs(embedded_redis.url(folder)), what="Redis")


async def test_a_crash_of_one_backend_is_ours_to_recover_from(tmp_path: Path) -> None:
    """Postgres ends and is started again: its own recovery in place can hang for good where the disk is full."""
    async with servers(tmp_path / "data") as folder:
        url = postgres.url(folder)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("create table kept as select 42 as answer")
            before = pids(folder.path)["postgres"]
            os.kill(connection.info.backend_pid, signal.SIGKILL)
            await wait_until(lambda: pids(folder.path).get("postgres", before) != before, what="a new process")
        await asyncio.to_thread(wait_until_sync, lambda: answer(url), what="the row")


def pongs(url: str) -> bool:
    try:
        with redis.Redis.from_url(url) as client:
            return bool(client.ping())
    except redis.ConnectionError:
        return False


def answer(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            return connection.execute("select answer from kept").fetchone() == (42,)
    except psycopg.OperationalError:
        return False


def test_nothing_outlives_a_killed_up(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", CHILDREN, str(tmp_path / "data")], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline()
        children = pids(tmp_path / "data")
        assert set(children) == {"postgres", "redis"}
        parent.kill()
    wait_until_sync(lambda: not any(birth(pid) for pid in children.values()), what="the children to end")


HEEDLESS = "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(3600)"
HUNG = """
import os, subprocess, sys
tether, grace, code = sys.argv[1:]
command = [sys.executable, "-I", "-S", tether, str(os.getpid()), "15", grace, "--", sys.executable, "-c", code]
child = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
child.stdout.readline()
print(child.pid, flush=True)
child.wait()
print("ended", flush=True)
"""


@pytest.fixture
def hung() -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A parent, and its child by the tether that does not heed SIGTERM; the grace is a second."""
    command = (sys.executable, "-c", HUNG, str(TETHER), "1", HEEDLESS)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        try:
            yield parent, child
        finally:
            parent.kill()
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the next start ends it")
@pytest.mark.parametrize("how", [signal.SIGSTOP, None])
def test_a_child_that_hangs_is_killed_once_its_grace_is_over(
    hung: tuple[subprocess.Popen[str], int], how: signal.Signals | None
) -> None:
    """Else a hung worker would keep Postgres, which waits for it, for ever."""
    parent, child = hung
    if how is not None:
        os.kill(child, how)
    parent.kill()
    wait_until_sync(lambda: birth(child) is None, 20, what="the child to end")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody waits")
def test_who_waits_for_a_child_leaves_it_alone_and_ends_with_it(hung: tuple[subprocess.Popen[str], int]) -> None:
    parent, child = hung
    (watcher,) = [int(pid) for pid in Path(f"/proc/{child}/task/{child}/children").read_text().split()]
    open_ends = Path(f"/proc/{watcher}/fd")
    wait_until_sync(
        lambda: [str(end.readlink()) for end in open_ends.iterdir()] == ["anon_inode:[pidfd]"] * 2,
        what="only the two processes to be held",
    )
    assert os.getpgid(watcher) not in (os.getpgid(child), os.getpgid(parent.pid))
    os.kill(child, signal.SIGKILL)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "ended\n"
    wait_until_sync(lambda: birth(watcher) is None, 20, what="the watcher to end")


async def test_a_start_ends_what_a_killed_one_left(tmp_path: Path) -> None:
    """A client that keeps its connection keeps Postgres from ending by itself: the next start ends it."""
    command = (sys.executable, "-c", CHILDREN, str(tmp_path / "data"))
    parent = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    url = (await parent.stdout.readline()).decode().strip()
    left = pids(tmp_path / "data")["postgres"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create table kept as select 42 as answer")
        parent.kill()
        await parent.wait()
        async with servers(tmp_path / "data") as folder:
            assert pids(folder.path)["postgres"] != left
            assert answer(postgres.url(folder))


async def test_a_lock_file_that_names_an_unrelated_process_is_no_obstacle(tmp_path: Path) -> None:
    async with servers(tmp_path / "data") as folder:
        lock = (folder / "postgres" / "postmaster.pid").read_text().splitlines()
        owner = (folder / "postgres").stat()
    stale = tmp_path / "data" / "postgres" / "postmaster.pid"
    # Postgres itself sees through a number that is free, its parent's, or another user's; not through this one.
    same_user = owner.st_uid if os.geteuid() == 0 else None
    unrelated = await asyncio.create_subprocess_exec("sleep", "60", user=same_user)
    stale.write_text("\n".join([str(unrelated.pid), *lock[1:]]) + "\n")
    os.chown(stale, owner.st_uid, owner.st_gid)
    try:
        async with servers(tmp_path / "data") as folder:
            with psycopg.connect(postgres.url(folder)) as connection:
                assert connection.execute("select 1").fetchone() == (1,)
    finally:
        unrelated.kill()
        await unrelated.wait()


async def test_a_first_start_that_was_cut_off_leaves_nothing_half_made(tmp_path: Path) -> None:
    folder = DataFolder.open(tmp_path / "data")
    preparing = asyncio.create_task(postgres.prepare(folder))
    await wait_until((folder / "postgres.new" / "PG_VERSION").exists)
    preparing.cancel()
    await asyncio.gather(preparing, return_exceptions=True)
    assert not (folder / "postgres").exists()
    folder.close()
    async with servers(tmp_path / "data") as again:
        with psycopg.connect(postgres.url(again)) as connection:
            assert connection.execute("select 1").fetchone() == (1,)


async def test_a_lost_password_is_replaced(tmp_path: Path) -> None:
    async with servers(tmp_path / "data") as folder:
        lost = folder / "postgres_password"
    lost.unlink()
    async with servers(tmp_path / "data") as folder:
        psycopg.connect(postgres.url(folder)).close()


async def test_a_program_that_ends_at_its_start_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    folder = DataFolder.open(tmp_path / "data")
    supervisor = Supervisor(folder)
    with pytest.raises(Unavailable, match=r"broken did not start \(exit code 1\)\.\n  \| no such luck"):
        await supervisor.start(
            Program(
                name="broken",
                argv=(sys.executable, "-c", "import sys; sys.exit('no such luck')"),
                ready=never,
                stage=1,
                log_file=folder.make("log") / "broken.log",
            )
        )
    await supervisor.stop()
    folder.close()


async def test_a_program_that_never_gets_ready_is_an_error_and_ends(tmp_path: Path) -> None:
    folder = DataFolder.open(tmp_path / "data")
    supervisor = Supervisor(folder)
    argv = (sys.executable, "-c", "import time; time.sleep(60)")
    with pytest.raises(Unavailable, match=r"slow was not ready within 0.2 s"):
        await supervisor.start(Program(name="slow", argv=argv, ready=never, stage=1, ready_within=0.2))
    left = pids(folder.path)["slow"]
    await supervisor.stop()
    assert birth(left) is None
    folder.close()


async def test_a_program_that_ignores_the_request_to_end_is_killed_after_its_grace(tmp_path: Path) -> None:
    folder = DataFolder.open(tmp_path / "data")
    supervisor = Supervisor(folder)
    deaf = (
        "import pathlib, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "pathlib.Path('deaf').touch(); time.sleep(60)"
    )

    async def is_deaf(_pid: int) -> bool:
        return (folder / "deaf").exists()

    program = Program(
        name="deaf",
        argv=(sys.executable, "-c", deaf),
        ready=is_deaf,
        stage=1,
        grace=0.2,
        working_folder=folder.path,
    )
    await supervisor.start(program)
    left = pids(folder.path)["deaf"]
    await supervisor.stop()
    assert birth(left) is None
    folder.close()


async def never(_pid: int) -> bool:
    return False


def test_one_folder_has_one_user(tmp_path: Path) -> None:
    folder = DataFolder.open(tmp_path / "data")
    with pytest.raises(Conflict, match=rf"\(process {os.getpid()}\) runs on .*--data-dir"):
        DataFolder.open(tmp_path / "data")
    folder.close()
    DataFolder.open(tmp_path / "data").close()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"file/data is not writable \(Not a directory\).*--data-dir"):
        DataFolder.open(tmp_path / "file" / "data")


def test_a_taken_port_is_replaced_and_the_new_one_remembered(tmp_path: Path) -> None:
    folder = DataFolder.open(tmp_path / "data")
    first = folder.port("smtp")
    assert folder.port("smtp") == first
    with listen(first):
        second = folder.port("smtp")
    assert second != first
    assert folder.port("smtp") == second
    folder.close()


def test_without_a_redis_server_the_package_to_install_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ConfigurationError, match=r"apt-get install redis-server.*REDIS_URL"):
        embedded_redis.find_binary()
