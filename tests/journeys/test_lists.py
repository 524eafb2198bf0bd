"""Lists as people have them: files of Excel, of a CRM, pasted from a mail program; and files that are none.

`tests/data/lists` has them, `expected.toml` beside them what each is to be read as. Every file is read by the rules
alone, and sent to a real server.
"""

from __future__ import annotations

import asyncio
import io
import secrets
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg
import pytest

from app.db.pool import make_pool
from app.domain.addresses import is_role
from app.domain.csv_layout import HEAD, guess
from app.domain.decoding import open_text
from app.domain.recipients import Recipient, Recipients
from app.errors import PacelineError
from app.settings import load
from tests.conftest import TEMPLATE, database_of
from tests.support.listed import from_table, read_table
from tests.support.ports import free_port
from tests.support.tenants import make_tenant
from tests.support.web_process import web_process

FOLDER: Final = Path(__file__).parents[1] / "data" / "lists"
EXPECTED: Final[dict[str, dict[str, Any]]] = tomllib.loads((FOLDER / "expected.toml").read_text("utf-8"))
SUPPRESSED: Final = {"unsubscribed@x.example": "unsubscribed", "bounced@bücher.example": "hard_bounce"}
SHOWN: Final = 5

# What would be too large to lie in the folder.
MADE: Final = {
    "a cell of 10 MB": (b"email,note\na@x.example," + b"x" * 10_000_000, "Line 2 has more than 1,048,576 characters"),
    "a long cell": (b"email,note\na@x.example," + b"x" * 200_000, "Row 2 does not end"),
    "two million columns": (b"email" + b",x" * 2_000_000, "more than 200 columns"),
    "an open quotation mark": (b'email,note\na@x.example,ok\n\nb@x.example,"' + b"x\n" * 100_000, "Row 4 does not end"),
    "two million quotation marks": (b"email,note\na@x.example," + b'"' * 2_000_001, "Line 2 has more than"),
}


@pytest.fixture(scope="module")
def api(postgres_url: str, migrated_template: str, redis_server_url: str) -> Iterator[httpx.Client]:
    """A workspace on a server of its own, whose lists hold nothing that a test could ask for twice."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create database lists template {TEMPLATE} strategy file_copy")
    environment = {
        "DATABASE_URL": database_of(postgres_url, "lists"),
        "REDIS_URL": f"{redis_server_url}/0",
        "SECRET_KEY": secrets.token_urlsafe(32),
        "API_RATE_LIMIT": "none",
    }

    async def headers() -> dict[str, str]:
        settings = load(environment)
        async with make_pool(settings, name="test", min_size=1, max_size=1) as pool:
            return (await make_tenant(pool, settings, "ann@example.test")).headers

    with (
        web_process(environment, free_port()) as url,
        httpx.Client(base_url=f"{url}/v1", headers=asyncio.run(headers()), timeout=60) as client,
    ):
        for email, reason in SUPPRESSED.items():
            client.post("/suppressions", json={"email": email, "reason": reason}).raise_for_status()
        yield client
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("drop database lists with (force)")


def sent(api: httpx.Client, name: str, data: bytes) -> httpx.Response:
    return api.post("/recipients/parse", files={"file": (name, data)})


def person(found: Recipient) -> dict[str, Any]:
    given = {"email": found.email, "name": found.name, **found.variables}
    return {key: value for key, value in given.items() if value}


def read(data: bytes) -> tuple[list[str], Recipients]:
    table = read_table(data)
    return [column for column in table.columns if column is not None], from_table(table)


def test_every_file_has_its_answer() -> None:
    assert EXPECTED.keys() == {path.name for path in FOLDER.iterdir()} - {"expected.toml", ".gitattributes"}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_list_is_read_as_it_is_meant(name: str, api: httpx.Client) -> None:
    data, expected = (FOLDER / name).read_bytes(), EXPECTED[name]
    if "refused" in expected:
        refused(api, data, expected["refused"])
        return
    valid, invalid = expected["valid"], expected.get("invalid", [])

    text = open_text(io.BytesIO(data))
    layout = guess(text.read(HEAD), whole=True)
    assert (text.encoding, layout.delimiter, layout.header) == (
        expected["encoding"],
        expected["delimiter"],
        expected["header"],
    )
    columns, found = read(data)
    assert columns == expected["columns"]
    assert [person(each) for each in found.valid if each.email not in SUPPRESSED] == valid
    assert [[bad.row, bad.reason] for bad in found.invalid] == invalid

    answer = sent(api, name, data)
    assert answer.status_code == 200, answer.text
    parsed = answer.json()
    counts = {kind: expected.get(kind, 0) for kind in ("duplicates", "suppressed", "roles")}
    assert {kind: parsed[kind] for kind in counts} == counts
    assert found.duplicates == counts["duplicates"]
    assert sum(is_role(each["email"]) for each in valid) == counts["roles"]
    assert (parsed["columns"], parsed["valid"], parsed["invalid_count"]) == (columns, len(valid), len(invalid))
    assert parsed["detected"] == len(valid) + len(invalid) + counts["duplicates"] + counts["suppressed"]
    shown = [{"email": each["email"], "name": each["name"], **each["variables"]} for each in parsed["sample"]]
    assert [{key: value for key, value in each.items() if value} for each in shown] == valid[:SHOWN]
    assert [[bad["row"], bad["reason"]] for bad in parsed["invalid"]] == invalid
    report = api.get(f"/imports/{parsed['import_id']}/report.csv")
    assert all(reason.replace('"', '""') in report.text for _, reason in invalid)


@pytest.mark.parametrize("name", MADE)
def test_what_cannot_be_read_to_its_end_says_where(name: str, api: httpx.Client) -> None:
    data, said = MADE[name]
    refused(api, data, said)


def refused(api: httpx.Client, data: bytes, said: str) -> None:
    """In the same words by the rules and by the server, which keeps nothing of it."""
    with pytest.raises(PacelineError) as problem:
        read(data)
    assert said in problem.value.message
    answer = sent(api, "list.csv", data)
    assert (answer.status_code, answer.json()["name"]) == (422, "validation_error"), answer.text
    assert answer.json()["errors"] == [{"path": "file", "message": problem.value.message}]
