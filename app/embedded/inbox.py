"""The test inbox as a process of its own: it plays the part of Ethereal and delivers to nobody.

    python -m app.embedded.inbox --folder DIR --smtp-port 2525 --http-port 8025

`--smtp-fd` and `--http-fd` take sockets that are already listening, so that a restart refuses no connection.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import socket
from pathlib import Path
from typing import Final

import uvicorn
import uvloop

from app.embedded.folder import listen
from app.embedded.inbox_smtp import InboxSMTP, factory
from app.embedded.inbox_store import Store
from app.embedded.inbox_web import Application

LINGER: Final = 5.0  # seconds that messages under way get at the end


async def serve(store: Store, smtp: socket.socket, http: socket.socket) -> None:
    """Serves both until SIGTERM or SIGINT, then lets messages under way finish for a moment."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: None)  # uvicorn takes them while it serves and raises them again after
    connections: set[InboxSMTP] = set()
    smtp_server = await loop.create_server(factory(store, connections), sock=smtp, backlog=1024)
    application = Application(store)
    config = uvicorn.Config(application, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=2)
    await uvicorn.Server(config).serve(sockets=[http])
    smtp_server.close()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LINGER):
            while any(connection.in_transaction for connection in connections):  # noqa: ASYNC110  # once, at the end
                await asyncio.sleep(0.05)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m app.embedded.inbox", description="Paceline's test inbox")
    parser.add_argument("--folder", type=Path, required=True, help="where the messages are kept")
    for side in ("smtp", "http"):
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument(f"--{side}-port", type=int)
        source.add_argument(f"--{side}-fd", type=int)
    options = parser.parse_args()
    options.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    smtp, http = (
        listen(port) if fd is None else socket.socket(fileno=fd)
        for port, fd in ((options.smtp_port, options.smtp_fd), (options.http_port, options.http_fd))
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(Store(options.folder), smtp, http))


if __name__ == "__main__":
    main()
