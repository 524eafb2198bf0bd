"""The recording SMTP server as a process of its own: what it has on disk about a dot is the last word on that dot."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from uuid import UUID

import msgspec

from app.embedded.child import TETHER
from tests.support.smtp_recorder import Moment, Step
from tests.support.up import clean_environment

ROOT = Path(__file__).parents[2]


class Dot(msgspec.Struct, frozen=True):
    """A final dot that the server saw. It came between `earliest` and `monotonic` (seconds of this machine)."""

    at: float  # Unix time
    monotonic: float
    earliest: float
    recipients: tuple[str, ...]
    message_id: str
    reply: str | None  # None: the server hung up instead

    @property
    def email_id(self) -> UUID:
        return UUID(self.message_id.strip("<>").partition("@")[0])

    @property
    def delivered(self) -> bool:
        """The server took it, or hung up so that nobody but the server knows (RFC 1047)."""
        return self.reply is None or self.reply.startswith("2")


class RecorderProcess:
    def __init__(self, home: Path, *arguments: str) -> None:
        self._log = home / "dots"
        self._log.touch()
        self._read = 0  # bytes of the log
        self._dots: list[Dot] = []
        tether = (sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), str(int(signal.SIGKILL)), "0", "--")
        module = ("-m", "tests.support.smtp_server", "--json-log", str(self._log), "--no-data", "--control")
        self._process = subprocess.Popen(
            [*tether, sys.executable, *module, *arguments],
            cwd=ROOT,
            env=clean_environment() | {"PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self.port = int(json.loads(self._answer())["port"])

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the recording server ended"
        return line

    def _tell(self, rule: dict[str, object]) -> dict[str, int]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(rule) + "\n")
        answer: dict[str, int] = json.loads(self._answer())
        return answer

    def on(self, moment: Moment, step: Step, *, match: str = "", times: int = 1, always: bool = False) -> None:
        """Scripts the next `times` of a moment, or with `always` all of them. In force when this returns."""
        self._tell({"moment": moment, "match": match, "always": always, "times": times, **asdict(step)})

    def usual(self) -> None:
        """Ends all rules: it takes everything again."""
        self._tell({"forget": True})

    @property
    def left(self) -> int:
        """How many scripted steps have not been played yet, but for those that hold always."""
        return self._tell({})["left"]

    @property
    def dripping(self) -> int:
        """How many replies it is saying a byte at a time."""
        return self._tell({})["dripping"]

    @property
    def dots(self) -> list[Dot]:
        """Every dot so far, in the order in which they were seen."""
        with self._log.open("rb") as log:
            log.seek(self._read)
            for line in log:
                if line.endswith(b"\n"):
                    self._read += len(line)
                    self._dots.append(msgspec.json.decode(line, type=Dot))
        return self._dots

    def end(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.terminate()
        self._process.wait(10)
