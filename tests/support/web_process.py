"""A real `paceline web` on a free port."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from app.embedded.child import TETHER
from tests.support.up import clean_environment
from tests.support.waiting import wait_until_sync

ROOT = Path(__file__).parents[2]


@contextmanager
def web_process(environment: Mapping[str, str], port: int) -> Iterator[str]:
    """Its URL, once it answers. The process ends with pytest, however that ends."""
    tether = (sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), str(int(signal.SIGKILL)), "0", "--")
    process = subprocess.Popen(
        [*tether, sys.executable, "-m", "app.cli", "web", "--port", str(port)],
        cwd=ROOT,
        env=clean_environment() | {"PYTHONPATH": str(ROOT)} | dict(environment),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def is_ready() -> bool:
        assert process.poll() is None, "the web process has ended"
        with contextlib.suppress(OSError):
            connection = HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        return False

    try:
        wait_until_sync(is_ready, 30, what="the web process to answer")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
