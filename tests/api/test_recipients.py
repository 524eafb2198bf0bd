"""Reading a list: what is found, what is kept and what is said about the rest."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from litestar import Litestar

from tests.support.tenants import Api

NOBODY = "00000000-0000-7000-8000-000000000000"


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
    assert found | {"import_id": "", "created_at": ""} == {
        "object": "import",
        "purpose": "recipients",
        "import_id": "",
        "created_at": "",
        "state": "done",
        "progress": 1.0,
        "error": None,
        "filename": "list.csv",
        "roles": 0,
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


async def test_ten_thousand_rows_are_read_at_once_and_more_by_a_worker(api: Api, app: Litestar) -> None:
    rows = [f"user{i}@x.example,{i}" for i in range(10_000)]
    found = await upload(api, "\n".join(["email,number", *rows]).encode())
    assert (found["state"], found["detected"], found["valid"]) == ("done", 10_000, 10_000)
    rows.append("more@x.example,1")
    answer = await api.post("/recipients/parse", files={"file": ("a.csv", "\n".join(["email,number", *rows]).encode())})
    waiting = answer.json()
    assert (answer.status_code, waiting["state"], waiting["progress"]) == (202, "waiting", 0)
    async with app.state.pool.connection() as conn:
        cursor = await conn.execute("select task_name, args->>'import_id' as id from procrastinate_jobs")
        assert await cursor.fetchall() == [{"task_name": "imports:read", "id": waiting["import_id"]}]


async def test_a_list_that_is_not_read_yet_makes_no_campaign_and_can_be_cancelled(
    api: Api, app: Litestar, stranger: Api
) -> None:
    found = await upload(api, b"email\n" + b"".join(b"u%d@x.example\n" % i for i in range(10_001)))
    at = f"/imports/{found['import_id']}"
    problems = await api.refused(
        422,
        "POST",
        "/campaigns",
        json={"sender_ids": [NOBODY], "subject": "Hi", "text": "x", "import_id": found["import_id"]},
    )
    assert "still being read" in problems["import_id"]
    for method, path in (("GET", at), ("POST", f"{at}/cancel"), ("GET", f"{at}/report.csv")):
        await stranger.refused(404, method, path)
    assert (await api.ok("POST", f"{at}/cancel"))["state"] == "cancelled"
    assert (await api.ok("GET", at))["state"] == "cancelled"
    async with app.state.pool.connection() as conn:
        cursor = await conn.execute("select from import_chunks")
        assert await cursor.fetchall() == []


async def test_all_that_is_wrong_is_in_the_report(api: Api, app: Litestar) -> None:
    async with app.state.pool.connection() as conn:
        await conn.execute(
            "insert into suppressions (workspace_id, address, reason) values (%s, 'no@x.example', 'hard_bounce')",
            [api.tenant.workspace_id],
        )
    found = await upload(api, b"email\na@x.example\n=cmd\nA@x.example\nno@x.example\ninfo@x.example\n")
    assert (found["duplicates"], found["suppressed"], found["roles"], found["invalid_count"]) == (1, 1, 1, 1)
    answer = await api.get(f"/imports/{found['import_id']}/report.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text.splitlines() == [
        "\ufeffrow,problem,value,reason",
        "4,duplicate,A@x.example,The same address stands in an earlier row.",
        "3,invalid,'=cmd,“=cmd” has no @.",
        "6,role,info@x.example,The address of a role.",
        "5,suppressed,no@x.example,On the suppression list: hard bounce.",
    ]


async def test_columns_are_named_by_people(api: Api, app: Litestar) -> None:
    form = {"columns": '["first_name", null, "email"]'}
    found = await api.ok("POST", "/recipients/parse", files={"file": ("a.csv", b"Ann,Ulm,a@x.example\n")}, data=form)
    assert (found["columns"], found["sample"][0]["variables"]) == (["first_name", "email"], {"first_name": "Ann"})
    for wrong in ("[", '"email"', '["first_name"]'):
        refused = await api.refused(
            422, "POST", "/recipients/parse", files={"file": ("a.csv", b"a@x.example")}, data={"columns": wrong}
        )
        assert any(path.startswith("columns") for path in refused)


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


@pytest.mark.parametrize(
    ("kind", "field"),
    [("text/plain", "Zo\xeb@x.example"), ("text/plain; charset=nope", "a@x.example"), ("text/plain; charset=hex", "6")],
)
@pytest.mark.parametrize("path", ["/recipients/parse", "/suppressions/import"])
async def test_a_field_in_another_encoding_than_it_says_is_refused(api: Api, path: str, kind: str, field: str) -> None:
    head = f'--x\r\nContent-Disposition: form-data; name="file"\r\nContent-Type: {kind}\r\n\r\n'
    body = f"{head}{field}\r\n--x--\r\n".encode("latin-1")
    answer = await api.post(path, content=body, headers={"content-type": "multipart/form-data; boundary=x"})
    assert (answer.status_code, answer.json()["name"]) == (400, "invalid_request")


async def test_an_empty_file_is_an_empty_list(api: Api) -> None:
    found = await upload(api, b"")
    assert (found["detected"], found["valid"], found["invalid"]) == (0, 0, [])


async def test_a_row_that_turns_its_text_or_is_too_large_is_named(api: Api) -> None:
    text = f"email;name;note\na@x.example;Ann\u200f;x\nb@x.example;B\u202eob;x\nc@x.example;Cy;{'x' * 65_536}\n"
    found = await api.ok("POST", "/recipients/parse", json={"text": text})
    assert (found["valid"], [bad["row"] for bad in found["invalid"]]) == (1, [3, 4])
    assert "U+202E" in found["invalid"][0]["reason"]
    assert "65,536" in found["invalid"][1]["reason"]
