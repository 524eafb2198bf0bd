"""`paceline web`: one web process."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.api.events import TRANSPORT
from app.errors import ConfigurationError
from app.main import create_app
from app.settings import load

ANSWERS_WITHIN = 20  # seconds that requests get to finish at the end; event streams would stay for ever


class Connection(HttpToolsProtocol):
    """HTTP by httptools, and the ASGI extension by which a stream of events can be cut."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: {"transport": self.transport}}


def run(options: argparse.Namespace) -> int:
    """Serves until SIGTERM or SIGINT."""
    load(os.environ)  # a wrong setting is one line now instead of a traceback later
    # uvicorn takes the signals while it serves and raises them again afterwards: that is this process's plain end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    config = uvicorn.Config(
        create_app,
        factory=True,
        loop="uvloop",
        http=Connection,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=ANSWERS_WITHIN,
    )
    uvicorn.Server(config).run(sockets=[_listening(options)])
    return 0


def _listening(options: argparse.Namespace) -> socket.socket:
    if options.fd is not None:
        return socket.socket(fileno=options.fd)
    port, host = _address(options.port, options.host)
    try:
        return socket.create_server((host, port), backlog=2048)
    except OSError as error:
        raise ConfigurationError(
            f"Cannot listen on {host}, port {port} ({os.strerror(error.errno or 0)}): "
            "end what does, or choose another with --port."
        ) from error


def _address(port: int | None, host: str | None) -> tuple[int, str]:
    """Heroku and its like say PORT and expect every interface."""
    given = os.environ.get("PORT", "")
    if port is None and given:
        if not (given.isascii() and given.isdigit() and int(given) <= 65535):
            raise ConfigurationError(f"PORT={given!r} is not a port.")
        return int(given), host or "0.0.0.0"  # noqa: S104  # that is what PORT means
    return 8000 if port is None else port, host or "127.0.0.1"
