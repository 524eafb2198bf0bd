"""Whom one message goes to, and what its text may hold. Pure; collects all that is wrong before it refuses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from app.domain import addresses
from app.domain.addresses import Address
from app.domain.text import is_nested_deeper
from app.errors import Problem, ValidationError

RECIPIENT_LIMIT: Final = 50  # of one message: to, cc and bcc together
SUBJECT_LIMIT: Final = 998  # characters, RFC 5322, 2.1.1
NESTING_LIMIT: Final = 20  # levels of lists and mappings in what a caller keeps here

Kind = Literal["to", "cc", "bcc"]

_SPECIAL = re.compile(r"[\"\\<>,;:@()\[\]]")
_BREAK = re.compile(r"[\r\n\x00]")


class Recipient(msgspec.Struct, frozen=True):
    kind: Kind
    email: str
    name: str | None


def envelope(given: Mapping[Kind, Sequence[str]]) -> tuple[list[Recipient], list[Problem]]:
    """The recipients in the order to, cc, bcc, each address once, and everything that is wrong, by path (`to[3]`)."""
    found: list[Recipient] = []
    problems: list[Problem] = []
    seen: set[str] = set()
    count = 0
    for kind, texts in given.items():
        for i, text in enumerate(texts):
            count += 1
            if count == RECIPIENT_LIMIT + 1:
                total = sum(map(len, given.values()))
                message = f"One message has at most {RECIPIENT_LIMIT} recipients and this one has {total}."
                return found, [*problems, Problem(f"{kind}[{i}]", message)]
            address = read_address(text, f"{kind}[{i}]", problems)
            if address is not None and address.key not in seen:
                seen.add(address.key)
                found.append(Recipient(kind, address.email, address.name or None))
    if not given["to"]:
        problems.append(Problem("to", "A message needs at least one recipient in to."))
    return found, problems


def read_address(text: str, path: str, problems: list[Problem]) -> Address | None:
    """The address, or None after adding to `problems`."""
    try:
        return addresses.parse(text, path=path)
    except ValidationError as error:
        problems.extend(error.problems)
        return None


def written(email: str, name: str | None) -> str:
    """As people write it and addresses.parse reads it: `Name <address>`, in quotation marks where the name needs it."""
    if not name:
        return email
    if _SPECIAL.search(name):
        name = '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
    return f"{name} <{email}>"


def check_subject(subject: str) -> Iterable[Problem]:
    if _BREAK.search(subject):
        yield Problem("subject", "A subject is one line: it cannot have line breaks or NUL characters.")
    if len(subject) > SUBJECT_LIMIT:
        yield Problem("subject", f"A subject has at most {SUBJECT_LIMIT} characters.")


def check_text(path: str, value: Any) -> Iterable[Problem]:
    """Postgres cannot keep NUL characters, and no mail needs them; what is nested too deeply, no program reads."""
    if is_nested_deeper(value, NESTING_LIMIT):
        yield Problem(path, f"{path} is nested too deeply: it has at most {NESTING_LIMIT} levels.")
    elif _has_nul(value):
        yield Problem(path, f"{path} has a NUL character.")


def _has_nul(value: Any) -> bool:
    """Of what is not nested too deeply."""
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_has_nul(k) or _has_nul(v) for k, v in value.items())
    return isinstance(value, list) and any(map(_has_nul, value))
