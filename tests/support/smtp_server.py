"""A real SMTP server for tests: records every message it sees the final dot of, and misbehaves exactly as told.

In a test:        `with SmtpServer() as server: ...; server.on("rcpt", Step("550 5.1.1 No such user"), match="bob@")`
As a process:     `python -m tests.support.smtp_server --port 0 --json-log FILE [--script FILE] [--ethereal] ...`
                  prints one JSON line `{"host", "port", "cafile"}` when it listens; with `--control` it then
                  reads rules from standard input, a JSON object a line as in the script, and answers each with
                  `{"left": n, "dripping": m}`, the number of steps that are still to be played, and of replies that are
                  being said a byte at a time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import ssl
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import uvloop

from tests.support.certificates import Certificates, make_certificates
from tests.support.smtp_recorder import Moment, Options, Received, Recorder, Rule, Step
from tests.support.smtp_session import Session

__all__ = ["HOST", "Options", "Received", "SmtpServer", "Step"]

HOST: Final = "127.0.0.1"
BEAT: Final = 0.001  # seconds


class SmtpServer:
    """Runs in a thread with an event loop of its own. Trust `certificates.authority` to use its TLS."""

    def __init__(
        self,
        options: Options | None = None,
        *,
        port: int = 0,
        host: str | Sequence[str] = HOST,
        certificates: Certificates | None = None,
        log: Path | None = None,
        log_data: bool = True,
    ) -> None:
        self.options = options or Options()
        if self.options.security != "none" and certificates is None:
            raise ValueError("TLS needs certificates: make_certificates(folder)")
        self.certificates = certificates
        self.port = port
        self._host = host
        self._log = log
        self._recorder = Recorder(self.options, log_data=log_data)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="smtp-server", daemon=True)

    # What tests ask

    @property
    def received(self) -> list[Received]:
        """Every message whose dot was seen, whatever the answer."""
        with self._recorder.changed:
            return list(self._recorder.received)

    @property
    def messages(self) -> list[Received]:
        """The messages that were accepted; those after whose dot the server hung up count as accepted."""
        return [message for message in self.received if message.accepted]

    @property
    def chunks(self) -> list[bytes]:
        """With `transcript`: what each read of the socket brought, in order."""
        with self._recorder.changed:
            return [chunk for _, chunk in self._recorder.chunks]

    @property
    def sessions(self) -> int:
        """How many connections were made so far."""
        return self._recorder.sessions

    @property
    def open_sessions(self) -> int:
        return self._recorder.open_sessions

    def on(self, moment: Moment, *steps: Step, match: str = "", always: bool = False) -> None:
        """Scripts the next times of `moment`, one step each; with `always` the one step holds from now on.

        `match`: only where the command's line contains it.
        """
        with self._recorder.changed:
            self._recorder.rules.append(Rule(moment, list(steps), match, always))

    @property
    def left(self) -> int:
        """How many scripted steps have not been played yet, but for those that hold always."""
        return self._recorder.left

    @property
    def dripping(self) -> int:
        """How many replies are being said a byte at a time."""
        return self._recorder.dripping

    def usual(self) -> None:
        """Ends all rules: it takes everything again, at once."""
        with self._recorder.changed:
            self._recorder.rules.clear()

    def forget(self) -> None:
        """Clears the script and the messages."""
        with self._recorder.changed:
            self._recorder.rules.clear()
            self._recorder.received.clear()
            self._recorder.chunks.clear()

    def wait_for(self, count: int, timeout: float = 60.0) -> list[Received]:
        """Waits until `count` messages were accepted and returns them all. Raises TimeoutError."""
        if not self.wait_until(lambda: len(self.messages) >= count, timeout):
            raise TimeoutError(f"{len(self.messages)} of {count} messages came within {timeout:g} s")
        return self.messages

    def wait_until(self, condition: Callable[[], bool], timeout: float = 60.0) -> bool:
        with self._recorder.changed:
            return self._recorder.changed.wait_for(condition, timeout)

    # Life

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        self._thread.start()
        self.wait_ready()
        if self._failure is not None:
            raise self._failure

    def wait_ready(self) -> None:
        if not self._ready.wait(60):
            raise TimeoutError("the SMTP server did not start")

    def stop(self) -> None:
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _run(self) -> None:
        try:
            uvloop.run(self.serve())
        except BaseException as error:  # the thread that waits in start() raises it
            self._failure = error
        finally:
            self._ready.set()

    async def serve(self) -> None:
        """Serves until stopped."""
        self._loop = loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        context: ssl.SSLContext | None = self.certificates.server_context() if self.certificates else None
        log = self._log.open("ab", buffering=0) if self._log else None
        self._recorder.log = log
        at_once = context if self.options.security == "tls" else None
        server = await loop.create_server(lambda: Session(self._recorder, context), self._host, self.port, ssl=at_once)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        beats = asyncio.create_task(self._beats())
        try:
            await self._stop.wait()
        finally:
            server.close()
            beats.cancel()
            if log is not None:
                log.close()

    async def _beats(self) -> None:
        """Notes when the loop comes round: what it reads next came after the round before this one."""
        last = time.monotonic()
        while True:
            now = time.monotonic()
            self._recorder.beats, last = (now, last), now
            await asyncio.sleep(BEAT)

    def request_stop(self) -> None:
        if self._stop is not None:
            self._stop.set()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A recording SMTP server.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--json-log", type=Path, help="one JSON object a line and message, written before the answer")
    parser.add_argument("--no-data", action="store_true", help="leave the messages' bytes out of the log")
    parser.add_argument("--script", type=Path, help='JSON: [{"moment", "reply", "delay", "drop", "match", "always"}]')
    parser.add_argument("--control", action="store_true", help="read further rules from standard input")
    parser.add_argument("--security", choices=["none", "starttls", "tls"], default="none")
    parser.add_argument("--certificates", type=Path, help="folder to make the certificates in")
    parser.add_argument("--username")
    parser.add_argument("--password")
    parser.add_argument("--ethereal", action="store_true")
    parser.add_argument("--no-pipelining", action="store_true")
    return parser.parse_args()


async def _main(arguments: argparse.Namespace) -> None:
    options = Options(
        security=arguments.security,
        username=arguments.username,
        password=arguments.password,
        ethereal=arguments.ethereal,
        pipelining=not arguments.no_pipelining,
    )
    made = make_certificates(arguments.certificates) if arguments.certificates else None
    server = SmtpServer(
        options, port=arguments.port, certificates=made, log=arguments.json_log, log_data=not arguments.no_data
    )
    for rule in json.loads(arguments.script.read_text()) if arguments.script else []:
        _add(server, rule)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.request_stop)
    serving = asyncio.create_task(server.serve())
    await asyncio.to_thread(server.wait_ready)
    cafile = str(made.authority) if made else None
    os.write(1, json.dumps({"host": HOST, "port": server.port, "cafile": cafile}).encode() + b"\n")
    if arguments.control:
        threading.Thread(target=_control, args=(server,), daemon=True).start()
    await serving


def _add(server: SmtpServer, rule: dict[str, Any]) -> None:
    """`{"moment", "match", "always", "times"}` and the fields of a Step; or `{"forget": true}`, which ends all.

    An empty one changes nothing.
    """
    if not rule:
        return
    if rule.pop("forget", False):
        server.forget()
        return
    moment, match, always = rule.pop("moment"), rule.pop("match", ""), rule.pop("always", False)
    times = rule.pop("times", 1)
    server.on(moment, *[Step(**rule)] * times, match=match, always=always)


def _control(server: SmtpServer) -> None:
    for line in sys.stdin:
        _add(server, json.loads(line))
        os.write(1, json.dumps({"left": server.left, "dripping": server.dripping}).encode() + b"\n")


if __name__ == "__main__":
    uvloop.run(_main(_arguments()))
