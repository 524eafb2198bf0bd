"""What the test server is told to do, and what it saw."""

from __future__ import annotations

import base64
import json
import threading
from dataclasses import dataclass, field
from typing import IO, Literal

Moment = Literal["connect", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "body", "dot", "rset", "quit"]


@dataclass(frozen=True, slots=True)
class Step:
    """What to do instead of the usual. `reply` may have several lines; "" is no reply at all, None the usual one."""

    reply: str | None = None
    delay: float = 0.0  # seconds before the reply; for "body": that it reads nothing more
    drop: bool = False  # hang up, after the reply if one is given
    reset: bool = False  # with `drop`: by a TCP reset
    partial: bool = False  # the reply lacks the end of its line
    pace: float = 0.0  # seconds from one byte of the reply to the next
    after_bytes: int = 0  # for "body": when so many bytes of it have come


@dataclass(frozen=True, slots=True)
class Received:
    """A message whose final dot was seen. `reply` is what the server answered, None if it hung up instead."""

    at: float  # Unix time in seconds, when the dot was seen
    monotonic: float
    earliest: float  # monotonic: it may have come since then, as far as a busy server can tell
    session: int
    mail_from: str
    recipients: tuple[str, ...]
    data: bytes  # without the dot, unstuffed
    reply: str | None
    user: str | None
    tls: bool
    mail_at: float  # monotonic, when its MAIL command was seen

    @property
    def accepted(self) -> bool:
        return self.reply is None or self.reply.startswith("2")

    def header(self, name: str) -> str | None:
        """The first header of that name as it stands, unfolded, undecoded."""
        head = self.data.partition(b"\r\n\r\n")[0].decode("utf-8", "replace").replace("\r\n ", " ")
        for line in head.replace("\r\n\t", " ").split("\r\n"):
            key, _, value = line.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return None


@dataclass
class Options:
    """How the server presents itself."""

    security: Literal["none", "starttls", "tls"] = "none"
    username: str | None = None
    password: str | None = None
    auth_methods: tuple[str, ...] = ("PLAIN", "LOGIN")
    pipelining: bool = True
    size: int | None = 40_000_000
    smtputf8: bool = True
    eight_bit: bool = True
    ethereal: bool = False  # answers like ethereal.email
    data_anyway: bool = False  # 354 although no recipient was accepted (RFC 2920, 3.1 allows it)
    transcript: bool = False  # keep every chunk that was received


@dataclass
class Rule:
    moment: Moment
    steps: list[Step]
    match: str
    always: bool


@dataclass
class Recorder:
    """What sessions share: the options, the script, the messages. Guarded by one lock."""

    options: Options
    log: IO[bytes] | None = None
    log_data: bool = True
    rules: list[Rule] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    chunks: list[tuple[int, bytes]] = field(default_factory=list)
    beats: tuple[float, float] | None = None  # when the server's loop last came round, and before that
    sessions: int = 0
    open_sessions: int = 0
    dripping: int = 0  # replies that are being said a byte at a time
    changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def left(self) -> int:
        """Scripted steps that have not been played yet, but for those that hold always."""
        with self.changed:
            return sum(len(rule.steps) for rule in self.rules if not rule.always)

    def step(self, moment: Moment, subject: str) -> Step | None:
        """The scripted step for this moment, if there is one; a step that is not for always is used up."""
        if not self.rules:
            return None
        with self.changed:
            for rule in self.rules:
                if rule.moment == moment and rule.match in subject:
                    if rule.always:
                        return rule.steps[0]
                    step = rule.steps.pop(0)
                    if not rule.steps:
                        self.rules.remove(rule)
                    return step
        return None

    def record(self, message: Received) -> None:
        """Keeps the message before it is answered."""
        if self.log is not None:
            entry: dict[str, object] = {
                "at": round(message.at, 6),
                "monotonic": message.monotonic,
                "earliest": message.earliest,
                "session": message.session,
                "mail_from": message.mail_from,
                "recipients": message.recipients,
                "message_id": message.header("Message-ID"),
                "subject": message.header("Subject"),
                "reply": message.reply,
                "user": message.user,
                "tls": message.tls,
                "size": len(message.data),
            }
            if self.log_data:
                entry["data"] = base64.b64encode(message.data).decode()
            self.log.write(json.dumps(entry).encode() + b"\n")  # unbuffered: there before the answer
        with self.changed:
            self.received.append(message)
            self.changed.notify_all()
