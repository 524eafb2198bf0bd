"""DMARC (RFC 7489): what a domain asks receivers to do with mail that fails, and where that is said. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from app.domain.tags import read_tags

MOST_NAMES: Final = 8  # that are looked at on the way up

Policy = Literal["none", "quarantine", "reject"]
_POLICIES: Final[dict[str, Policy]] = {"none": "none", "quarantine": "quarantine", "reject": "reject"}


class Dmarc(msgspec.Struct, frozen=True, kw_only=True):
    policy: Policy  # of the domain itself
    below: Policy  # of the domains below it
    reports: tuple[str, ...]  # addresses that daily reports go to
    strict_dkim: bool  # the key's domain has to be the address's own
    percent: int  # of the mail that the policy is applied to


def is_dmarc(text: str) -> bool:
    """Case matters here (RFC 7489, 6.3)."""
    return text.partition(";")[0].replace(" ", "") == "v=DMARC1"


def read(text: str) -> Dmarc:
    """Raises ValueError in plain words; receivers then do as if it was not there."""
    tags = read_tags(text)
    policy = _POLICIES.get(tags.get("p", "").lower())
    if policy is None:
        raise ValueError("It has no p=none, p=quarantine or p=reject.")
    below = _POLICIES.get(tags.get("sp", policy).lower())
    if below is None:
        raise ValueError("sp= is none of none, quarantine and reject.")
    percent = tags.get("pct", "100")
    return Dmarc(
        policy=policy,
        below=below,
        reports=tuple(part.strip() for part in tags.get("rua", "").split(",") if part.strip()),
        strict_dkim=tags.get("adkim", "r").lower() == "s",
        percent=min(int(percent), 100) if percent.isascii() and percent.isdigit() else 100,
    )


def names(domain: str) -> Iterator[str]:
    """Where the record of a domain may stand: at the domain itself, else at the nearest one above that has one."""
    labels = domain.split(".")
    first = max(0, len(labels) - MOST_NAMES)
    for start in [0, *range(max(first, 1), len(labels) - 1)]:
        yield "_dmarc." + ".".join(labels[start:])
