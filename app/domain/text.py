"""What may stand in names and other short texts that people give. Pure."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def is_one_line(text: str) -> bool:
    """Whether it has no line break and no other control character: those could smuggle in a header, or vanish."""
    return _CONTROL.search(text) is None


def one_line(text: str) -> str:
    """The text with each run of spaces, line breaks and control characters as one space."""
    return " ".join(_CONTROL.sub(" ", text).split())
