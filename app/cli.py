"""`paceline ...`: reads the arguments and hands over to one module of app/commands, imported only then."""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from app.errors import PacelineError


def main(argv: Sequence[str] | None = None) -> None:
    """Exit codes: 0 done, 1 it could not (one line on standard error says why and the mend), 2 wrong arguments.

    A command for which 1 is a verdict names another code for "it could not": EXIT_ON_ERROR.
    """
    options = parser().parse_args(argv)
    gc.disable()  # modules are there to stay: to look for garbage among them takes a fifth of a start
    command = importlib.import_module(f"app.commands.{options.module}")
    gc.freeze()
    gc.enable()
    try:
        sys.exit(command.run(options))
    except PacelineError as error:
        _complain(error)
        sys.exit(vars(command).get("EXIT_ON_ERROR", 1))
    except KeyboardInterrupt:
        sys.exit(130)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="paceline", description="Schedules, paces and sends email.")
    commands = top.add_subparsers(metavar="COMMAND", required=True)

    up = _add(commands, "up", "start everything: Postgres, Redis, a test inbox, the web process and workers")
    up.add_argument("--port", type=_port, default=8000, help="of the dashboard and the API (8000; 0: any free one)")
    up.add_argument("--workers", type=_count, default=1, help="worker processes (1)")
    up.add_argument("--json", action="store_true", help="one JSON line on standard output when ready")
    _data_dir(up)

    web = _add(commands, "web", "run one web process")
    web.add_argument("--port", type=_port, help="the variable PORT, else 8000")
    web.add_argument("--host", help="127.0.0.1, or 0.0.0.0 when the variable PORT is set")
    web.add_argument("--fd", type=int, help=argparse.SUPPRESS)  # a socket that listens already, from `up`

    worker = _add(commands, "worker", "run one worker process")
    worker.add_argument("--concurrency", type=_positive, help="most SMTP connections (WORKER_CONCURRENCY, else 100)")

    _add(commands, "migrate", "bring the database to this version's schema; safe to repeat")
    _data_dir(_add(commands, "doctor", "check everything that Paceline needs and say how to mend it"))

    verify = _add(commands, "verify", "prove from the ledger that every limit and gap was kept and nothing sent twice")
    verify.add_argument("--json", action="store_true", help="one JSON object on standard output")
    verify.add_argument("--workspace", type=UUID, metavar="ID", help="only this one")
    verify.add_argument("--since", type=_moment, metavar="ISO", help="only what was dispatched from then on")
    _data_dir(verify)

    _add(commands, "openapi", "print the OpenAPI document")

    keys = _add(commands, "api-key", "manage API keys").add_subparsers(metavar="ACTION", required=True)
    create = keys.add_parser("create", help="make a key and print it, this once", allow_abbrev=False)
    create.set_defaults(module="api_key")
    create.add_argument("--email", required=True, help="of somebody who has signed in")
    create.add_argument("--scope", choices=("full", "send"), default="full")
    _data_dir(create)
    return top


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, what: str
) -> argparse.ArgumentParser:
    added: argparse.ArgumentParser = commands.add_parser(name, help=what, description=what, allow_abbrev=False)
    added.set_defaults(module=name.replace("-", "_"))
    return added


def _data_dir(command: argparse.ArgumentParser) -> None:
    command.add_argument("--data-dir", type=Path, default=Path(".paceline"), help="the data folder of `up` (.paceline)")


def _port(text: str) -> int:
    return _number(text, 0, 65535)


def _count(text: str) -> int:
    return _number(text, 0, 1000)


def _positive(text: str) -> int:
    return _number(text, 1, 100_000)


def _number(text: str, least: int, most: int) -> int:
    if text.isascii() and text.isdigit() and least <= int(text) <= most:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number from {least} to {most}")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not an ISO 8601 time such as 2026-01-31T12:00:00Z") from None
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} has no offset: say Z or +02:00")
    return moment.astimezone(UTC)


def _complain(error: PacelineError) -> None:
    if os.environ.get("LOG_FORMAT") == "json":
        print(json.dumps({"event": error.code, "level": "error", "message": error.message}), file=sys.stderr)
        return
    print(f"paceline: {error.message}", file=sys.stderr)
    for problem in error.problems:
        print(f"  {problem.path}: {problem.message}", file=sys.stderr)


if __name__ == "__main__":
    main()
