"""How long the machine itself keeps a program waiting, so that a test of promptness does not blame Paceline for it."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

TICK: Final = 0.01  # seconds


class Stalls:
    """While it is open a thread asks for short sleeps and writes to disk; `worst` is the longest delay it met."""

    def __init__(self, folder: Path) -> None:
        self.worst = 0.0  # seconds more than was asked for
        self._file = folder / "stalls"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        with self._file.open("wb", buffering=0) as file:
            while not self._ended.is_set():
                started = time.monotonic()
                time.sleep(TICK)
                file.write(b".")
                os.fdatasync(file.fileno())
                self.worst = max(self.worst, time.monotonic() - started - TICK)
