"""SPF records (RFC 7208): what one says, and how to mend it. Pure: what it refers to is looked up elsewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final, Literal, get_args

import msgspec

VERSION: Final = "v=spf1"
LOOKUPS: Final = 10  # RFC 7208, 4.6.4: terms that ask the DNS, in the whole tree

Qualifier = Literal["+", "-", "~", "?"]
Mechanism = Literal["all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"]
Network = IPv4Network | IPv6Network

_MECHANISMS: Final[dict[str, Mechanism]] = {name: name for name in get_args(Mechanism)}
_QUALIFIERS: Final[dict[str, Qualifier]] = {"": "+", **{sign: sign for sign in get_args(Qualifier)}}

_TERM = re.compile(r"([+\-~?]?)([A-Za-z0-9]+)(?::([^\s/]*))?((?:/\d{1,3})?(?://\d{1,3})?)")
_MODIFIER = re.compile(r"([a-z][a-z0-9_.-]*)=(\S*)", re.IGNORECASE)


class Term(msgspec.Struct, frozen=True):
    """A mechanism. `value` is what stands after the colon: a domain, or for ip4 and ip6 the network. `wide`: with a
    prefix, so that of an a or mx the networks around the addresses are meant."""

    qualifier: Qualifier
    mechanism: Mechanism
    value: str
    wide: bool = False


class Record(msgspec.Struct, frozen=True):
    terms: tuple[Term, ...]
    redirect: str | None

    @property
    def end(self) -> Qualifier | None:
        """What becomes of those whom nothing names; None where the record does not say."""
        return next((term.qualifier for term in self.terms if term.mechanism == "all"), None)

    @property
    def lookups(self) -> int:
        """Terms of this record that ask the DNS. With `all` a redirect is not followed (RFC 7208, 6.1)."""
        asking = sum(term.mechanism in ("include", "a", "mx", "ptr", "exists") for term in self.terms)
        return asking + (self.redirect is not None and self.end is None)

    @property
    def networks(self) -> list[Network]:
        """Those that it names as allowed."""
        named = [term for term in self.terms if term.mechanism in ("ip4", "ip6") and term.qualifier == "+"]
        return [ip_network(term.value, strict=False) for term in named]


def is_spf(text: str) -> bool:
    return text.lower() == VERSION or text.lower().startswith(f"{VERSION} ")


def read(text: str) -> Record:
    """Raises ValueError that says in plain words what is wrong; receivers then take none of it (RFC 7208, 4.6)."""
    terms: list[Term] = []
    redirects: list[str] = []
    for word in text.split(" ")[1:]:
        if not word:
            continue
        if (modifier := _MODIFIER.fullmatch(word)) is not None:
            if modifier[1].lower() == "redirect":
                redirects.append(modifier[2].lower().rstrip("."))
            continue
        terms.append(_term(word))
    if len(redirects) > 1:
        raise ValueError("redirect= stands there twice.")
    return Record(tuple(terms), redirects[0] if redirects else None)


def _term(word: str) -> Term:
    match = _TERM.fullmatch(word)
    if match is None:
        raise ValueError(f"“{word[:60]}” is no part of an SPF record.")
    qualifier, name, value, prefix = match.groups()
    mechanism = _MECHANISMS.get(name.lower())
    value = (value or "").lower().rstrip(".")
    if mechanism is None:
        raise ValueError(f"“{word[:60]}” is no part of an SPF record.")
    if mechanism in ("ip4", "ip6"):
        value += prefix
        try:
            (IPv4Network if mechanism == "ip4" else IPv6Network)(value, strict=False)
        except ValueError:
            raise ValueError(f"“{word[:60]}” has no valid address.") from None
    elif mechanism in ("include", "exists") and not value:
        raise ValueError(f"“{word[:60]}” lacks a domain.")
    return Term(_QUALIFIERS[qualifier], mechanism, value, wide=bool(prefix))


def with_term(text: str, term: str) -> str:
    """The record with one term more, before all that it has."""
    words = text.split()
    return " ".join([words[0], term, *words[1:]])


def ending(text: str, end: str) -> str:
    """The record with another end."""
    words = [word for word in text.split() if word.lower().lstrip("+-~?") != "all"]
    return " ".join([*words, end])


def merged(texts: Sequence[str]) -> str:
    """One record that allows what any of them does; the mildest of their ends, and ~all where they have none."""
    words = [word for text in texts for word in text.split()[1:]]
    ends = [word.lower() for word in words if word.lower().lstrip("+-~?") == "all"]
    terms = dict.fromkeys(word for word in words if word.lower() not in ends)
    return " ".join([VERSION, *terms, "-all" if ends and set(ends) == {"-all"} else "~all"])


def network_of(address: str) -> Network:
    """The network of this address alone."""
    return ip_network(address)
