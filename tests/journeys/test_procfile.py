"""The Procfile's processes start, serve and end as a platform expects: release first, SIGTERM last."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support.ports import free_port
from tests.support.waiting import wait_until_sync
from tests.support.web import answers

ROOT = Path(__file__).parents[2]


@pytest.fixture
def platform(environment: dict[str, str], empty_database_url: str) -> dict[str, str]:
    """The environment that a platform gives its processes: a new database, a port, and `paceline` on the PATH."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return environment | {"DATABASE_URL": empty_database_url, "PORT": str(free_port()), "PATH": path}


def command(process: str) -> list[str]:
    lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    return shlex.split(lines[process])


@contextlib.contextmanager
def started(process: str, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    running = subprocess.Popen(command(process), env=environment, cwd=ROOT)
    try:
        yield running
    finally:
        if running.poll() is None:
            running.kill()
        running.wait()


def end(process: subprocess.Popen[bytes]) -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(30)


def test_release_web_and_worker(platform: dict[str, str]) -> None:
    for _ in range(2):  # a release that is repeated changes nothing
        subprocess.run(command("release"), env=platform, cwd=ROOT, check=True, timeout=60)

    with started("web", platform) as web, started("worker", platform) as worker:
        url = f"http://127.0.0.1:{platform['PORT']}"
        wait_until_sync(lambda: web.poll() is None and answers(f"{url}/readyz"), what="the web process to be ready")
        assert answers(f"{url}/healthz")
        wait_until_sync(lambda: worker.poll() is None and beats(platform), what="the worker's first heartbeat")
        assert end(worker) == 0
        assert end(web) == 0


def test_a_process_without_its_settings_says_which_one(platform: dict[str, str]) -> None:
    del platform["SECRET_KEY"]
    ended = subprocess.run(
        command("web"), env=platform, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert ended.returncode != 0
    assert "SECRET_KEY" in ended.stderr
    assert "Traceback" not in ended.stderr


def beats(environment: dict[str, str]) -> bool:
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        return connection.execute("SELECT count(*) FROM workers").fetchone() != (0,)
