"""CSV for spreadsheets that run formulas."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from app.domain.spreadsheets import STARTS, csv_rows, safe_cell, unsafe_cell


@given(st.lists(st.lists(st.text(st.characters(exclude_characters="\0")), min_size=1, max_size=4), max_size=4))
def test_no_cell_starts_a_formula_and_every_cell_comes_back(rows: list[list[str]]) -> None:
    read = list(csv.reader(io.StringIO(csv_rows(rows), newline="")))
    assert not any(cell.startswith(STARTS) for row in read for cell in row)
    assert [[unsafe_cell(cell) for cell in row] for row in read if row] == [
        [unsafe_cell(safe_cell(cell)) for cell in row] for row in rows
    ]


def test_a_formula_becomes_text_and_text_stays() -> None:
    assert [safe_cell(text) for text in ("=1+1", "+49", "-1", "@x", "\tx", "\rx", "a=b", "", "'x")] == [
        *("'=1+1", "'+49", "'-1", "'@x", "'\tx", "'\rx", "a=b", "", "'x")
    ]
    assert unsafe_cell("'=1+1") == "=1+1"
    assert unsafe_cell("'x") == "'x"
