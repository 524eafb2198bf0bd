"""`paceline up` as a person starts it, on a folder and a port of the test's own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from app.embedded.leftovers import RECORD, birth
from tests.support.waiting import wait_until_sync

LAST = 80  # lines
PACELINE = (sys.executable, "-m", "app.cli")


class Up:
    """One run of `paceline up --json`; `line` is what it printed when it was ready."""

    def __init__(self, data: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> None:
        self.data = data
        self.process = subprocess.Popen(
            [*PACELINE, "up", "--json", "--port", "0", "--data-dir", str(data), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=clean_environment() | dict(environ or {}),
        )
        self.line: dict[str, Any] = {}
        self.said: list[bytes] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        self.said.extend(iter(self.process.stderr.readline, b""))

    @property
    def words(self) -> str:
        """All of standard error so far."""
        return b"".join(self.said).decode()

    def last_words(self, since: int = 0) -> str:
        """The end of standard error, without the first `since` lines: what it, the web process and the workers say."""
        return b"".join(self.said[since:][-LAST:]).decode(errors="replace")

    def ready(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        printed = self.process.stdout.readline()
        assert printed, self.words
        self.line = json.loads(printed)
        return self.line

    def run_json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.data / "run.json").read_bytes())
        return found

    def pids(self) -> dict[str, int]:
        """Every child by its name, as the folder's record says."""
        record = json.loads((self.data / RECORD).read_bytes())
        return {known["name"]: known["pid"] for stage in record["stages"] for known in stage}

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(with_signal)
        code = self.process.wait(60)
        self._reader.join(10)
        return code

    def end(self) -> None:
        """Whatever state it is in: afterwards nothing of it runs."""
        if self.process.poll() is None:
            self.stop()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()


@contextmanager
def running(data: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> Iterator[Up]:
    """An `up` that is stopped at the end."""
    up = Up(data, *arguments, environ=environ)
    try:
        yield up
    except BaseException as error:
        error.add_note(f"`paceline up` said last:\n{up.last_words()}")
        raise
    finally:
        up.end()


def clean_environment() -> dict[str, str]:
    """Ours without the variables that Paceline reads, so that the tests do not depend on the caller's."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH")
    return {name: os.environ[name] for name in kept if name in os.environ}


def refused(*arguments: str, environ: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Runs a `paceline` command that must end by itself; its exit code and standard error."""
    done = subprocess.run(
        [*PACELINE, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=clean_environment() | dict(environ or {}),
    )
    assert done.stdout == "", done.stdout
    return done.returncode, done.stderr


def lives(pid: int) -> bool:
    return birth(pid) is not None


def answers(url: str, key: str) -> bool:
    """Whether the API takes the key."""
    try:
        answer = httpx.get(f"{url}/v1/api-keys", headers={"authorization": f"Bearer {key}"}, verify=False)
        return answer.status_code == 200
    except httpx.HTTPError:
        return False


def wait_for_end(pids: Iterator[int] | list[int], timeout: float = 30) -> None:
    left = list(pids)
    wait_until_sync(lambda: not any(lives(pid) for pid in left), timeout, what=f"processes {left} to end")
