"""Whatever is sent to whichever route of the OpenAPI document: never a 5xx, a documented refusal for what is bad, and
nothing written then. That each answer is as documented is checked by `Api` itself."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from litestar import Litestar

from tests.support.belongings import Ids, make_belongings
from tests.support.promised import Operation, promised_by
from tests.support.tenants import Api

JSON = {"content-type": "application/json"}
NOT_JSON = [
    b"",
    b"{",
    b"\xff\xfe",
    b"nope",
    b'{"a": "\xed\xa0\x80"}',
    b'{"a": 1}}',
    b"[" * 500 + b"]" * 500,
    b"{'a': 1}",
]
WRONG_KINDS = [b"null", b"1", b'"text"', b"true", b"[[]]", b"[1]", b'{"no_such_field": 1}', b"1e999"]
# In the place of any value: of another kind, too large, or with what a database or a header cannot hold.
VALUES = [
    {"a": [1]},
    10**30,
    -1,
    1e308,
    "\x00",
    "a\x00b",
    "\ud800",
    "\U0010ffff" * 300,
    "a\r\nBcc: x@example.org",
    [],
    "x" * 100_000,
    "01a20145-0510-793d-aa12-120fc2ec8e6d",
    "in 10000000000000000000 days",
    "9999-12-31T23:59:59+00:00",
]


def bodies(app: Litestar) -> list[tuple[Operation, Any]]:
    """The operations that take JSON, each with its example."""
    found = []
    for operation in promised_by(app).operations:
        content = operation.said.get("requestBody", {}).get("content", {}).get("application/json")
        if content:
            found.append((operation, content["example"]))
    assert len(found) > 15
    return found


def leaves(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if at:
        yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, each in inner:
        yield from leaves(each, (*at, step))


def with_value(body: Any, at: tuple[str | int, ...], value: Any) -> Any:
    changed = copy.deepcopy(body)
    *before, last = at
    holder = changed
    for step in before:
        holder = holder[step]
    holder[last] = value
    return changed


async def rows(app: Litestar) -> dict[str, int]:
    """How many rows each table has."""
    async with app.state.pool.connection() as conn:
        found = await conn.execute(
            "select format('select %%L as name, count(*) as count from %%I', table_name, table_name) as query"
            " from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'"
            " and table_name not like %s",
            ["procrastinate%"],  # jobs come by themselves too
        )
        counts = await conn.execute(" union all ".join([row["query"] for row in await found.fetchall()]))
        return {row["name"]: row["count"] for row in await counts.fetchall()}


def path_of(operation: Operation, ids: Ids) -> str:
    return operation.path.removeprefix("/v1").format_map({name: values[0] for name, values in ids.items()})


def is_for_people(answer: httpx.Response) -> bool:
    """Whether no key may do this at all: then nobody reads the body."""
    return answer.status_code == 403 and answer.json()["name"] == "session_only"


async def test_what_is_no_json_or_not_an_object(app: Litestar, api: Api) -> None:
    ids = await make_belongings(app, api)
    before = await rows(app)
    for operation, _ in bodies(app):
        optional = not operation.said["requestBody"].get("required")
        for content in [*NOT_JSON, *WRONG_KINDS]:
            if optional and content in (b"", b"null"):
                continue
            answer = await api.request(operation.method, path_of(operation, ids), content=content, headers=JSON)
            if is_for_people(answer):
                break
            assert answer.status_code in (400, 422), f"{operation.id} {content[:40]!r}: {answer.text}"
            if content in NOT_JSON[1:]:
                assert answer.status_code == 400, f"{operation.id} {content[:40]!r}: {answer.text}"
    assert await rows(app) == before


async def test_values_in_every_place(app: Litestar, api: Api) -> None:
    ids = await make_belongings(app, api)
    for operation, example in bodies(app):
        path = path_of(operation, ids)
        for at in leaves(example):
            for value in VALUES:
                before = await rows(app) if value == VALUES[0] else None
                content = json.dumps(with_value(example, at, value)).encode()
                answer = await api.request(operation.method, path, content=content, headers=JSON)
                assert answer.status_code < 500, f"{operation.id} {at} {value!r:.60}: {answer.text}"
                if before is not None and not answer.is_success:
                    assert await rows(app) == before, f"{operation.id} {at} was refused and wrote something"


async def test_bodies_beyond_the_limit(app: Litestar, api: Api) -> None:
    ids = await make_belongings(app, api)
    before = await rows(app)
    content = b'{"text": "' + b"x" * (41 * 1024 * 1024) + b'"}'
    for operation, _ in bodies(app):
        answer = await api.request(operation.method, path_of(operation, ids), content=content, headers=JSON)
        # They take files and say of a text itself how long it may be.
        if operation.id in ("parseRecipients", "importSuppressions"):
            assert answer.json()["errors"][0]["path"] == "text"
        elif not is_for_people(answer):
            assert (answer.status_code, answer.json()["name"]) == (413, "payload_too_large"), operation.id
    assert await rows(app) == before


@pytest.mark.parametrize(
    ("authorization", "status", "name"),
    [
        (None, 401, "missing_api_key"),
        ("", 401, "missing_api_key"),
        ("Basic YTpi", 401, "missing_api_key"),
        ("Bearer ", 401, "missing_api_key"),
        ("Bearer pl_unknown", 403, "invalid_api_key"),
        ("Bearer pl_\xff\xfe", 403, "invalid_api_key"),
        ("Bearer " + "x" * 5000, 403, "invalid_api_key"),
        ("revoked", 403, "invalid_api_key"),
        ("send", 401, "restricted_api_key"),
    ],
)
async def test_every_route_asks_who_is_calling(
    app: Litestar, api: Api, authorization: str | None, status: int, name: str
) -> None:
    ids = await make_belongings(app, api)
    if authorization == "revoked":
        made = await api.ok("POST", "/api-keys", json={"name": "soon gone"})
        await api.delete(f"/api-keys/{made['id']}")
        authorization = f"Bearer {made['token']}"
    if authorization == "send":
        authorization = f"Bearer {api.tenant.send_key}"
    before = await rows(app)
    api.headers.pop("authorization")
    headers = [] if authorization is None else [(b"authorization", authorization.encode("latin-1"))]
    for operation in promised_by(app).operations:
        if name == "restricted_api_key" and operation.id in ("sendEmail", "sendBatch"):
            continue
        answer = await api.request(operation.method, path_of(operation, ids), headers=headers, content=b"{")
        assert (answer.status_code, answer.json()["name"]) == (status, name), operation.id
    assert await rows(app) == before


async def test_of_a_repeated_field_the_last_counts(api: Api) -> None:
    answer = await api.post("/api-keys", content=b'{"name": "one", "name": "two"}', headers=JSON)
    assert answer.json()["name"] == "two"
