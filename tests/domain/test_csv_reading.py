"""How a list is read: what is guessed, what is refused. Whole files are in tests/journeys/test_lists.py."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.csv_columns import variable_name
from app.domain.csv_layout import DELIMITERS
from app.domain.decoding import UnreadableFile
from app.errors import PacelineError, ValidationError
from tests.support.listed import from_table, read_table


@pytest.mark.parametrize(
    ("text", "columns", "cells"),
    [
        ("", ("email",), []),
        ("\n \n", ("email",), []),
        ("email\n", ("email",), []),
        ("a@x.example", ("email",), [["a@x.example"]]),
        ("a@x.example;b@x.example; c@x.example", ("email",), [["a@x.example"], ["b@x.example"], ["c@x.example"]]),
        ("a@x.example, not one, b@x.example", ("email",), [["a@x.example"], ["not one"], ["b@x.example"]]),
        ("nobody\na@x.example", ("email",), [["nobody"], ["a@x.example"]]),
        ("Recipients\na@x.example", ("email",), [["a@x.example"]]),
        ("Who,Where\na@x.example,Ulm", ("email", "where"), [["a@x.example", "Ulm"]]),
        ("email|n\na@x.example|1,5", ("email", "n"), [["a@x.example", "1,5"]]),
        ("email,name\na@x.example", ("email", "name"), [["a@x.example", ""]]),
        ("a@x.example, Ann\nb@x.example, Ben", ("email", "column_2"), [["a@x.example", "Ann"], ["b@x.example", "Ben"]]),
        ("email,Email\n,a@x.example", ("email_2", "email"), [["", "a@x.example"]]),
        ("email,n,n,if,2nd,\na@x.example,1,2,3,4,5", ("email", "n", "n_2", "if_", "column_2nd", "column_6"), None),
    ],
)
def test_small_cases(text: str, columns: tuple[str, ...], cells: list[list[str]] | None) -> None:
    table = read_table(text)
    assert table.columns == columns
    if cells is not None:
        assert [row.cells for row in table.rows] == cells


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("First Name", "first_name"),
        ("  E-Mail  ", "e_mail"),
        ("Straße", "straße"),
        ("城市", "城市"),
        ("2nd", "column_2nd"),
        ("for", "for_"),
        ("???", ""),
    ],
)
def test_names_that_a_template_can_use(title: str, name: str) -> None:
    assert variable_name(title) == name
    assert name == "" or name.isidentifier()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PK\x03\x04\x14\x00", "workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "workbook"),
        (b"%PDF-1.7", "PDF"),
        (b"a@x.example\n\0\0\0", "no text has"),
        (b"\xff\xfea", "UTF-16"),
        (b"email\na@x.example\nb@x.example\0\n", "Line 3"),
    ],
)
def test_what_is_no_text_says_so(data: bytes, said: str) -> None:
    with pytest.raises(UnreadableFile, match=said) as refused:
        read_table(data)
    assert refused.value.problems[0].path == "file"


def test_more_columns_than_a_message_needs_are_refused() -> None:
    with pytest.raises(ValidationError, match="columns"):
        read_table("email" + ",x" * 300 + "\na@x.example")


def test_a_quotation_mark_inside_of_a_cell_is_one() -> None:
    table = read_table('email,size\na@x.example,5" pipe\nb@x.example,"5"" pipe"\n')
    assert [row.cells[1] for row in table.rows] == ['5" pipe', '5" pipe']


def test_a_row_out_of_shape_is_named_instead_of_read_wrongly() -> None:
    many = "".join(f"u{i}@x.example,Acme,Ulm\n" for i in range(300))
    found = from_table(read_table(f"email,company,city\n{many}z@x.example,Acme, Inc,Ulm\n"))
    assert (len(found.valid), [bad.row for bad in found.invalid]) == (300, [302])
    assert "4 cells and the list 3 columns" in found.invalid[0].reason


@pytest.mark.parametrize(("encoding", "name"), [("cp1252", "Müller"), ("cp1251", "Иванов Пётр Сергеевич")])
def test_older_encodings_are_found_by_their_text(encoding: str, name: str) -> None:
    rows = "".join(f"u{i}@x.example;{name}\r\n" for i in range(50))
    table = read_table(f"email;name\r\n{rows}".encode(encoding))
    assert {row.cells[1] for row in table.rows} == {name}


def test_an_encoding_shows_itself_late() -> None:
    data = b"email;name\n" + b"a@x.example;Ann\n" * 50_000 + "b@x.example;Zoë\n".encode("cp1252")
    assert read_table(data).rows[-1].cells[1] == "Zoë"


def test_people_may_name_the_columns() -> None:
    text = "Anna,Ulm,anna@x.example\nBen,Rom,ben@x.example\n"
    table = read_table(text, mapping=["first_name", None, "email"])
    assert table.columns == ("first_name", None, "email")
    found = from_table(table)
    assert [(each.email, each.variables) for each in found.valid] == [
        ("anna@x.example", {"first_name": "Anna"}),
        ("ben@x.example", {"first_name": "Ben"}),
    ]


@pytest.mark.parametrize(
    ("mapping", "path"),
    [
        (["name", None, None], "columns"),
        (["email", "email", None], "columns"),
        (["email", "First Name", None], "columns[1]"),
        (["email", "a", "a"], "columns[2]"),
        (["email", "a", "b", "c"], "columns"),
    ],
)
def test_names_that_cannot_be(mapping: list[str | None], path: str) -> None:
    with pytest.raises(ValidationError) as refused:
        read_table("a@x.example,1,2\n", mapping=mapping)
    assert refused.value.problems[0].path == path


def test_every_row_is_valid_duplicate_or_invalid() -> None:
    found = from_table(
        read_table(
            "name,email\nAnn,Ann Other <A@x.example>\n,a@X.example\n,B <b@x.example>\n"
            "C,c@\nD,\nE,e@x.example e@y.example\n"
        )
    )
    assert [(r.email, r.name, r.variables) for r in found.valid] == [
        ("A@x.example", "Ann", {}),
        ("b@x.example", "B", {}),
    ]
    assert found.duplicates == 1
    assert [(bad.row, bad.value) for bad in found.invalid] == [(5, "c@"), (6, ""), (7, "e@x.example e@y.example")]
    assert found.invalid[1].reason == "There is no address in this row."


cells = st.text(st.characters(exclude_categories=["C", "Z"]) | st.sampled_from(" ,;|\t\n\"'@"), max_size=12)


@given(
    rows=st.lists(st.lists(cells, min_size=2, max_size=2), min_size=1, max_size=8),
    delimiter=st.sampled_from(DELIMITERS),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
def test_what_a_program_wrote_is_read_back(rows: list[list[str]], delimiter: str, encoding: str, line_end: str) -> None:
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writerow(["Email", "Note", "Other"])
    writer.writerows([f"user{i}@x.example", *row] for i, row in enumerate(rows))
    table = read_table(file.getvalue().encode(encoding))
    assert table.columns == ("email", "note", "other")
    trimmed = [[cell.strip(" \t\r\n") for cell in row] for row in rows]
    assert [row.cells for row in table.rows] == [[f"user{i}@x.example", *row] for i, row in enumerate(trimmed)]


@given(data=st.binary(max_size=300) | st.text('aé@x.,;|\t\n\r "<>-', max_size=200).map(str.encode))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    try:
        table = read_table(data)
    except PacelineError:
        return
    found = from_table(table)
    assert len(found.valid) + found.duplicates + len(found.invalid) == len(table.rows)
    assert all(len(row.cells) == len(table.columns) for row in table.rows)
    assert len(set(table.columns)) == len(table.columns)
