"""What a list looks like, guessed from its beginning. Pure.

CSV as spreadsheets really write it, and lists that were pasted: few follow RFC 4180, Excel writes `;` where the comma
is decimal and a first line of its own. What is guessed is guessed from the content, and nothing is dropped in silence.
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, Literal

import msgspec

from app.domain.csv_columns import EMAIL_NAMES, LIMIT, check_mapping, name_columns, plain
from app.errors import ValidationError

HEAD: Final = 65_536  # characters of a list that are looked at
SAMPLE: Final = 200  # rows of it
TITLE: Final = 10  # rows that a report may have above the names of its columns

DELIMITERS: Final = (",", ";", "\t", "|")

_EDGES: Final = " \t\r\n\v\f\x1a\u00a0\u200b\u2060\ufeff"
_BARE = re.compile(r'[^\s@<>,;|"]+@[^\s@<>,;|"]+')
_NAMED = re.compile(r"[^<>]*<\s*" + _BARE.pattern + r"\s*>")
_TOKEN = re.compile(r'(?:"[^"\n]*"|<[^<>\n]*>|[^,;"<]|["<])+')
_ESCAPED_QUOTE = re.compile(r'\\"[^,;\t|\r\n"]')  # as databases write it, in place of two quotation marks
_SEPARATOR_HINT = re.compile(r"sep=(.)[ \t]*\r?\n", re.IGNORECASE)  # Excel's own first line

Record = tuple[int, list[str]]  # the number of a row, as a spreadsheet counts from 1, and its trimmed cells


class Layout(msgspec.Struct, frozen=True):
    """How the lines of a list are to be read.

    As a `table` a row is a recipient. As `cells` every cell of the table is an address, as `tokens` everything between
    commas and semicolons is: the list was pasted from a mail program.
    """

    delimiter: str
    escape: str | None  # what stands before a quotation mark that is one; None: another one does
    has_hint: bool  # the first line is Excel's own
    header: int  # rows before the first recipient, blank ones included; 0: the columns have no names
    shape: Literal["table", "cells", "tokens"]
    columns: tuple[str | None, ...]  # names that a template can use; None is left out


def guess(head: str, *, whole: bool, mapping: Sequence[str | None] | None = None) -> Layout:
    """`head` is the beginning of a list, `whole` whether it is all of it. Raises ValidationError.

    With `mapping`, the names that a person gave the columns, it is a table.
    """
    hint = _SEPARATOR_HINT.match(head)
    has_hint = hint is not None and hint[1] in DELIMITERS
    text = head[hint.end() :] if hint is not None and has_hint else head
    if not whole and (end := max(text.rfind("\n"), text.rfind("\r"))) > 0:
        text = text[: end + 1]  # the last line may have been cut
    delimiter = hint[1] if hint is not None and has_hint else _delimiter(text)
    escape = "\\" if _ESCAPED_QUOTE.search(text) and '""' not in text else None
    sample = _sample(text, delimiter, SAMPLE + TITLE + 1, escape)
    header, titles = _header(sample)
    shape: Literal["table", "cells", "tokens"] = "table"
    if not header and mapping is None:
        shape = _shape(sample, [(n, found) for n, line in enumerate(lines(text), 1) if (found := tokens(line))])
    columns: tuple[str | None, ...] = ("email",)
    if shape == "table" and sample:
        columns = _columns([cells for number, cells in sample if number > header], titles, mapping)
    return Layout(delimiter, escape, has_hint, header, shape, columns)


def records(source: Iterable[str], delimiter: str, escape: str | None = None, *, start: int = 1) -> Iterator[Record]:
    """Every row, also those that hold nothing. Raises csv.Error where a cell is too long."""
    reader = csv.reader(source, delimiter=delimiter, escapechar=escape, skipinitialspace=True)
    for number, cells in enumerate(reader, start):
        yield number, [cell.strip(_EDGES) for cell in cells]


def _sample(text: str, delimiter: str, most: int, escape: str | None = None) -> list[Record]:
    """The first rows that hold something, as far as they can be read: spreadsheets leave rows of delimiters behind."""
    found: list[Record] = []
    with contextlib.suppress(csv.Error):
        found.extend(islice(((n, cells) for n, cells in records(lines(text), delimiter, escape) if any(cells)), most))
    return found


def lines(text: str) -> Iterator[str]:
    """Ended by CR, LF or both; str.splitlines() would end them at more than that."""
    return iter(io.StringIO(text, newline=""))


def tokens(line: str) -> list[str]:
    """What stands between commas and semicolons outside of quotation marks and angle brackets."""
    return [token.strip(_EDGES) for token in _TOKEN.findall(line) if token.strip(_EDGES)]


def words(cell: str) -> list[str]:
    """Several bare addresses with spaces between them are several entries; everything else is one."""
    found = cell.split()
    return found if len(found) > 1 and all(_BARE.fullmatch(word) for word in found) else [cell]


def looks_like_address(cell: str) -> bool:
    """Whether a cell is meant as one address, valid or not: `a@b` or `Name <a@b>`."""
    return "@" in cell and (_BARE.fullmatch(cell) or _NAMED.fullmatch(cell)) is not None


def _delimiter(text: str) -> str:
    """The one that gives the most addresses, then the most rows of one length, then the most columns."""

    def score(delimiter: str) -> tuple[int, int, int]:
        rows = [cells for _, cells in _sample(text, delimiter, SAMPLE)]
        lengths = Counter(len(cells) for cells in rows if len(cells) > 1)
        width, same = lengths.most_common(1)[0] if lengths else (1, 0)
        return sum(looks_like_address(cell) for cells in rows for cell in cells), same, width

    return max(DELIMITERS, key=score)


def _header(sample: Sequence[Record]) -> tuple[int, list[str]]:
    """The number of the row that names columns, and the names; 0 if there is none. It holds no address, and either a
    name that is known or several names. Only the former may stand below a title."""
    for number, cells in sample[: TITLE + 1]:
        if any("@" in cell for cell in cells):
            break
        if any(plain(cell) in EMAIL_NAMES for cell in cells):
            return number, cells
        if sum(map(bool, cells)) > 1:
            break
    number, first = sample[0] if sample else (0, [])
    # One lone unknown word may as well be a bad address: then it is shown as such instead of vanishing.
    several = sum(map(bool, first)) > 1 and not any("@" in cell for cell in first)
    below = any(looks_like_address(cell) for _, cells in sample[1:] for cell in cells)
    return (number, first) if several and below else (0, [])


def _shape(in_cells: Sequence[Record], in_tokens: Sequence[Record]) -> Literal["table", "cells", "tokens"]:
    by_cells, by_tokens = _addresses(in_cells), _addresses(in_tokens)
    chosen = in_tokens if by_tokens > by_cells else in_cells
    if not _is_pasted(chosen, max(by_cells, by_tokens)):
        return "table"
    return "tokens" if chosen is in_tokens else "cells"


def _addresses(rows: Sequence[Record]) -> int:
    return sum(looks_like_address(word) for _, cells in rows[:SAMPLE] for cell in cells for word in words(cell))


def _is_pasted(rows: Sequence[Record], addresses: int) -> bool:
    widths = [sum(map(bool, cells)) for _, cells in rows[:SAMPLE] if any(cells)]
    if max(widths, default=0) <= 1:
        return True
    uneven = len(widths) == 1 or len(set(widths)) > 1
    return addresses >= sum(widths) or (uneven and addresses * 2 > sum(widths))


def _columns(
    sample: Sequence[Sequence[str]], titles: Sequence[str], mapping: Sequence[str | None] | None
) -> tuple[str | None, ...]:
    rows = sample[:SAMPLE]
    if max(map(len, (titles, *rows)), default=0) > LIMIT:
        raise ValidationError.at("file", f"This list has more than {LIMIT} columns: leave out what no message needs.")
    width = _width(rows, titles)
    if mapping is not None:
        return check_mapping(mapping, width)
    addresses = [sum(len(cells) > i and looks_like_address(cells[i]) for cells in rows) for i in range(width)]
    return name_columns([*titles, *[""] * (width - len(titles))], addresses)


def _width(rows: Sequence[Sequence[str]], titles: Sequence[str]) -> int:
    """As many columns as have names, or as most rows have: a row with more is out of shape."""
    lengths = Counter(map(len, rows))
    usual = max(lengths, key=lambda length: (lengths[length], length), default=0)
    if titles and 2 * lengths[usual] <= len(rows):
        return len(titles)
    return max(len(titles), usual)
