"""From a file to rows, a line at a time: a list of a million rows takes no more memory than a short one. Pure."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import BinaryIO, Final, TextIO

import msgspec

from app.domain.csv_layout import HEAD, Layout, Record, guess, records, tokens, words
from app.domain.decoding import open_text
from app.errors import ValidationError

ROWS_LIMIT: Final = 10_000  # that are read while the caller waits
LINE_LIMIT: Final = 1_048_576  # characters
CELL_LIMIT: Final = csv.field_size_limit()  # characters

_END: Final = "\0"  # a row that no text has: if it is not met as such, it stands inside of quotation marks


class Row(msgspec.Struct, frozen=True):
    number: int  # as a spreadsheet counts, from 1, header and blank rows included
    cells: list[str]  # trimmed; as many as there are columns, or more if the row is out of shape


class Listing(msgspec.Struct, frozen=True):
    """A list that is about to be read. `rows` raises ValidationError where it cannot go on."""

    columns: tuple[
        str | None, ...
    ]  # names that a template can use: one is `email`, one may be `name`; None is left out
    rows: Iterator[Row]

    @property
    def names(self) -> list[str]:
        return [column for column in self.columns if column is not None]


def open_list(file: BinaryIO, *, mapping: Sequence[str | None] | None = None) -> Listing:
    """Reads the beginning of a file that can seek. Raises UnreadableFile when it is no text, or ValidationError."""
    text = open_text(file)
    head = text.read(HEAD)
    layout = guess(head, whole=len(head) < HEAD, mapping=mapping)
    text.seek(0)
    return Listing(layout.columns, _rows(_lines(text), layout))


def _lines(text: TextIO) -> Iterator[str]:
    number = 0
    while line := text.readline(LINE_LIMIT):
        number += 1
        if len(line) == LINE_LIMIT and not line.endswith(("\n", "\r")):
            raise ValidationError.at(
                "file",
                f"Line {number:,} has more than {LINE_LIMIT:,} characters: put each address on a line of its own.",
            )
        yield line


def _rows(source: Iterator[str], layout: Layout) -> Iterator[Row]:
    start = 1
    if layout.has_hint:
        next(source)
        start = 2
    if layout.shape == "tokens":
        for number, line in enumerate(source, start):
            yield from (Row(number, [entry]) for token in tokens(line) for entry in words(token))
        return
    found = _checked(source, layout, start)
    if layout.shape == "cells":
        for number, cells in found:
            yield from (Row(number, [entry]) for cell in cells if cell for entry in words(cell))
        return
    width = len(layout.columns)
    names_end = start + layout.header
    for number, cells in found:
        if number >= names_end:
            yield Row(number, _fitted(cells, width))


def _fitted(cells: list[str], width: int) -> list[str]:
    """As many cells as there are columns; more only where something stands in them."""
    if len(cells) < width:
        return cells + [""] * (width - len(cells))
    return cells if any(cells[width:]) else cells[:width]


def _checked(source: Iterator[str], layout: Layout, start: int) -> Iterator[Record]:
    """The rows that hold something, to the very end of the source. Raises ValidationError naming one without an end."""
    begun = start  # the number of the row that is being read
    marked = chain(source, ["\n", f"{_END}\n"])  # a line break first: the last line of a file may have none
    with contextlib.suppress(csv.Error):
        for number, cells in records(marked, layout.delimiter, layout.escape, start=start):
            if cells == [_END]:
                return
            if cells and _END in cells[-1]:
                break
            begun = number + 1
            if any(cells):
                yield number, cells
    raise ValidationError.at(
        "file",
        f"Row {begun:,} does not end: a quotation mark opens there and never closes, "
        f"or a cell has more than {CELL_LIMIT:,} characters.",
    )
