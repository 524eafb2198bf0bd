"""CSV for spreadsheets: what a stranger wrote into a cell stays text and is never run as a formula. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

MARK: Final = "\ufeff"  # at the beginning, so that Excel reads UTF-8

# What spreadsheets take for the beginning of a formula (OWASP, CSV Injection).
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def write_rows(rows: Iterable[Sequence[object]]) -> str:
    """Rows as RFC 4180 has them. None is an empty cell."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerows([safe(cell) for cell in row] for row in rows)
    return file.getvalue()


def safe(cell: object) -> object:
    """A text that would be a formula, behind an apostrophe: spreadsheets then show it as it is."""
    if isinstance(cell, str):
        text = cell.replace("\0", "")
        return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
    return "" if cell is None else cell
