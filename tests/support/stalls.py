"""How long the machine itself keeps programs waiting, so that a test of promptness does not blame Paceline for it."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

TICK: Final = 0.01  # seconds


class Stalls:
    """While it is open a thread asks for short sleeps and small writes to disk, and notes how much longer they took."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "stalls"
        self._ticks: list[tuple[float, float]] = []  # Unix times: from, until
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def between(self, since: float, until: float) -> float:
        """Seconds that a program lost to the machine between two Unix times."""
        met = [(start, end) for start, end in self._ticks if end > since and start < until]
        return sum(max(0.0, end - start - TICK) for start, end in met)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        with self._file.open("wb", buffering=0) as file:
            while not self._ended.is_set():
                started = time.time()
                time.sleep(TICK)
                file.write(b".")
                os.fdatasync(file.fileno())
                self._ticks.append((started, time.time()))
