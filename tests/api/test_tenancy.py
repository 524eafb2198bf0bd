"""No route of the OpenAPI document shows or changes what is another workspace's, whichever way its ids are given: in
the path, as a filter, or in the body. New routes are tried by themselves; where an id is unknown, they fail here."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import httpx
import pytest
from litestar import Litestar

from tests.support.belongings import Ids, make_belongings
from tests.support.people import signed_in
from tests.support.promised import Operation, Promised, promised_by
from tests.support.tenants import Api

# Fields of bodies whose name alone does not say of what they are the id.
MANY = {
    "cancelEmails": "email_id",
    "resolveEmails": "email_id",
    "retryEmails": "email_id",
    "removeSuppressions": "id_or_email",
}
Where = tuple[str | int, ...]


class World:
    """Two workspaces with one of everything. `mine` asks, by key and by session; `theirs` must not be touched."""

    def __init__(self, app: Litestar, callers: dict[str, httpx.AsyncClient], mine: Ids, theirs: Ids) -> None:
        self.app = app
        self.promised: Promised = promised_by(app)
        self.callers = callers
        self.mine = mine
        self.theirs = theirs

    def ids(self, whose: Ids, name: str) -> list[str]:
        assert name in whose, f"tests/support/belongings.py has no id for {name}"
        return whose[name]

    async def ask(self, caller: str, operation: Operation, path: dict[str, str], body: Any = None) -> httpx.Response:
        client = self.callers[caller]
        return await client.request(
            operation.method, operation.path.removeprefix("/v1").format_map(path), json=body, timeout=30
        )

    def body(self, operation: Operation) -> Any:
        """The example of the document with ids of mine, so that nothing but what a test puts in is wrong."""
        content = operation.said.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None:
            return None
        body = copy.deepcopy(content["example"])
        for row in body if isinstance(body, list) else [body]:
            if "from" in row:
                del row["from"]
                row["sender_id"] = self.mine["sender_id"][0]
        for where in places(self.promised, content["schema"]):
            if reaches(body, where):
                put(body, where, self.ids(self.mine, kind_of(operation, where))[0])
        return body

    async def snapshot(self, workspace_id: UUID) -> list[tuple[str, str]]:
        """All rows of a workspace, with their table. When a worker was last called for is no request's business."""
        async with self.app.state.pool.connection() as conn:
            found = await conn.execute(
                "select c.table_name from information_schema.columns c join information_schema.tables t"
                " using (table_schema, table_name) where c.table_schema = 'public' and t.table_type = 'BASE TABLE'"
                " and c.column_name = 'workspace_id' order by 1"
            )
            tables = [row["table_name"] for row in await found.fetchall()]
            rows: list[tuple[str, str]] = []
            for table in tables:
                each = await conn.execute(
                    f"select (to_jsonb(t) - 'knocked_at')::text as r from {table} t where workspace_id = %s order by 1",
                    [workspace_id],
                )
                rows += [(table, row["r"]) for row in await each.fetchall()]
        assert len({table for table, _ in rows}) > 8
        return rows


@pytest.fixture
async def world(app: Litestar, api: Api, stranger: Api) -> Any:
    mine, theirs = await make_belongings(app, api), await make_belongings(app, stranger)
    async with AsyncExitStack() as stack:
        browser = await stack.enter_async_context(signed_in(app, api.tenant.workspace_id, api.tenant.user_id))
        yield World(app, {"key": api, "session": browser}, mine, theirs)


def places(promised: Promised, schema: dict[str, Any], at: Where = (), seen: tuple[str, ...] = ()) -> Iterator[Where]:
    """Where a body may have an id."""
    if "$ref" in schema:
        if schema["$ref"] in seen:
            return
        seen = (*seen, schema["$ref"])
        schema = promised.resolved(schema)
    if schema.get("format") == "uuid" or (at[-2:] == ("template", "id") and schema.get("type") == "string"):
        yield at
    for choice in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from places(promised, choice, at, seen)
    for name, each in schema.get("properties", {}).items():
        yield from places(promised, each, (*at, name), seen)
    if "items" in schema:
        yield from places(promised, schema["items"], (*at, 0), seen)


def kind_of(operation: Operation, where: Where) -> str:
    """The parameter that takes what stands here: `sender_ids[0]` is a sender_id, `template.id` a template_id."""
    *before, name = [each for each in where if isinstance(each, str)]
    if name == "ids":
        return MANY.get(operation.id, f"the ids of {operation.id}")
    if name == "id":  # of what it stands in; alone, of what the path names
        return f"{before[-1]}_id" if before else str(operation.parameters("path")[-1]["name"])
    return name.removesuffix("s")


def reaches(body: Any, where: Where) -> bool:
    for step in where:
        try:
            body = body[step]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def put(body: Any, where: Where, value: Any) -> None:
    """Sets a value in lists and objects, making those on the way."""
    for step, following in itertools.pairwise(where):
        empty: Any = [] if isinstance(following, int) else {}
        if isinstance(body, list):
            if not body:
                body.append(empty)
        else:
            body[step] = body.get(step) or empty
        body = body[step]
    if isinstance(body, list):
        body[:] = [value]
    else:
        body[where[-1]] = value


def paths(operation: Operation, world: World) -> Iterator[dict[str, str]]:
    """Every way to fill the path of which at least one id is theirs."""
    names = [each["name"] for each in operation.parameters("path")]
    choices = [
        [*world.ids(world.mine, name)[:1], *sorted({*world.ids(world.theirs, name)} - {*world.mine[name]})]
        for name in names
    ]
    for values in itertools.product(*choices):
        foreign = [value not in world.mine[name] for name, value in zip(names, values, strict=True)]
        if any(foreign):
            yield dict(zip(names, values, strict=True))


async def test_ids_in_paths(world: World, stranger: Api) -> None:
    before = await world.snapshot(stranger.tenant.workspace_id)
    tried = [operation for operation in world.promised.operations if operation.parameters("path")]
    refused: list[tuple[str, Operation, int]] = []
    for operation, caller in itertools.product(tried, world.callers):
        for path in paths(operation, world):
            answer = await world.ask(caller, operation, path, world.body(operation))
            assert answer.status_code in (404, 403), f"{operation.id} {path}: {answer.status_code} {answer.text}"
            if answer.status_code == 403:
                refused.append((caller, operation, 403))
    assert await world.snapshot(stranger.tenant.workspace_id) == before

    # With ids of their own the same requests find something, so it was the ids; what a caller may not do at all it may
    # not do with ids of its own either. What takes something away comes last.
    gone = {"delete": 2}
    ids = {name: values[0] for name, values in world.mine.items()}
    for operation in sorted(tried, key=lambda each: gone.get(each.method, 0)):
        answers = {caller: await world.ask(caller, operation, ids, world.body(operation)) for caller in world.callers}
        for caller, _, _ in (each for each in refused if each[1] == operation):
            assert answers.pop(caller).status_code == 403, operation.id
        assert any(answer.status_code != 404 for answer in answers.values()), operation.id


async def test_ids_in_filters(world: World) -> None:
    for operation in world.promised.operations:
        for parameter in operation.parameters("query"):
            if parameter["schema"].get("format") != "uuid" or parameter["name"] in ("after", "before"):
                continue
            for id in world.ids(world.theirs, parameter["name"]):
                answer = await world.callers["key"].get(
                    operation.path.removeprefix("/v1"), params={parameter["name"]: id}
                )
                assert answer.status_code in (200, 404, 422), answer.text
                if answer.headers["content-type"].startswith("text/csv"):
                    assert len(answer.text.splitlines()) == 1, f"{operation.id}: more than the names of the columns"
                else:
                    assert answer.status_code != 200 or answer.json()["data"] == [], operation.id


async def test_ids_in_bodies(world: World, stranger: Api) -> None:
    before = await world.snapshot(stranger.tenant.workspace_id)
    tried = 0
    ids = {name: values[0] for name, values in world.mine.items()}
    for operation in world.promised.operations:
        content = operation.said.get("requestBody", {}).get("content", {}).get("application/json")
        for where in places(world.promised, content["schema"]) if content else ():
            for id in world.ids(world.theirs, kind_of(operation, where)):
                body = world.body(operation)
                if operation.id == "estimateCampaign" and where[0] != "campaign_id":
                    body.pop("campaign_id", None)  # one or the other
                if "import_id" in where:
                    body.pop("recipients", None)  # here too
                if where[0] in ("ids", "filter"):
                    body = {name: said for name, said in body.items() if name not in ("ids", "filter", "emails")}
                    if where[0] == "filter":
                        body["filter"] = {"status": "uncertain" if operation.id == "resolveEmails" else "failed"}
                    if operation.id == "cancelEmails" and where[0] == "filter":
                        body["filter"] = {"status": "scheduled"}
                put(body, where, id)
                answer = await world.ask("key", operation, ids, body)
                assert said_not_there(answer, where), f"{operation.id} {body}: {answer.status_code} {answer.text}"
                tried += 1
    assert tried > 8
    assert await world.snapshot(stranger.tenant.workspace_id) == before


def said_not_there(answer: httpx.Response, where: Where) -> bool:
    """404, or 422 that names the place; of many at once each is named, and nothing done."""
    if answer.status_code == 422:
        named = [str(problem["path"]) for problem in answer.json()["errors"]]
        first = next(each for each in where if isinstance(each, str))
        return any(first in path for path in named)
    if answer.status_code == 200:
        body = answer.json()
        return bool(body.get("count", len(body.get("data", []))) == 0)
    return answer.status_code == 404


async def test_lists_hold_what_is_their_own(world: World, stranger: Api) -> None:
    foreign = {id for ids in world.theirs.values() for id in ids if len(id) > 20}
    mine = {name: values[0] for name, values in world.mine.items()}
    looked = 0
    for operation, caller in itertools.product(world.promised.operations, world.callers):
        if operation.method != "get" or "text/event-stream" in json.dumps(operation.said["responses"]["200"]):
            continue
        answer = await world.ask(caller, operation, mine)
        assert answer.status_code in (200, 403), f"{operation.id}: {answer.status_code} {answer.text}"
        shown = {id for id in foreign if id in answer.text}
        assert shown == set(), f"{operation.id} shows what is another workspace's"
        looked += answer.status_code == 200
    assert looked > 20
