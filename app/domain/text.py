"""What may stand in names and other texts that people give. Pure."""

from __future__ import annotations

import re
from typing import Any

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_TURNING = re.compile(r"[\u202a-\u202e\u2066-\u2069]")


def is_one_line(text: str) -> bool:
    """Whether it has no line break and no other control character: those could smuggle in a header, or vanish."""
    return _CONTROL.search(text) is None


def one_line(text: str) -> str:
    """The text with each run of spaces, line breaks and control characters as one space, and nothing that turns it."""
    return " ".join(_CONTROL.sub(" ", _TURNING.sub("", text)).split())


def why_turned(name: str) -> str | None:
    """Why a name cannot be shown as it is: embeddings, overrides and isolates make it, and what stands behind it, read
    as something else (UAX #9, 2). Marks (U+200E, U+200F) turn nothing and names in Arabic or Hebrew have them."""
    found = _TURNING.search(name)
    if found is None:
        return None
    return f"A name cannot have characters that turn the direction of text (U+{ord(found[0]):04X})."


def is_nested_deeper(value: Any, levels: int) -> bool:
    """Whether lists and mappings stand in each other on more than so many levels; a lone one is one level."""
    level = [value]
    for _ in range(levels + 1):
        level = [each for each in level if isinstance(each, list | dict)]
        if not level:
            return False
        level = [inner for each in level for inner in (each.values() if isinstance(each, dict) else each)]
    return True
