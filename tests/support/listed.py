"""A list that is short enough to be looked at as a whole."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import NamedTuple

from app.domain.csv_reading import Row, open_list
from app.domain.recipients import Recipients, judged, sorted_out


class Table(NamedTuple):
    columns: tuple[str | None, ...]
    rows: list[Row]


def read_table(data: bytes | str, *, mapping: Sequence[str | None] | None = None) -> Table:
    """Its rows as they are read. Raises what reading raises."""
    raw = data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass")
    listing = open_list(io.BytesIO(raw), mapping=mapping)
    return Table(listing.columns, list(listing.rows))


def from_table(table: Table) -> Recipients:
    return sorted_out(judged(table.columns, table.rows))
