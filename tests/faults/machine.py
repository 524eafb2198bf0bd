"""What some scenarios need of the machine itself: a small disk, a clock that lies."""

from __future__ import annotations

import errno
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

CLOCKS: Final = ("/usr/lib/*/faketime/libfaketime.so.1", "/usr/lib/faketime/libfaketime.so.1")
HOUR: Final = 3600


class Unplayable(Exception):
    """This machine lacks what the scenario needs. That is a failure, not a pass."""


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[None]:
    """A file system of `size` bytes at `folder`, in memory. Raises Unplayable where nobody may mount one."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "tmpfs", str(folder)]
    try:
        made = subprocess.run(mount, capture_output=True, text=True, check=False)
    except OSError as error:
        raise Unplayable(f"A small disk takes mount(8): {error}") from error
    if made.returncode:
        raise Unplayable(f"A small disk takes the right to mount; run this as root: {made.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(file: Path, *, leave: int = 0) -> None:
    """Takes all room that the file system of `file` has, but for the last `leave` bytes."""
    block = bytes(64 * 1024)
    with file.open("ab", buffering=0) as taken:
        try:
            while True:
                taken.write(block)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
        taken.truncate(max(0, taken.tell() - leave))


class Clock:
    """A wall clock for processes that get `environment`: off by what `set` last said. Monotonic time stays true."""

    def __init__(self, file: Path) -> None:
        found = [path for pattern in CLOCKS for path in Path("/").glob(pattern.lstrip("/"))]
        if not found:
            raise Unplayable("libfaketime is not there; on Debian: apt-get install libfaketime")
        self._file = file
        self.set(0)
        self.environment = {
            "LD_PRELOAD": str(found[0]),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, seconds: int) -> None:
        """Takes effect at once."""
        beside = self._file.with_suffix(".new")
        beside.write_text(f"{seconds:+d}\n")
        beside.replace(self._file)
