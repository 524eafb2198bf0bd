"""SMTP replies: their parts (RFC 5321, 4.2; RFC 3463) and what each means for the message. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from typing import Final, Literal

import msgspec

Phase = Literal["dns", "tcp", "tls", "ehlo", "auth", "mail", "rcpt", "data", "body", "dot"]

TEXT_LIMIT: Final = 500  # characters of a reply that are kept
ETHEREAL: Final = "https://ethereal.email"

_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:[ \t]+|$)")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_MSGID = re.compile(r"\bMSGID=([A-Za-z0-9._~-]{1,200})")

# RFC 3463: the mailbox or its domain does not exist, has moved, is disabled, or takes no mail (5.1.10: RFC 7505).
_HARD_BOUNCE: Final = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
# RFC 4954, 6 and RFC 5248: the credentials, not the message.
_AUTH_CODES: Final = frozenset({530, 534, 535, 538})
_AUTH_ENHANCED: Final = frozenset({"5.7.8", "5.7.9", "5.7.11"})
# A bare 550 at RCPT means "no such mailbox", unless its words say that the sender is the trouble.
_BARE_NO_MAILBOX: Final = frozenset({550, 551, 553})
_ABOUT_THE_SENDER = re.compile(
    r"spam|block|black|reject(?:ed|ion) (?:by|due)|policy|relay|denied|authenticat|log ?in|grey|gray|rate|limit|quota|"
    r"reputation|spf|dkim|dmarc|\bip\b|\bptr\b|dns|listed|sender|security|not permitted|not allowed",
    re.IGNORECASE,
)


class Reply(msgspec.Struct, frozen=True):
    """One reply of a server. `text` is printable, on one line, without the codes, at most 500 characters."""

    code: int
    enhanced: str | None
    text: str

    def __str__(self) -> str:
        return " ".join(part for part in (str(self.code), self.enhanced, self.text) if part)

    @property
    def accepted(self) -> bool:
        return 200 <= self.code < 300


class Verdict(Enum):
    ACCEPTED = "accepted"
    TEMPORARY = "temporary"  # try again later, nobody got it
    PERMANENT = "permanent"  # this message will not be taken
    HARD_BOUNCE = "hard_bounce"  # permanent, and the address takes no mail at all: suppress it
    AUTH = "auth"  # the mailbox's sign-in is refused; the message is not at fault


def read_reply(code: int, lines: Sequence[bytes]) -> Reply:
    """Makes a Reply of its lines as they came, each without the code and the character after it."""
    enhanced: str | None = None
    words: list[str] = []
    for raw in lines:
        line = raw[:2000].decode("utf-8", "replace")
        if match := _ENHANCED.match(line):
            enhanced = enhanced or match[1]
            line = line[match.end() :]
        words.append(line)
    text = _UNPRINTABLE.sub(" ", " ".join(words)).strip()
    if len(text) > TEXT_LIMIT:
        text = text[: TEXT_LIMIT - 1] + "…"
    return Reply(code, enhanced, text)


def classify(reply: Reply, phase: Phase) -> Verdict:
    """What `reply`, given in `phase`, means. The code decides; the enhanced code and a bare 550's words refine it.

    A hard bounce speaks of the one recipient of RCPT; given after the dot it does so only if there was one recipient.
    """
    code, enhanced = reply.code, reply.enhanced
    if 200 <= code < 300:
        return Verdict.ACCEPTED
    if not 500 <= code < 600:
        return Verdict.TEMPORARY
    if phase == "auth" or code in _AUTH_CODES or enhanced in _AUTH_ENHANCED:
        return Verdict.AUTH
    if phase == "rcpt" and code == 552 and enhanced in (None, "5.5.3"):
        return Verdict.TEMPORARY  # "too many recipients", RFC 5321, 4.5.3.1.10
    if phase in ("rcpt", "data", "dot") and enhanced in _HARD_BOUNCE:
        return Verdict.HARD_BOUNCE
    bare = enhanced is None or enhanced in ("5.0.0", "5.5.0")
    if phase == "rcpt" and bare and code in _BARE_NO_MAILBOX and not _ABOUT_THE_SENDER.search(reply.text):
        return Verdict.HARD_BOUNCE
    return Verdict.PERMANENT


def preview_url(reply: Reply, base: str = ETHEREAL) -> str | None:
    """Where a catch-all inbox shows the message it took (`... MSGID=x` in its final reply); None from other servers."""
    match = _MSGID.search(reply.text)
    return f"{base.rstrip('/')}/message/{match[1]}" if match and reply.accepted else None
