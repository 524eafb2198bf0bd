"""Rows for spreadsheets: CSV (RFC 4180) in which no cell is taken for a formula. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

STARTS: Final = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet may run (OWASP, CSV injection)


def safe_cell(text: str) -> str:
    """With an apostrophe before what a spreadsheet would take for a formula, which then shows it as text."""
    return f"'{text}" if text.startswith(STARTS) else text


def unsafe_cell(text: str) -> str:
    """What `safe_cell` was given."""
    return text[1:] if text.startswith("'") and text[1:].startswith(STARTS) else text


def csv_rows(rows: Iterable[Sequence[str]]) -> str:
    """Lines that end with CRLF; cells with commas, quotes or line breaks stand in quotes."""
    out = io.StringIO()
    csv.writer(out).writerows([[safe_cell(cell) for cell in row] for row in rows])
    return out.getvalue()
