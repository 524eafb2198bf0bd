"""DKIM (RFC 6376): which headers a signature covers, and what the record of a key says. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from app.domain.tags import read_tags

SELECTOR_LIMIT: Final = 63  # characters

# Always, and once more than there are: nobody adds another one, which some readers would show instead (RFC 6376, 8.15).
_SEALED: Final = ("from", "to", "cc", "subject", "date", "message-id", "reply-to", "content-type")
# Where they are there. RFC 8058, 4, asks for both of List-Unsubscribe and List-Unsubscribe-Post.
_SEALED_IF_THERE: Final = ("list-unsubscribe", "list-unsubscribe-post")
_COVERED: Final = (
    "mime-version",
    "content-transfer-encoding",
    "in-reply-to",
    "references",
    "list-id",
    "list-help",
    "list-subscribe",
    "list-post",
    "list-owner",
    "list-archive",
    "feedback-id",
    "auto-submitted",
)
# Servers that put headers of their own in the place of these: a signature over them would fail.
_REWRITTEN: Final = {"amazonaws.com": frozenset({"date", "message-id"})}

_SELECTOR = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")
_SPACE = re.compile(r"\s+")


def signed_headers(there: Sequence[str], *, host: str = "") -> list[str]:
    """The names for the tag h=, in lower case, for a message with the headers `there` that goes by this server."""
    count = Counter(name.lower() for name in there)
    rewritten = next((names for end, names in _REWRITTEN.items() if f".{host}".endswith(f".{end}")), frozenset())
    names = [name for name in _SEALED for _ in range(count[name] + 1)]
    names += [name for name in _SEALED_IF_THERE if count[name] for _ in range(count[name] + 1)]
    names += [name for name in _COVERED for _ in range(count[name])]
    return [name for name in names if name not in rewritten]


def is_selector(text: str) -> bool:
    """Whether it may stand before `._domainkey` (RFC 6376, 3.1)."""
    return len(text) <= SELECTOR_LIMIT and _SELECTOR.fullmatch(text) is not None


def covers(domain: str, own: str) -> bool:
    """Whether `domain` may sign for mail from `own`: it is that, or one above it that somebody may have."""
    return "." in domain and (domain == own or own.endswith(f".{domain}"))


def record_name(selector: str, domain: str) -> str:
    return f"{selector}._domainkey.{domain}"


def record_value(public_key: str) -> str:
    """The record that publishes this key (RFC 6376, 3.6.1)."""
    return f"v=DKIM1; k=rsa; p={public_key}"


def why_no_match(records: Sequence[str], public_key: str) -> str | None:
    """What keeps a receiver from checking signatures of this key by the TXT records that are there; None: nothing."""
    keys = [text for text in records if "p=" in _SPACE.sub("", text).lower()]
    if not keys:
        return "There is a TXT record, but it holds no key." if records else "There is no such record."
    if len(keys) > 1:
        return f"There are {len(keys)} records with a key at this name; receivers want one alone."
    try:
        tags = read_tags(keys[0])
    except ValueError as error:
        return f"The record cannot be read: {error}"
    found = _SPACE.sub("", tags.get("p", ""))
    if tags.get("v", "DKIM1") != "DKIM1":
        return "The record does not begin with v=DKIM1."
    if not found:
        return "The record has no key: an empty p= says that the key was withdrawn."
    if tags.get("k", "rsa").lower() != "rsa" or found != public_key:
        return "The record holds another key."
    if "sha256" not in _words(tags.get("h", "sha256")):
        return "The record allows hashes other than sha256 alone."
    if not {"*", "email"} & _words(tags.get("s", "*")):
        return "The record says by s= that the key is not for email."
    return None


def _words(text: str) -> set[str]:
    return {word.strip().lower() for word in text.split(":")}
