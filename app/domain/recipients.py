"""A list of recipients: who is on it once, who twice, and what is no address. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from app.domain import addresses
from app.domain.addresses import InvalidAddress
from app.domain.csv_reading import Row
from app.domain.text import one_line, why_turned

SHOWN: Final = 100  # characters of a bad value that are repeated
VARIABLES_LIMIT: Final = 65_536  # bytes of JSON, of one recipient

_BEHIND: Final = " ,;."
_AROUND: Final = {"'": "'", '"': '"', "‘": "’", "“": "”", "(": ")", "[": "]"}


class Recipient(msgspec.Struct, frozen=True):
    email: str
    key: str  # equal for addresses that are to be taken for one mailbox
    name: str | None
    variables: dict[str, object]
    row: int = 0  # as `Rejected` counts


class Rejected(msgspec.Struct, frozen=True):
    row: int  # in a file as a spreadsheet counts, from 1; in a list of the API its index, from 0
    value: str
    reason: str


class Recipients(msgspec.Struct, frozen=True):
    valid: list[Recipient]  # in the order of the list; of equal addresses the first
    duplicates: int
    invalid: list[Rejected]


def judged(columns: Sequence[str | None], rows: Iterable[Row]) -> Iterator[Recipient | Rejected]:
    """Each row as a recipient or with the reason why it is none, in order; equal addresses are not looked for.

    The variables are the row's other columns, by their names.
    """
    width = len(columns)
    at = columns.index("email")
    naming = columns.index("name") if "name" in columns else None
    variables = [(i, column) for i, column in enumerate(columns) if column is not None and i not in (at, naming)]
    for row in rows:
        cells = row.cells
        if len(cells) > width:
            reason = (
                f"This row has {len(cells)} cells and the list {width} column{'s' if width > 1 else ''}: "
                "a text with the separator in it needs quotation marks."
            )
            yield Rejected(row.number, cells[at][:SHOWN], reason)
            continue
        name = cells[naming] if naming is not None else None
        yield judge(row.number, _bared(cells[at]), name, {column: cells[i] for i, column in variables})


def _bared(cell: str) -> str:
    """Without the signs that mail programs and sentences leave around an address: none of them can be part of one."""
    if "\uff20" in cell:  # @ from a Japanese or Chinese keyboard
        cell = unicodedata.normalize("NFKC", cell)
    cell = cell.rstrip(_BEHIND)
    if len(cell) > 2 and _AROUND.get(cell[0]) == cell[-1]:
        return cell[1:-1]
    return cell


def collect(entries: Iterable[tuple[int, str, str | None, dict[str, object]]]) -> Recipients:
    """Reads (row, address, name, variables). A name of its own wins over the one in `Name <address>`."""
    return sorted_out(judge(*entry) for entry in entries)


def judge(row: int, text: str, name: str | None, variables: dict[str, object]) -> Recipient | Rejected:
    try:
        address = addresses.parse(text)
    except InvalidAddress as error:
        reason = error.message if text.strip() else "There is no address in this row."
        return Rejected(row, text[:SHOWN], reason)
    if (unfit := (why_turned(name) if name else None) or why_too_large(variables)) is not None:
        return Rejected(row, text[:SHOWN], unfit)
    given = name or address.name
    shown = one_line(given)[: addresses.NAME_LIMIT] if given else ""
    return Recipient(address.email, address.key, shown or None, variables, row)


def sorted_out(found: Iterable[Recipient | Rejected]) -> Recipients:
    """Each is one of: valid, duplicate, invalid."""
    valid: list[Recipient] = []
    invalid: list[Rejected] = []
    seen: set[str] = set()
    duplicates = 0
    for each in found:
        if isinstance(each, Rejected):
            invalid.append(each)
        elif each.key in seen:
            duplicates += 1
        else:
            seen.add(each.key)
            valid.append(each)
    return Recipients(valid, duplicates, invalid)


def why_too_large(variables: Mapping[str, object]) -> str | None:
    """Each row of variables is kept as long as its message."""
    if not variables or len(msgspec.json.encode(variables)) <= VARIABLES_LIMIT:
        return None
    return f"The variables of one recipient have at most {VARIABLES_LIMIT:,} bytes of JSON."
