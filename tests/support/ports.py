"""Free TCP ports on the loopback address."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path
from typing import Final

# Below the ports that the kernel lends by itself, and below those that `paceline up` takes.
PORTS: Final = range(12_000, 20_000)

_held: list[int] = []  # locks of this process, which end with it


def free_port() -> int:
    """A port that nobody listens on, and that no other test takes until this process ends."""
    folder = Path(tempfile.gettempdir()) / f"paceline-test-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    for port in random.sample(PORTS, 200):
        lock = os.open(folder / str(port), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
        except OSError:
            os.close(lock)
            continue
        _held.append(lock)
        return port
    raise OSError("There is no free port")
