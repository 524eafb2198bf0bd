"""A real `paceline worker`, started as a platform would start it, and killed, stopped or frozen as none should."""

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
from typing import Any, Self

from app.embedded.child import TETHER
from tests.support.up import clean_environment
from tests.support.waiting import wait_until_sync

ROOT = Path(__file__).parents[2]
LAST = 40  # lines


class WorkerProcess:
    """One process; it ends with pytest, however that ends."""

    def __init__(
        self, environment: Mapping[str, str], tuned: Mapping[str, float] | None = None, /, **extra: str
    ) -> None:
        self.lines: list[dict[str, Any]] = []
        self.noise: list[str] = []  # what is no JSON: tracebacks of a crash
        tether = (sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), str(int(signal.SIGKILL)), "0", "--")
        command = ("app.cli", "worker") if tuned is None else ("tests.support.tuned_worker", json.dumps(tuned))
        if tuned is not None and "tasks.worker.WATCH_EVERY" in tuned:
            extra = {"LEASE_SECONDS": "3600"} | extra  # a quarter of it is the most between two looks
        self._process = subprocess.Popen(
            [*tether, sys.executable, "-m", *command],
            cwd=ROOT,
            env=clean_environment() | {"LOG_FORMAT": "json", "PYTHONPATH": str(ROOT)} | dict(environment) | extra,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            try:
                self.lines.append(json.loads(line))
            except ValueError:
                self.noise.append(line)

    def ready(self) -> Self:
        """Waits until it works."""
        wait_until_sync(
            lambda: self.said("worker.ready") or self.ended, 60, what=f"the worker to be ready: {self.noise}"
        )
        assert not self.ended, self.noise
        return self

    def said(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line.get("event") == event]

    @property
    def troubles(self) -> list[dict[str, Any]]:
        """What it logged as an error: nothing of the kind happens in good health."""
        return [line for line in self.lines if line.get("level") in ("error", "critical")]

    @property
    def last_words(self) -> str:
        """The end of its log, for whom it failed."""
        said = [*map(str, self.lines[-LAST:]), *map(str.rstrip, self.noise[-LAST:])]
        return "\n".join([f"The worker, process {self._process.pid}, said last:", *said])

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    @property
    def stopped(self) -> bool:
        """Whether it is frozen by SIGSTOP (Linux: proc(5))."""
        try:
            stat = Path(f"/proc/{self._process.pid}/stat").read_text()
        except OSError:
            return False
        return stat.rpartition(")")[2].split()[0] == "T"

    @property
    def id(self) -> str:
        """Its id in the database."""
        return str(self.said("worker.ready")[0]["worker"])

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def stop(self, timeout: float = 60.0) -> int:
        """SIGTERM, then waits for the end; the exit code."""
        self.signal(signal.SIGTERM)
        return self.wait(timeout)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.wait()

    def wait(self, timeout: float = 60.0) -> int:
        code = self._process.wait(timeout)
        self._reader.join(10)
        return code

    def end(self) -> None:
        """Whatever state it is in: afterwards nothing of it runs."""
        if not self.ended:
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGKILL)
            self.wait()
        if self._process.stderr is not None:
            self._process.stderr.close()


@contextmanager
def worker(
    environment: Mapping[str, str], tuned: Mapping[str, float] | None = None, /, **extra: str
) -> Iterator[WorkerProcess]:
    """A worker that works; it gets SIGTERM at the end unless it has ended. `tuned`: see tuned_worker."""
    process = WorkerProcess(environment, tuned, **extra)
    try:
        yield process.ready()
        if not process.ended:
            process.stop()
    except BaseException as error:
        error.add_note(process.last_words)
        raise
    finally:
        process.end()
