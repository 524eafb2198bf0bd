"""Paceline's own processes as `up` runs them: the test inbox, the web process, the workers."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping
from socket import socket

from app.embedded.child import Program
from app.embedded.folder import DataFolder
from app.embedded.probe import http_ok

DRAIN = 35.0  # seconds that a worker has for what is being sent, and a request for its answer


def inbox(folder: DataFolder, smtp: socket, http: socket) -> Program:
    """The test inbox on sockets that `up` holds, so that its restart refuses no connection."""
    port = int(http.getsockname()[1])

    async def ready(_pid: int) -> bool:
        return await http_ok(port, "/healthz")

    return Program(
        name="inbox",
        argv=(
            *(sys.executable, "-m", "app.embedded.inbox", "--folder", str(folder.make("inbox"))),
            *("--smtp-fd", str(smtp.fileno()), "--http-fd", str(http.fileno())),
        ),
        ready=ready,
        stage=2,
        log_file=folder.make("log") / "inbox.log",
        sockets=(smtp, http),
    )


def web(listening: socket, environment: Mapping[str, str]) -> Program:
    """The web process on the socket that `up` holds."""
    port = int(listening.getsockname()[1])

    async def ready(_pid: int) -> bool:
        return await http_ok(port, "/readyz")

    return Program(
        name="web",
        argv=(sys.executable, "-m", "app.cli", "web", "--port", str(port), "--fd", str(listening.fileno())),
        ready=ready,
        stage=3,
        grace=DRAIN,
        environment=environment,
        sockets=(listening,),
    )


def worker(number: int, environment: Mapping[str, str], ready: Callable[[int], Awaitable[bool]]) -> Program:
    """Worker process `number`."""
    return Program(
        name=f"worker-{number}",
        argv=(sys.executable, "-m", "app.cli", "worker"),
        ready=ready,
        stage=3,
        grace=DRAIN,
        environment=environment,
    )
