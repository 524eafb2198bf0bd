"""Reading a list: what is found, what is kept and what is said about the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from litestar import Litestar

from tests.support.tenants import Api

DATA = Path(__file__).parents[1] / "data"


async def upload(api: Api, data: bytes, filename: str = "list.csv") -> Any:
    return await api.ok("POST", "/recipients/parse", files={"file": (filename, data)})


async def kept(app: Litestar, found: Any) -> list[tuple[str, str | None, Any]]:
    async with app.state.pool.connection() as conn:
        cursor = await conn.execute(
            "select email, name, variables from import_recipients where import_id = %s order by position",
            [UUID(found["import_id"])],
        )
        return [(row["email"], row["name"], row["variables"]) for row in await cursor.fetchall()]


async def test_a_file_is_read_and_kept(api: Api, app: Litestar) -> None:
    found = await upload(
        api, "Email;Name;City\nA@x.example;Ann;Köln\na@X.example;;\nbad;;\n\n;Bob;\n".encode("utf-8-sig")
    )
    assert found | {"import_id": ""} == {
        "object": "import",
        "import_id": "",
        "state": "done",
        "detected": 4,
        "valid": 1,
        "duplicates": 1,
        "suppressed": 0,
        "invalid": [
            {"row": 4, "value": "bad", "reason": "“bad” has no @."},
            {"row": 6, "value": "", "reason": "There is no address in this row."},
        ],
        "invalid_count": 2,
        "columns": ["email", "name", "city"],
        "sample": [{"email": "A@x.example", "name": "Ann", "variables": {"city": "Köln"}}],
    }
    assert await kept(app, found) == [("A@x.example", "Ann", {"city": "Köln"})]


async def test_pasted_text_is_read_too(api: Api, app: Litestar) -> None:
    found = await api.ok(
        "POST", "/recipients/parse", json={"text": 'Ann <a@x.example>, b@x.example\n"C, D" <c@x.example>'}
    )
    assert (found["detected"], found["columns"]) == (3, ["email"])
    assert await kept(app, found) == [
        ("a@x.example", "Ann", None),
        ("b@x.example", None, None),
        ("c@x.example", "C, D", None),
    ]


async def test_the_suppressed_are_left_out(api: Api, app: Litestar, stranger: Api) -> None:
    async with app.state.pool.connection() as conn:
        await conn.execute(
            "insert into suppressions (workspace_id, address, reason) values (%s, 'no@x.example', 'unsubscribed')",
            [api.tenant.workspace_id],
        )
    found = await upload(api, b"No@x.example\nyes@x.example\n")
    assert (found["detected"], found["valid"], found["suppressed"]) == (2, 1, 1)
    assert [email for email, _, _ in await kept(app, found)] == ["yes@x.example"]
    assert (await upload(stranger, b"No@x.example\n"))["valid"] == 1


async def test_ten_thousand_rows_are_read_at_once_and_one_more_is_too_many(api: Api) -> None:
    rows = [f"user{i}@x.example,{i}" for i in range(10_000)]
    found = await upload(api, "\n".join(["email,number", *rows]).encode())
    assert (found["detected"], found["valid"]) == (10_000, 10_000)
    rows.append("more@x.example,1")
    problems = await api.refused(
        413, "POST", "/recipients/parse", files={"file": ("a.csv", "\n".join(["email,number", *rows]).encode())}
    )
    assert "10,000" in problems[""]


async def test_many_bad_rows_are_counted_and_the_first_thousand_shown(api: Api) -> None:
    found = await upload(api, b"email\n" + b"bad\n" * 1500)
    assert (found["detected"], found["invalid_count"], len(found["invalid"])) == (1500, 1500, 1000)


@pytest.mark.parametrize("name", ["workbook.xlsx", "zeros.csv"])
async def test_what_is_no_text_is_refused(api: Api, name: str) -> None:
    data = {"workbook.xlsx": b"PK\x03\x04\x14\x00\x06\x00", "zeros.csv": b"a@x.example\n\x00\x00\x00\n"}[name]
    problems = await api.refused(422, "POST", "/recipients/parse", files={"file": (name, data)})
    assert "CSV" in problems["file"]


async def test_requests_without_a_list_are_refused(api: Api) -> None:
    assert "file" in await api.refused(422, "POST", "/recipients/parse", files={"other": ("a.csv", b"a@x.example")})
    assert "text" in await api.refused(422, "POST", "/recipients/parse", json={})
    assert "txt" in await api.refused(422, "POST", "/recipients/parse", json={"text": "a", "txt": "b"})
    for kind in ("application/json", "multipart/form-data", "multipart/form-data; boundary=x"):
        answer = await api.post("/recipients/parse", content=b"{", headers={"content-type": kind})
        assert answer.status_code in (400, 422), answer.text
    answer = await api.post("/recipients/parse", files={"file": ("a.csv", b"x" * (12 * 1024 * 1024))})
    assert answer.status_code == 413


async def test_an_empty_file_is_an_empty_list(api: Api) -> None:
    found = await upload(api, b"")
    assert (found["detected"], found["valid"], found["invalid"]) == (0, 0, [])


async def test_a_row_that_turns_its_text_or_is_too_large_is_named(api: Api) -> None:
    text = f"email;name;note\na@x.example;Ann\u200f;x\nb@x.example;B\u202eob;x\nc@x.example;Cy;{'x' * 65_536}\n"
    found = await api.ok("POST", "/recipients/parse", json={"text": text})
    assert (found["valid"], [bad["row"] for bad in found["invalid"]]) == (1, [3, 4])
    assert "U+202E" in found["invalid"][0]["reason"]
    assert "65,536" in found["invalid"][1]["reason"]
