"""A list of recipients: who is on it once, who twice, and what is no address. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from app.domain import addresses
from app.domain.addresses import InvalidAddress
from app.domain.csv_mapping import Table
from app.domain.text import one_line, why_turned

SHOWN: Final = 100  # characters of a bad value that are repeated
VARIABLES_LIMIT: Final = 65_536  # bytes of JSON, of one recipient


class Recipient(msgspec.Struct, frozen=True):
    email: str
    key: str  # equal for addresses that are to be taken for one mailbox
    name: str | None
    variables: dict[str, object]


class Rejected(msgspec.Struct, frozen=True):
    row: int  # in a file as a spreadsheet counts, from 1; in a list of the API its index, from 0
    value: str
    reason: str


class Recipients(msgspec.Struct, frozen=True):
    valid: list[Recipient]  # in the order of the list; of equal addresses the first
    duplicates: int
    invalid: list[Rejected]


def from_table(table: Table) -> Recipients:
    """Every row is one of: valid, duplicate, invalid. The variables are the row's other columns, by their names."""
    at = table.columns.index("email")
    naming = table.columns.index("name") if "name" in table.columns else None
    variables = [(i, column) for i, column in enumerate(table.columns) if i not in (at, naming)]
    return collect(
        (
            row.number,
            row.cells[at],
            row.cells[naming] if naming is not None else None,
            {column: row.cells[i] for i, column in variables},
        )
        for row in table.rows
    )


def collect(entries: Iterable[tuple[int, str, str | None, dict[str, object]]]) -> Recipients:
    """Reads (row, address, name, variables). A name of its own wins over the one in `Name <address>`."""
    valid: list[Recipient] = []
    invalid: list[Rejected] = []
    seen: set[str] = set()
    duplicates = 0
    for row, text, name, variables in entries:
        try:
            address = addresses.parse(text)
        except InvalidAddress as error:
            reason = error.message if text.strip() else "There is no address in this row."
            invalid.append(Rejected(row, text[:SHOWN], reason))
            continue
        if address.key in seen:
            duplicates += 1
            continue
        if (unfit := why_turned(name or "") or why_too_large(variables)) is not None:
            invalid.append(Rejected(row, text[:SHOWN], unfit))
            continue
        seen.add(address.key)
        shown = one_line(name or address.name)[: addresses.NAME_LIMIT]
        valid.append(Recipient(address.email, address.key, shown or None, variables))
    return Recipients(valid, duplicates, invalid)


def why_too_large(variables: Mapping[str, object]) -> str | None:
    """Each row of variables is kept as long as its message."""
    if len(msgspec.json.encode(variables)) <= VARIABLES_LIMIT:
        return None
    return f"The variables of one recipient have at most {VARIABLES_LIMIT:,} bytes of JSON."
