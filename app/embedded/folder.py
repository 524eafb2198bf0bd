"""The data folder of `paceline up`: who uses it, what it remembers, what it keeps secret.

lock             held while an `up` runs, with its process id
run.json         the ready line with the process ids as they are now; only while an `up` runs
children.json    every process that was started, so that the next `up` can end what a killed one left
ports.json       the ports of last time
secret_key, api_key, postgres_password, redis_password
postgres/ redis/ inbox/ log/
"""

from __future__ import annotations

import fcntl
import json
import os
import random
import secrets
import socket
import tempfile
from pathlib import Path
from typing import Any, Final

from app.errors import ConfigurationError, Conflict

LOOPBACK: Final = "127.0.0.1"
PORTS: Final = range(20000, 32000)  # below the ports that the kernel lends to outgoing connections, so ours stay free


class DataFolder:
    """One folder, locked for this process from `open` to `close` (or its death)."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def open(cls, path: Path) -> DataFolder:
        """Makes the folder if needed and locks it.

        Raises ConfigurationError (it is not writable) or Conflict (another `up` runs on it).
        """
        path = path.absolute()
        try:
            # Root's Postgres is another user and has to get through; every file in here is closed to it.
            path.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
            lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
            with tempfile.TemporaryFile(dir=path):
                pass
        except OSError as error:
            raise ConfigurationError(
                f"The data folder {path} is not writable ({error.strerror}): "
                "mend its permissions, or choose another with --data-dir."
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(lock, 20, 0).decode() or "unknown"
            os.close(lock)
            raise Conflict(
                f"Another `paceline up` (process {holder}) runs on {path}: "
                "stop it, or choose another folder with --data-dir."
            ) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        return cls(path, lock)

    def close(self) -> None:
        os.close(self._lock)

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    def make(self, name: str) -> Path:
        """The folder `name` in here, closed to others."""
        path = self.path / name
        path.mkdir(mode=0o700, exist_ok=True)
        return path

    def recall(self, name: str) -> str | None:
        """What the private file `name` holds; None: there is none."""
        try:
            return (self.path / name).read_text().strip() or None
        except FileNotFoundError:
            return None

    def remember(self, name: str, text: str) -> None:
        """Replaces the private file `name` as a whole: a reader sees the old or the new text, also after a crash."""
        beside = self.path / f"{name}.new"
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path / name)

    def secret(self, name: str) -> str:
        """The secret of that name, 256 bits, made the first time."""
        known = self.recall(name)
        if known is None:
            known = secrets.token_urlsafe(32)
            self.remember(name, known)
        return known

    def recall_json(self, name: str) -> dict[str, Any]:
        """The JSON object in file `name`; empty when there is none or it is damaged."""
        try:
            value = json.loads(self.recall(name) or "{}")
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    def listener(self, name: str) -> socket.socket:
        """A listening loopback socket on last time's port for `name`, or on a new one if that is taken."""
        ports = self.recall_json("ports.json")
        try:
            listening = listen(int(ports[name]))
        except (KeyError, OSError):
            listening = _listen_anywhere(taken=set(ports.values()))
        if ports.get(name) != listening.getsockname()[1]:
            self.remember("ports.json", json.dumps(ports | {name: listening.getsockname()[1]}))
        return listening

    def port(self, name: str) -> int:
        """The same for a server that opens its port itself: free a moment ago."""
        with self.listener(name) as listening:
            return int(listening.getsockname()[1])


def listen(port: int) -> socket.socket:
    """A listening loopback socket. Raises OSError when the port is taken."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((LOOPBACK, port))
        listening.listen(1024)
    except OSError:
        listening.close()
        raise
    return listening


def _listen_anywhere(taken: set[int]) -> socket.socket:
    for port in random.sample(PORTS, 50):
        if port not in taken:
            try:
                return listen(port)
            except OSError:
                continue
    return listen(0)
