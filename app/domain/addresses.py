"""Email addresses as people write them: `Ada Lovelace <ada@example.com>` or bare. RFC 5321, RFC 6531, IDNA. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from typing import Final

import idna
import msgspec

from app.domain.text import why_turned
from app.errors import ValidationError

LOCAL_LIMIT: Final = 64  # octets, RFC 5321, 4.5.3.1.1
PATH_LIMIT: Final = 254  # octets without the angle brackets, RFC 5321, 4.5.3.1.3
LABEL_LIMIT: Final = 63  # octets, RFC 1035, 2.3.4
NAME_LIMIT: Final = 200  # characters

_PLAIN = re.compile(
    r"([A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*)"
    r"@((?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)"
)
_NAMED = re.compile(r'(?s)\s*(?:"((?:[^"\\]|\\.)*)"|([^<>"]*?))\s*<([^<>]*)>')
_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\x80-\x9f\u2028\u2029\ud800-\udfff]")  # a tab counts as space
_INVISIBLE: Final = dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u2060\u00ad\u200e\u200f\u202a\u202c"))
_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u00a1-\U0010ffff-]+")
_TYPOS: Final = {"gmail": "gmail.com", "hotmail": "hotmail.com", "outlook": "outlook.com", "yahoo": "yahoo.com"}


# Mailboxes of a role, RFC 2142, and what else is read by several people or by none.
ROLES: Final = frozenset({
    "abuse", "accounting", "accounts", "admin", "administrator", "billing", "careers", "contact", "customerservice",
    "do-not-reply", "donotreply", "enquiries", "feedback", "finance", "ftp", "hello", "help", "helpdesk",
    "hostmaster", "hr", "info", "inquiries", "it", "jobs", "legal", "list", "mail", "mailer-daemon", "marketing",
    "media", "news", "newsletter", "no-reply", "noc", "noreply", "office", "orders", "postmaster", "press", "privacy",
    "recruiting", "root", "sales", "security", "service", "shop", "spam", "subscribe", "support", "sysadmin", "team",
    "unsubscribe", "usenet", "uucp", "webmaster", "welcome", "www",
})  # fmt: skip


class InvalidAddress(ValidationError):
    """This is not an email address."""


class Address(msgspec.Struct, frozen=True):
    """`email` is what people read; `ascii_email` what travels, None if it needs SMTPUTF8 (letters before the @)."""

    name: str
    email: str
    ascii_email: str | None

    @property
    def envelope(self) -> str:
        """The form for MAIL and RCPT."""
        return self.ascii_email if self.ascii_email is not None else self.email

    @property
    def needs_smtputf8(self) -> bool:
        return self.ascii_email is None

    @property
    def key(self) -> str:
        """Equal for addresses that are to be taken for one mailbox: case does not matter, `+tags` do."""
        local, _, domain = self.envelope.rpartition("@")
        return f"{unicodedata.normalize('NFC', local.lower())}@{domain.lower()}"

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.name else self.email


def is_role(email: str) -> bool:
    """Whether it looks like the address of a role rather than of a person."""
    return email.partition("@")[0].partition("+")[0].lower() in ROLES


def parse(text: str, *, path: str = "") -> Address:
    """Reads one address. Raises InvalidAddress that says in plain words what is wrong; `path` says where it stands."""
    try:
        return _parse(text)
    except ValueError as error:
        raise InvalidAddress.at(path, str(error)) from None


def ascii_domain(email: str) -> str:
    """The domain of an address that was read, as it travels."""
    return _domain(email.rpartition("@")[2])[1]


def is_of_domain(email: str, domains: Collection[str]) -> bool:
    """Whether the address is of one of the domains, not of one below them. Without any domain every address is."""
    return not domains or email.rpartition("@")[2].lower() in domains


def _parse(text: str) -> Address:
    if (match := _PLAIN.fullmatch(text)) and len(text) <= PATH_LIMIT and len(match[1]) <= LOCAL_LIMIT:
        email = f"{match[1]}@{match[2].lower()}"
        if "xn--" not in email:
            return Address("", email, email)
    if _FORBIDDEN.search(text.strip()):
        raise ValueError("The address contains a line break or a control character.")
    cleaned = text.translate(_INVISIBLE).strip()
    if not cleaned:
        raise ValueError("The address is empty.")
    name = ""
    if "<" in cleaned or ">" in cleaned:
        named = _NAMED.fullmatch(cleaned)
        if named is None:
            raise ValueError("Write one address as name@example.com or Name <name@example.com>.")
        quoted, bare, cleaned = named.groups()
        name = _name(re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else bare)
    return _address(name, cleaned.strip())


def _name(text: str) -> str:
    name = unicodedata.normalize("NFC", " ".join(text.split()))
    if len(name) > NAME_LIMIT:
        raise ValueError(f"The name is longer than {NAME_LIMIT} characters.")
    if (reason := why_turned(name)) is not None:
        raise ValueError(reason)
    return name


def _address(name: str, text: str) -> Address:
    if text.lower().startswith("mailto:"):
        text = text[7:].partition("?")[0]  # what follows would be a subject, RFC 6068
    if "@" not in text:
        raise ValueError(f"“{_short(text)}” has no @.")
    local, _, domain = text.rpartition("@")
    if "@" in local:
        several = re.search(r"[,;\s]", text)
        raise ValueError("There is more than one address here." if several else "There is more than one @.")
    if not local or not domain:
        raise ValueError(f"There is nothing {'before' if not local else 'after'} the @.")
    local = _local(unicodedata.normalize("NFC", local))
    readable, ascii_domain = _domain(domain)
    if len(f"{local}@{ascii_domain}".encode()) > PATH_LIMIT:
        raise ValueError(f"The address is longer than {PATH_LIMIT} characters.")
    return Address(name, f"{local}@{readable}", f"{local}@{ascii_domain}" if local.isascii() else None)


def _local(local: str) -> str:
    if local.startswith('"'):
        raise ValueError("Addresses in quotation marks are not supported.")
    if len(local.encode()) > LOCAL_LIMIT:
        raise ValueError(f"The part before the @ is longer than {LOCAL_LIMIT} characters.")
    if local.startswith(".") or local.endswith(".") or ".." in local:
        raise ValueError("The part before the @ has a dot too many.")
    for atom in local.split("."):
        if not _ATOM.fullmatch(atom):
            wrong = next(c for c in atom if not _ATOM.fullmatch(c))
            raise ValueError("There is a space in the address." if wrong.isspace() else f"“{wrong}” cannot be used.")
    if not all(c.isascii() or unicodedata.category(c)[0] in "LMN" for c in local):
        raise ValueError("The part before the @ has a character that is no letter or digit.")
    return local


def _domain(domain: str) -> tuple[str, str]:
    """The domain for people and its A-labels. Only `localhost` may stand without a dot."""
    if domain.startswith("["):
        raise ValueError("An IP address in place of a domain is not supported.")
    if any(c.isspace() for c in domain):
        raise ValueError("There is a space in the address.")
    domain = unicodedata.normalize("NFKC", domain).lower().replace("\u3002", ".")
    if domain.startswith(".") or domain.endswith(".") or ".." in domain:
        raise ValueError("The domain has a dot too many.")
    if any(len(label) > LABEL_LIMIT for label in domain.split(".")):
        raise ValueError(f"A part of the domain is longer than {LABEL_LIMIT} characters.")
    try:
        ascii_domain = idna.encode(domain, uts46=True).decode("ascii") if _needs_idna(domain) else domain
        readable = idna.decode(ascii_domain) if _needs_idna(ascii_domain) else ascii_domain
    except (idna.IDNAError, UnicodeError):
        raise ValueError(f"“{_short(domain)}” is no valid domain.") from None
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*", ascii_domain):
        raise ValueError(f"“{_short(domain)}” is no valid domain.")
    if "." not in ascii_domain and ascii_domain != "localhost":
        meant = _TYPOS.get(ascii_domain)
        raise ValueError(f"The domain “{_short(domain)}” has no dot{f': is {meant} meant?' if meant else '.'}")
    if ascii_domain.rpartition(".")[2].isdigit():
        raise ValueError("An IP address in place of a domain is not supported.")
    return readable, ascii_domain


def _needs_idna(domain: str) -> bool:
    return not domain.isascii() or "xn--" in domain


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
