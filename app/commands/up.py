"""`paceline up`: everything on one machine, with nothing installed but Python."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib
import json
import os
import signal
import socket
from pathlib import Path
from typing import Any, Final

import structlog

from app import logs
from app.commands import up_environment
from app.embedded import postgres, programs, redis
from app.embedded.folder import LOOPBACK, DataFolder, listen
from app.embedded.leftovers import end_leftovers
from app.embedded.supervisor import Supervisor
from app.errors import ConfigurationError

DASHBOARD: Final = Path(__file__).parents[2] / "frontend/dist/index.html"
STOPPING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

log = structlog.get_logger()


def run(options: argparse.Namespace) -> int:
    """Runs until SIGTERM, SIGINT or SIGHUP; a second one ends the processes at once."""
    logs.configure(json=os.environ.get("LOG_FORMAT") == "json")
    up_environment.check(os.environ)
    if not DASHBOARD.exists():
        raise ConfigurationError("The dashboard is not built: run `make setup` in the repository.")
    asyncio.run(_up(options))
    return 0


async def _up(options: argparse.Namespace) -> None:
    folder = DataFolder.open(options.data_dir)
    supervisor = Supervisor(folder)
    stopped = _on_signals(supervisor)
    starting = asyncio.create_task(_start(options, folder, supervisor))
    waiting = asyncio.create_task(stopped.wait())
    try:
        await asyncio.wait({starting, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            _say(starting.result(), options)
            await waiting
    finally:
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await supervisor.stop()
        folder.close()


async def _start(options: argparse.Namespace, folder: DataFolder, supervisor: Supervisor) -> dict[str, Any]:
    """Starts all and returns the ready line."""
    await end_leftovers(folder)
    web = _listen(options.port)
    smtp, http = folder.listener("smtp"), folder.listener("inbox")
    # The libraries load while the servers start.
    loading = asyncio.create_task(asyncio.to_thread(importlib.import_module, "app.commands.up_database"))
    servers = [programs.inbox(folder, smtp, http)]
    known = up_environment.Known(
        port=_port_of(web),
        inbox_url=f"http://{LOOPBACK}:{_port_of(http)}",
        inbox_smtp=f"{LOOPBACK}:{_port_of(smtp)}",
    )
    if not os.environ.get("DATABASE_URL"):
        servers.append(await postgres.prepare(folder))
        known.database_url = postgres.url(folder)
    if not os.environ.get("REDIS_URL"):
        servers.append(redis.prepare(folder))
        known.redis_url = redis.url(folder)
    await supervisor.start(*servers)
    environment = up_environment.build(os.environ, known, folder)
    database = await loading
    async with database.opened(environment, folder, smtp_port=_port_of(smtp)) as opened:
        workers = [programs.worker(i + 1, environment, opened.worker_is_ready) for i in range(options.workers)]
        await supervisor.start(programs.web(web, environment), *workers)
    return supervisor.publish(
        {
            "url": f"http://{LOOPBACK}:{known.port}",
            "sign_in_url": opened.sign_in_url,
            "api_key": opened.api_key,
            "database_url": environment["DATABASE_URL"],
            "redis_url": environment["REDIS_URL"],
            "smtp_host": LOOPBACK,
            "smtp_port": _port_of(smtp),
            "inbox_url": known.inbox_url,
        }
    )


def _on_signals(supervisor: Supervisor) -> asyncio.Event:
    stopped = asyncio.Event()

    def stop() -> None:
        if stopped.is_set():
            supervisor.hurry()
        stopped.set()

    for number in STOPPING:
        asyncio.get_running_loop().add_signal_handler(number, stop)
    return stopped


def _listen(port: int) -> socket.socket:
    try:
        return listen(port)
    except OSError as error:
        raise ConfigurationError(
            f"Port {port} is taken ({error.strerror}): end the program that listens on it, or choose another port, "
            f"such as `paceline up --port {port + 1 if port < 65535 else 8000}`."
        ) from error


def _port_of(listening: socket.socket) -> int:
    return int(listening.getsockname()[1])


def _say(line: dict[str, Any], options: argparse.Namespace) -> None:
    with contextlib.suppress(BrokenPipeError):
        print(json.dumps(line) if options.json else _summary(line, options.data_dir), flush=True)
    log.info("up.ready", url=line["url"])


def _summary(line: dict[str, Any], data_dir: Path) -> str:
    return f"""
  Paceline is ready: {line["url"]}

  Sign in      {line["sign_in_url"]}  (works once)
  API key      {line["api_key"]}
  Test inbox   {line["inbox_url"]}  (SMTP {line["smtp_host"]}:{line["smtp_port"]})
  Data         {data_dir}

  Ctrl-C stops everything; the next start finds it again.
"""
