"""Another program beside ours: whatever has a `peer.sh` with these verbs and prints its figures as JSON lines.

    peer.sh start | stop              its own servers
    peer.sh ingest N bulk             {"emailsPerSecond": ...}
    peer.sh send N C P                {"emailsPerSecond": ..., "cpuSeconds": {...}}
    peer.sh lateness N STEP_MS C      {"milliseconds": {"p50": ..., "p99": ...}}
    peer.sh overflow N LIMIT C WINDOW_MS WINDOWS
                                      one line a window: {"executions": ..., "redisCommands": ...}

`docs/performance.md` says what ours was measured against.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

WITHIN: Final = 900.0  # seconds of one measurement


class Peer:
    def __init__(self, folder: Path) -> None:
        self._script = folder / "peer.sh"
        if not self._script.is_file():
            raise SystemExit(f"There is no peer.sh in {folder}.")

    def measure(self, *words: object) -> list[dict[str, Any]]:
        """The JSON lines of one measurement; its servers run only as long as that."""
        with self._started():
            said = self._run(*(str(word) for word in words))
        found = []
        for line in said.splitlines():
            with contextlib.suppress(ValueError):
                found.append(json.loads(line))
        return found

    @contextmanager
    def _started(self) -> Iterator[None]:
        self._run("start")
        try:
            yield
        finally:
            self._run("stop")

    def _run(self, *words: str) -> str:
        done = subprocess.run([self._script, *words], capture_output=True, text=True, check=False, timeout=WITHIN)
        if done.returncode:
            raise RuntimeError(f"{self._script} {' '.join(words)} failed:\n{done.stderr}")
        return done.stdout
