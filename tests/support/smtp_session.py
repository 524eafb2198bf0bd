"""One connection of the test server: commands as they come, pipelined or not, and the script's exceptions."""

from __future__ import annotations

import asyncio
import base64
import binascii
import itertools
import re
import socket
import ssl
import struct
import time
from typing import Final, cast

from tests.support.smtp_recorder import Moment, Received, Recorder, Step

_PATH = re.compile(r"<([^>]*)>")
_message_numbers = itertools.count(1)
_USUAL: Final = Step()


class Session(asyncio.Protocol):
    """Commands end with CRLF and a body with CRLF.CRLF exactly; nothing else will do."""

    def __init__(self, recorder: Recorder, context: ssl.SSLContext | None) -> None:
        self.recorder = recorder
        self.options = recorder.options
        self.context = context
        self.buffer = b""
        self.held = False  # a reply is delayed or TLS is being set up: commands wait
        self.in_body = False
        self.mail_from: str | None = None
        self.mail_at = 0.0
        self.recipients: list[str] = []
        self.user: str | None = None
        self.auth_step = ""
        self.login_name = b""
        self.tls = recorder.options.security == "tls"
        self.body_step: Step | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        with self.recorder.changed:
            self.recorder.sessions += 1
            self.recorder.open_sessions += 1
            self.number = self.recorder.sessions
            self.recorder.changed.notify_all()
        self.act("connect", "", "220 test ESMTP ready")

    def connection_lost(self, exc: Exception | None) -> None:
        with self.recorder.changed:
            self.recorder.open_sessions -= 1
            self.recorder.changed.notify_all()

    def data_received(self, data: bytes) -> None:
        if self.options.transcript:
            with self.recorder.changed:
                self.recorder.chunks.append((self.number, data))
        self.buffer = self.buffer + data if self.buffer else data
        self.work()

    def work(self) -> None:
        while self.buffer and not self.held and not self.transport.is_closing():
            if self.in_body:
                if not self.body():
                    return
            else:
                line, found, rest = self.buffer.partition(b"\r\n")
                if not found:
                    return
                self.buffer = rest
                self.command(line.decode("utf-8", "replace"))

    # Replies

    def act(self, moment: Moment, line: str, usual: str) -> str:
        """Does what the script says for this moment, else the usual. Returns the reply that is (or would be) given."""
        step = self.recorder.step(moment, line)
        if step is None:
            self.say(usual)
            return usual
        reply = usual if step.reply is None else step.reply
        if step.drop and step.reply is None:
            reply = ""
        if step.delay:
            self.held = True
            asyncio.get_running_loop().call_later(step.delay, self.late, reply, step)
        else:
            self.say(reply, step)
        return reply

    def late(self, reply: str, step: Step) -> None:
        self.held = False
        self.say(reply, step)
        self.work()

    def say(self, reply: str, how: Step = _USUAL) -> None:
        line = reply.replace("\n", "\r\n").encode() + (b"" if how.partial else b"\r\n") if reply else b""
        if how.pace and line:
            self.held = True
            self.recorder.dripping += 1
            self.drip(line, how)
            return
        if self.transport.is_closing():
            return
        if line:
            self.transport.write(line)
        self.hang_up(how)

    def drip(self, line: bytes, how: Step) -> None:
        """One byte at a time; what the client says meanwhile waits."""
        if self.transport.is_closing():
            self.recorder.dripping -= 1
            return
        self.transport.write(line[:1])
        if line[1:]:
            asyncio.get_running_loop().call_later(how.pace, self.drip, line[1:], how)
            return
        self.recorder.dripping -= 1
        self.held = False
        self.hang_up(how)
        self.work()

    def hang_up(self, how: Step) -> None:
        if how.drop and how.reset:
            with socket.socket(fileno=socket.dup(self.transport.get_extra_info("socket").fileno())) as raw:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()
        elif how.drop:
            self.transport.close()

    # Commands

    def command(self, line: str) -> None:
        if self.auth_step:
            self.auth_answer(line)
            return
        verb = line[:4].upper()
        match verb:
            case "MAIL":
                self.mail(line)
            case "RCPT":
                self.rcpt(line)
            case "DATA":
                self.data(line)
            case "EHLO" | "HELO":
                self.act("ehlo", line, self.welcome() if verb == "EHLO" else "250 test")
            case "RSET":
                self.clear()
                self.act("rset", line, "250 2.0.0 Clean")
            case "NOOP":
                self.say("250 2.0.0 OK")
            case "QUIT":
                self.act("quit", line, "221 2.0.0 Bye")
                self.transport.close()
            case "STAR":
                self.starttls(line)
            case "AUTH":
                self.auth(line)
            case _:
                self.say("500 5.5.1 What?")

    def welcome(self) -> str:
        options = self.options
        lines = ["test"]
        lines += ["PIPELINING"] * options.pipelining + ["8BITMIME"] * options.eight_bit
        lines += ["SMTPUTF8"] * options.smtputf8 + ["ENHANCEDSTATUSCODES"]
        if options.size is not None:
            lines.append(f"SIZE {options.size}")
        if options.security == "starttls" and not self.tls:
            lines.append("STARTTLS")
        elif options.username is not None:
            lines.append(f"AUTH {' '.join(options.auth_methods)}")
        return "\n".join(f"250{'-' if i < len(lines) - 1 else ' '}{each}" for i, each in enumerate(lines))

    def clear(self) -> None:
        self.mail_from = None
        self.recipients = []

    def mail(self, line: str) -> None:
        path = _PATH.search(line)
        if self.mail_from is not None:
            self.say("503 5.5.1 Nested MAIL")
        elif self.options.username is not None and self.user is None:
            self.say("530 5.7.0 Authentication required")
        elif path is None:
            self.say("501 5.5.4 Syntax")
        elif self.act("mail", line, "250 2.1.0 Sender OK").startswith("2"):
            self.mail_from = path[1]
            self.mail_at = time.monotonic()

    def rcpt(self, line: str) -> None:
        path = _PATH.search(line)
        if self.mail_from is None:
            self.say("503 5.5.1 MAIL first")
        elif path is None:
            self.say("501 5.5.4 Syntax")
        elif self.act("rcpt", line, "250 2.1.5 Recipient OK").startswith("2"):
            self.recipients.append(path[1])

    def data(self, line: str) -> None:
        if self.mail_from is None or (not self.recipients and not self.options.data_anyway):
            self.say("503 5.5.1 RCPT first")
        elif self.act("data", " ".join([line, *self.recipients]), "354 Go ahead").startswith("354"):
            self.in_body = True
            self.body_step = self.recorder.step("body", " ".join(self.recipients))

    # The body

    def body(self) -> bool:
        """Handles the body as far as it has come. False: more is needed."""
        step = self.body_step
        if step is not None and len(self.buffer) >= step.after_bytes:
            self.body_step = None
            self.say(step.reply or "", step)
            if step.drop:
                return False
            if step.delay:
                self.held = True
                self.transport.pause_reading()  # the sender soon cannot write any more
                asyncio.get_running_loop().call_later(step.delay, self.read_on)
                return False
        if self.buffer.startswith(b".\r\n"):
            body, rest = b"", self.buffer[3:]
        else:
            end = self.buffer.find(b"\r\n.\r\n")
            if end < 0:
                return False
            body, rest = self.buffer[: end + 2], self.buffer[end + 5 :]
        self.in_body = False
        self.buffer = rest
        self.arrived(body)
        return True

    def read_on(self) -> None:
        self.held = False
        if not self.transport.is_closing():
            self.transport.resume_reading()
            self.work()

    def arrived(self, body: bytes) -> None:
        at, monotonic = time.time(), time.monotonic()
        if body.startswith(b"."):
            body = body[1:]
        body = body.replace(b"\r\n..", b"\r\n.")
        number = next(_message_numbers)
        usual = f"250 2.0.0 Accepted as {number}"
        if self.options.ethereal:
            usual = f"250 Accepted [STATUS=new MSGID=Z{number:08x}.Paceline-AAAAA{number:x}]"
        if not self.recipients:
            usual = "554 5.5.1 No valid recipients"
        step = self.recorder.step("dot", " ".join(self.recipients))
        reply = usual if step is None or (step.reply is None and not step.drop) else step.reply or None
        self.recorder.record(
            Received(
                at,
                monotonic,
                self.recorder.beats[1] if self.recorder.beats else monotonic,
                self.number,
                self.mail_from or "",
                tuple(self.recipients),
                body,
                reply,
                self.user,
                self.tls,
                self.mail_at,
            )
        )
        self.clear()
        if step is not None and step.delay:
            self.held = True
            asyncio.get_running_loop().call_later(step.delay, self.late, reply or "", step)
        else:
            self.say(reply or "", step or _USUAL)

    # TLS and AUTH (RFC 3207, RFC 4954)

    def starttls(self, line: str) -> None:
        if self.context is None or self.tls:
            self.say("503 5.5.1 No TLS here")
            return
        if self.act("starttls", line, "220 2.0.0 Go ahead").startswith("220"):
            self.held = True
            self.buffer = b""
            self.upgrade = asyncio.ensure_future(self.upgraded(self.context))

    async def upgraded(self, context: ssl.SSLContext) -> None:
        try:
            secured = await asyncio.get_running_loop().start_tls(self.transport, self, context, server_side=True)
        except OSError:
            return  # the client hung up, or does not trust us
        if secured is not None:
            self.transport = secured
            self.tls = True
            self.held = False
            self.clear()
            self.work()

    def auth(self, line: str) -> None:
        words = line.split()
        method = words[1].upper() if len(words) > 1 else ""
        if self.options.username is None or method not in self.options.auth_methods:
            self.say("504 5.5.4 Unknown method")
        elif method == "PLAIN" and len(words) > 2:
            self.plain(words[2])
        elif method == "PLAIN":
            self.auth_step = "plain"
            self.say("334 ")
        elif len(words) > 2:
            self.login_name = _decoded(words[2])
            self.ask_password()
        else:
            self.auth_step = "name"
            self.say("334 VXNlcm5hbWU6")

    def auth_answer(self, line: str) -> None:
        step, self.auth_step = self.auth_step, ""
        if step == "plain":
            self.plain(line)
        elif step == "name":
            self.login_name = _decoded(line)
            self.ask_password()
        else:
            self.check(self.login_name, _decoded(line))

    def ask_password(self) -> None:
        self.auth_step = "password"
        self.say("334 UGFzc3dvcmQ6")

    def plain(self, encoded: str) -> None:
        parts = _decoded(encoded).split(b"\0")
        self.check(parts[-2] if len(parts) > 1 else b"", parts[-1])

    def check(self, name: bytes, password: bytes) -> None:
        right = (name.decode(), password.decode()) == (self.options.username, self.options.password)
        usual = "235 2.7.0 Welcome" if right else "535 5.7.8 Bad credentials"
        if self.act("auth", name.decode(), usual).startswith("2"):
            self.user = name.decode()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except binascii.Error:
        return b""
