"""One supervised process: started, watched, restarted when it ends, stopped in time, ended with its parent."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from socket import socket
from typing import IO, Final

import structlog

from app.embedded.accounts import Account
from app.errors import Unavailable

TETHER: Final = Path(__file__).with_name("tether.py")
FIRST_PAUSE: Final = 0.2  # seconds before a restart; doubles
LONGEST_PAUSE: Final = 10.0
HEALTHY_AFTER: Final = 5.0  # seconds of being ready that forgive what was before
LOG_BYTES: Final = 5_000_000  # a log longer than this starts afresh at the next start

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to run and how to treat it."""

    name: str
    argv: tuple[str, ...]
    ready: Callable[[int], Awaitable[bool]]  # given the process id: does it serve now?
    stage: int  # the highest is stopped first: 0 holds the data
    stop_with: signal.Signals = signal.SIGTERM
    orphan_with: signal.Signals = signal.SIGTERM  # what it gets when `up` itself dies
    grace: float = 10.0  # seconds from stop_with, or orphan_with, to SIGKILL
    ready_within: float = 60.0  # seconds
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    log_file: Path | None = None  # its output; None: our standard error
    account: Account | None = None
    sockets: tuple[socket, ...] = ()  # handed down under the numbers they have here; held open over restarts
    working_folder: Path | None = None


class Child:
    """The process of a Program. `changed` is called whenever `pid` has changed."""

    def __init__(self, program: Program, changed: Callable[[], None] = lambda: None) -> None:
        self.program = program
        self.pid: int | None = None
        self.up = asyncio.Event()  # set while it is ready
        self._changed = changed
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Returns when it is ready. Raises Unavailable, with the end of its log, when it ends or takes too long."""
        self._process = await self._spawn()
        self.pid = self._process.pid
        self._changed()
        await self._until_ready(self._process)

    async def keep(self, needs: tuple[Child, ...] = ()) -> None:
        """Restarts it whenever it ends, until it is cancelled. A restart waits for `needs` to be ready."""
        pause = FIRST_PAUSE
        while True:
            if await self._ended_healthy():
                pause = FIRST_PAUSE
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
            for need in needs:
                await need.up.wait()
            try:
                await self.start()
            except (Unavailable, OSError) as error:
                log.error("child.not_ready", child=self.program.name, reason=str(error))
                self.kill()
            else:
                log.info("child.restarted", child=self.program.name, pid=self.pid)

    async def stop(self) -> None:
        """Asks it to end; kills its process group after the program's grace."""
        process = self._process
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(self.program.stop_with)
        try:
            await asyncio.wait_for(process.wait(), self.program.grace)
        except TimeoutError:
            log.warning("child.killed", child=self.program.name, pid=process.pid, after_seconds=self.program.grace)
            self.kill()
            await process.wait()
        self._gone()

    def kill(self) -> None:
        """Ends it and its process group at once."""
        if self._process is not None:
            kill_group(self._process.pid)

    async def _spawn(self) -> asyncio.subprocess.Process:
        program = self.program
        account = tuple(str(number) for number in program.account or ())
        orphaned = (str(int(program.orphan_with)), str(math.ceil(program.grace)))
        arguments = (str(os.getpid()), *orphaned, *account, "--", *program.argv)
        with _output(program.log_file) as output:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                *("-I", "-S", str(TETHER), *arguments),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # a process group of its own: Ctrl-C reaches `up` alone
                env=program.environment,
                cwd=program.working_folder,
                pass_fds=[listening.fileno() for listening in program.sockets],
            )

    async def _until_ready(self, process: asyncio.subprocess.Process) -> None:
        asking = asyncio.create_task(self._ask(process.pid))
        ended = asyncio.create_task(process.wait())
        try:
            limit = self.program.ready_within
            done, _ = await asyncio.wait({asking, ended}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        finally:
            asking.cancel()
            ended.cancel()
        name, words = self.program.name, self._last_words()
        if ended in done:
            raise Unavailable(f"{name} did not start (exit code {ended.result()}).{words}")
        if asking not in done:
            raise Unavailable(f"{name} was not ready within {limit:g} s.{words}")
        asking.result()
        self.up.set()

    async def _ask(self, pid: int) -> None:
        while not await self.program.ready(pid):  # noqa: ASYNC110  # it is another process
            await asyncio.sleep(0.01)

    async def _ended_healthy(self) -> bool:
        """Waits for its end; says whether it had been ready for a while by then."""
        process = self._process
        if process is None:
            return False
        was_ready = self.up.is_set()
        began = asyncio.get_running_loop().time()
        code = await process.wait()
        self._gone()
        log.error("child.ended", child=self.program.name, pid=process.pid, exit_code=code)
        kill_group(process.pid)  # what it may have left
        return was_ready and asyncio.get_running_loop().time() - began >= HEALTHY_AFTER

    def _gone(self) -> None:
        self.up.clear()
        if self.pid is not None:
            self.pid = None
            self._changed()

    def _last_words(self) -> str:
        path = self.program.log_file
        if path is None:
            return ""
        lines = path.read_text(errors="replace").splitlines()[-8:]
        return "".join(f"\n  | {line}" for line in lines) + f"\n  (from {path})"


def kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


@contextlib.contextmanager
def _output(path: Path | None) -> Iterator[int | IO[bytes]]:
    if path is None:
        yield 2  # standard output belongs to the ready line
        return
    fresh = path.exists() and path.stat().st_size > LOG_BYTES
    with path.open("wb" if fresh else "ab") as file:
        yield file
