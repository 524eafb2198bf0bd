"""From a file to rows of cells: CSV as spreadsheets really write it, and lists that were pasted. Pure.

Few files follow RFC 4180: Excel writes `;` where the comma is decimal, a byte order mark, UTF-16 for "Unicode text" and
Windows-1252 for plain CSV. What is guessed here is guessed from the content, and nothing is dropped in silence.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Final

import msgspec

from app.domain.decoding import decode
from app.errors import TooLarge, ValidationError

ROWS_LIMIT: Final = 10_000
COLUMNS_LIMIT: Final = 200
SAMPLE: Final = 200  # rows that are looked at to guess the layout

DELIMITERS: Final = (",", ";", "\t", "|")

# Header names, as `_plain` writes them.
EMAIL_NAMES: Final = {
    *("email", "emails", "mail", "emailaddress", "emailaddresses", "mailaddress", "emailid", "workemail"),
    *("recipient", "recipients", "recipientemail", "to", "address", "addresses", "emailadresse", "emailadressen"),
    *("mailadresse", "adressemail", "adresseemail", "courriel", "correo", "correoelectronico", "indirizzoemail"),
}
NAME_NAMES: Final = {
    *("name", "fullname", "displayname", "recipientname", "contact", "contactname", "nom", "nombre", "nome"),
}

# Words that Jinja2 reads as its own.
_RESERVED: Final = {
    *("and", "caller", "elif", "else", "false", "for", "if", "in", "is", "loop", "none", "not", "or", "self"),
    *("super", "true"),
}
_EDGES: Final = " \t\r\n\v\f\u00a0\u200b\u2060\ufeff"
_BARE = re.compile(r'[^\s@<>,;|"]+@[^\s@<>,;|"]+')
_NAMED = re.compile(r"[^<>]*<\s*" + _BARE.pattern + r"\s*>")
_TOKEN = re.compile(r'(?:"[^"\n]*"|<[^<>\n]*>|[^,;"<]|["<])+')
_SEPARATOR_HINT = re.compile(r"sep=(.)[ \t]*\r?\n", re.IGNORECASE)  # Excel's own first line


Record = tuple[int, list[str]]  # the number of a row and its cells


class Row(msgspec.Struct, frozen=True):
    number: int  # as a spreadsheet counts, from 1, header and blank rows included
    cells: list[str]  # trimmed, as many as there are columns


class Table(msgspec.Struct, frozen=True):
    """`columns` are names that a template can use. Exactly one is `email`; that of people's names, if any, `name`."""

    columns: tuple[str, ...]
    rows: list[Row]


def read_table(data: bytes | str, *, most: int = ROWS_LIMIT) -> Table:
    """Raises UnreadableFile when this is no text, ValidationError or TooLarge when it has too many columns or rows."""
    text = decode(data) if isinstance(data, bytes) else decode(data.encode("utf-8", "surrogatepass"))
    hint = _SEPARATOR_HINT.match(text)
    if hint and hint[1] in DELIMITERS:
        records = [(number + 1, cells) for number, cells in _records(text[hint.end() :], hint[1], most + 1)]
    else:
        records = list(_records(text, _delimiter(text), most + 1))
    if not records:
        return Table(("email",), [])
    header = _header(records)
    entries = _entries(text, records, most) if header is None else None
    if entries is not None:
        table = Table(("email",), [Row(number, [entry]) for number, entry in entries])
    else:
        table = _columns(records if header is None else records[1:], header)
    if len(table.rows) > most:
        raise TooLarge(f"This list has more than {most:,} rows: divide it into several.")
    return table


def _records(text: str, delimiter: str, most: int) -> Iterator[Record]:
    """At most `most` + 1 (a header) records that hold something, with their numbers."""
    filled = (
        (number, cells)
        for number, cells in enumerate(_cells(text, delimiter), start=1)
        if any(cells)  # spreadsheets leave rows of delimiters behind
    )
    return islice(filled, most + 1)


def _cells(text: str, delimiter: str) -> Iterator[list[str]]:
    try:
        rows = list(csv.reader(_lines(text), delimiter=delimiter, skipinitialspace=True, strict=True))
    except csv.Error:
        # A quote that never ends would swallow the rest of the file: then a row is a line.
        rows = [_loose(line.rstrip("\r\n"), delimiter) for line in _lines(text)]
    return ([cell.strip(_EDGES) for cell in cells] for cells in rows)


def _loose(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:  # a cell longer than csv's limit
        return line.split(delimiter)


def _lines(text: str) -> Iterator[str]:
    """Ended by CR, LF or both; str.splitlines() would end them at more than that."""
    ended = (
        text if text.endswith(("\n", "\r")) else text + "\n"
    )  # an open quote at the very end is an error to `strict`
    return iter(io.StringIO(ended, newline=""))


def _delimiter(text: str) -> str:
    """The one that gives the most addresses, then the most rows of one length, then the most columns."""

    def score(delimiter: str) -> tuple[int, int, int]:
        rows = [cells for _, cells in islice(_records(_head(text), delimiter, SAMPLE), SAMPLE)]
        lengths = Counter(len(cells) for cells in rows if len(cells) > 1)
        width, same = lengths.most_common(1)[0] if lengths else (1, 0)
        return sum(looks_like_address(cell) for cells in rows for cell in cells), same, width

    return max(DELIMITERS, key=score)


def _head(text: str) -> str:
    """Enough of the beginning to guess from, ending at the end of a line."""
    if len(text) <= 65_536:
        return text
    end = text.rfind("\n", 0, 65_536)
    return text[: end if end > 0 else 65_536]


def looks_like_address(cell: str) -> bool:
    """Whether a cell is meant as one address, valid or not: `a@b` or `Name <a@b>`."""
    return "@" in cell and (_BARE.fullmatch(cell) or _NAMED.fullmatch(cell)) is not None


def _header(records: list[Record]) -> list[str] | None:
    """The first row, if it names columns: it holds no address, and either a name that is known or several names."""
    first = records[0][1]
    if any("@" in cell for cell in first):
        return None
    if any(_plain(cell) in EMAIL_NAMES for cell in first):
        return first
    # One lone unknown word may as well be a bad address: then it is shown as such instead of vanishing.
    several = len(first) > 1 and sum(map(bool, first)) > 1
    below = any(looks_like_address(cell) for _, cells in records[1:SAMPLE] for cell in cells)
    return first if several and below else None


def _entries(text: str, records: list[Record], most: int) -> list[tuple[int, str]] | None:
    """The addresses of a list as pasted from a mail program, several in a row; None if this is a table."""
    filled = ((number, found) for number, line in enumerate(_lines(text), start=1) if (found := _tokens(line)))
    tokens = list(islice(filled, most + 1))
    in_cells, in_tokens = _addresses(records), _addresses(tokens)
    chosen = tokens if in_tokens > in_cells else records
    if not _is_list(chosen, max(in_cells, in_tokens)):
        return None
    return [(number, entry) for number, cells in chosen for cell in cells if cell for entry in _words(cell)]


def _tokens(line: str) -> list[str]:
    """What stands between commas and semicolons outside of quotation marks and angle brackets."""
    return [token.strip(_EDGES) for token in _TOKEN.findall(line) if token.strip(_EDGES)]


def _addresses(rows: list[Record]) -> int:
    return sum(looks_like_address(word) for _, cells in rows[:SAMPLE] for cell in cells for word in _words(cell))


def _is_list(rows: list[Record], addresses: int) -> bool:
    widths = [sum(map(bool, cells)) for _, cells in rows[:SAMPLE] if any(cells)]
    if max(widths, default=0) <= 1:
        return True
    uneven = len(widths) == 1 or len(set(widths)) > 1
    return addresses >= sum(widths) or (uneven and addresses * 2 > sum(widths))


def _words(cell: str) -> list[str]:
    """Several bare addresses with spaces between them are several entries; everything else is one."""
    words = cell.split()
    return words if len(words) > 1 and all(_BARE.fullmatch(word) for word in words) else [cell]


def _columns(records: list[Record], header: list[str] | None) -> Table:
    width = max(max((len(cells) for _, cells in records), default=0), len(header or ()))
    if width > COLUMNS_LIMIT:
        raise ValidationError.at("file", f"This list has {width:,} columns; at most {COLUMNS_LIMIT} are read.")
    rows = [Row(number, cells + [""] * (width - len(cells))) for number, cells in records]
    titles = [*(header or ()), *[""] * (width - len(header or ()))]
    addresses = [sum(looks_like_address(row.cells[i]) for row in rows[:SAMPLE]) for i in range(width)]
    named = [i for i, title in enumerate(titles) if _plain(title) in EMAIL_NAMES]
    with_content = [i for i in named if addresses[i]]
    # By name, unless that column has no address and another one has.
    candidates = with_content or (named if named and not any(addresses) else range(width))
    place = max(candidates, key=lambda i: (addresses[i], -i))
    return Table(tuple(_variables(titles, place)), rows)


def _variables(titles: list[str], email: int) -> list[str]:
    name = next((i for i, title in enumerate(titles) if i != email and _plain(title) in NAME_NAMES), None)
    taken = {"email", "name"} if name is not None else {"email"}
    result: list[str] = []
    for i, title in enumerate(titles):
        if i == email:
            result.append("email")
        elif i == name:
            result.append("name")
        else:
            wanted = variable_name(title) or f"column_{i + 1}"
            free, number = wanted, 2
            while free in taken:
                free, number = f"{wanted}_{number}", number + 1
            taken.add(free)
            result.append(free)
    return result


def variable_name(title: str) -> str:
    """`First Name` -> `first_name`: what a template can use. Empty if nothing is left."""
    plain = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", title).lower()).strip("_")
    if not plain:
        return ""
    if plain[0].isdigit():
        plain = f"column_{plain}"
    return f"{plain}_" if plain in _RESERVED else plain


def _plain(title: str) -> str:
    decomposed = unicodedata.normalize("NFKD", title).casefold()
    return "".join(c for c in decomposed if c.isalnum())
