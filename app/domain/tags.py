"""Lists of tags, `v=DKIM1; k=rsa; p=...`, as DKIM and DMARC have them (RFC 6376, 3.2; RFC 7489, 6.3). Pure."""

from __future__ import annotations

import re

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def read_tags(text: str) -> dict[str, str]:
    """By name, which is lower case, in the order they stand. Raises ValueError in plain words."""
    found: dict[str, str] = {}
    for part in text.split(";"):
        if not part.strip():
            continue
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not _NAME.fullmatch(name):
            raise ValueError(f"“{part.strip()[:40]}” is no tag of the form name=value.")
        if name.lower() in found:
            raise ValueError(f"The tag {name} stands there twice.")
        found[name.lower()] = value
    return found
