"""Every refusal has one body: status, name, message, the places that are wrong, and the request id."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import msgspec
import psycopg
import pytest
from litestar import Litestar, Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from app.api import problems
from app.contract.base import Input
from app.errors import RateLimited, TooLarge
from app.main import create_app
from app.settings import Settings
from tests.support.asgi import client_of
from tests.support.tenants import Api


class Person(Input):
    email: str
    age: int = 0


class Team(Input):
    people: list[Person]
    metadata: dict[str, int] | None = None


@post("/teams")
async def add_team(data: JSONBody[Team], limit: FromQuery[int] = 1) -> None: ...


@get("/raise/{what:str}")
async def fail(what: FromPath[str]) -> None:
    raise {
        "unexpected": ZeroDivisionError("the secret of the house"),
        "busy": RateLimited(retry_after=1.2),
        "large": TooLarge(),
        "gone": psycopg.OperationalError("server closed the connection"),
    }[what]


@pytest.fixture
async def client() -> Any:
    routes = Router("/", route_handlers=[add_team, fail])
    app = Litestar([routes], exception_handlers=problems.HANDLERS, logging_config=None, openapi_config=None)
    async with client_of(app) as made:
        yield made


@pytest.mark.parametrize(
    ("body", "path", "message"),
    [
        ({}, "people", "people is required."),
        ({"people": [{}]}, "people[0].email", "people[0].email is required."),
        ({"people": [{"email": "a", "nick": 1}]}, "people[0].nick", "people[0].nick is not a field that exists here."),
        ({"people": [{"email": "a"}, {"email": 5}]}, "people[1].email", "people[1].email: Expected `str`, got `int`."),
        ({"people": [], "metadata": {"a": "b"}}, "metadata[...]", "metadata[...]: Expected `int`, got `str`."),
        ({"people": [], "data": 1}, "data", "data is not a field that exists here."),
        ([], "", "Expected `object`, got `array`."),
    ],
)
async def test_a_wrong_body_names_the_place(client: httpx.AsyncClient, body: Any, path: str, message: str) -> None:
    answer = await client.post("/teams", json=body)
    assert answer.status_code == 422
    assert answer.json() == {
        "statusCode": 422,
        "name": "validation_error",
        "message": message,
        "errors": [{"path": path, "message": message}],
        "request_id": "",  # nobody gave one: the app of this test has no edge
    }


async def test_a_wrong_parameter_and_a_wrong_body_are_both_named(client: httpx.AsyncClient) -> None:
    answer = await client.post("/teams?limit=many", json={"people": 1})
    assert [problem["path"] for problem in answer.json()["errors"]] == ["limit", "people"]
    assert answer.json()["message"] == "2 fields are not valid."


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b'{"people": [}', b"nope"])
async def test_what_is_no_json_is_refused_in_plain_words(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/teams", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["name"]) == (400, "invalid_request")
    assert answer.json()["message"].startswith("The body is not valid JSON")


def nested(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"name": "\xff"}', "The body is not valid JSON: it is not in UTF-8."),
        (nested(100_000), "The body is nested too deeply: at most 100 levels are read."),
        (b'{"name": %s}' % nested(900), "The body is nested too deeply: at most 100 levels are read."),
    ],
)
@pytest.mark.parametrize("path", ["/api-keys", "/emails/batch", "/recipients/parse"])
async def test_a_body_that_cannot_be_read_is_refused(api: Api, path: str, body: bytes, message: str) -> None:
    answer = await api.post(path, content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["name"], answer.json()["message"]) == (400, "invalid_request", message)


@pytest.mark.parametrize("path", ["/emails?q=%00", "/emails?q=a%0Db", "/campaigns?q=%00", "/workspace?q=%C2%85"])
async def test_a_query_parameter_is_one_line(api: Api, path: str) -> None:
    assert "control characters" in (await api.refused(422, "GET", path))["q"]


async def test_a_missing_body_is_said_so(client: httpx.AsyncClient) -> None:
    answer = await client.post("/teams")
    assert (answer.status_code, answer.json()["message"]) == (422, "The request has no body: send a JSON object.")


@pytest.mark.parametrize(
    ("what", "status", "name", "retry_after"),
    [
        ("unexpected", 500, "application_error", None),
        ("busy", 429, "rate_limit_exceeded", "2"),
        ("large", 413, "payload_too_large", None),
        ("gone", 503, "service_unavailable", "2"),
    ],
)
async def test_each_kind_of_trouble_has_its_status(
    client: httpx.AsyncClient, what: str, status: int, name: str, retry_after: str | None
) -> None:
    answer = await client.get(f"/raise/{what}")
    assert (answer.status_code, answer.json()["name"]) == (status, name)
    assert answer.headers.get("retry-after") == retry_after
    assert "secret of the house" not in answer.text
    assert "ZeroDivision" not in answer.text


async def test_unknown_paths_and_methods(api: Api) -> None:
    answer = await api.get("/nothing")
    assert (answer.status_code, answer.json()["name"]) == (404, "not_found")
    answer = await api.put("/api-keys")
    assert (answer.status_code, answer.json()["name"]) == (405, "method_not_allowed")
    assert "POST" in answer.headers["allow"]


async def test_options_are_answered(app: Litestar, api: Api) -> None:
    async with client_of(app) as client:
        for path in ("/v1/emails", "/emails", "/v1/api-keys?limit=1"):
            answer = await client.options(path, headers={"authorization": api.headers["authorization"]})
            assert (answer.status_code, answer.content) == (204, b"")
            assert "OPTIONS" in answer.headers["allow"]


async def test_a_request_id_is_kept_or_made(api: Api) -> None:
    answer = await api.get("/nothing", headers={"x-request-id": "from-a-proxy.1"})
    assert (answer.headers["x-request-id"], answer.json()["request_id"]) == ("from-a-proxy.1",) * 2
    made = {(await api.get("/nothing", headers={"x-request-id": sent})).headers["x-request-id"] for sent in ("", "a b")}
    assert len(made) == 2
    assert all(len(id) == 24 for id in made)


async def test_a_body_beyond_the_limit_is_refused_before_it_is_read(api: Api) -> None:
    async def endless() -> Any:
        for _ in range(50):
            yield b" " * 1024 * 1024

    answer = await api.post("/api-keys", content=endless(), headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["name"]) == (413, "payload_too_large")


async def test_without_its_database_the_api_says_so(settings: Settings) -> None:
    gone = create_app(msgspec.structs.replace(settings, database_url="postgresql://postgres@127.0.0.1:1/none"))
    async with gone.lifespan(), client_of(gone) as client:
        assert (await client.get("/healthz")).status_code == 200
        ready, answer = await asyncio.gather(
            client.get("/readyz"), client.get("/v1/me", headers={"authorization": "Bearer pl_x"})
        )
        assert (ready.status_code, ready.json()["reason"]) == (503, "Postgres does not answer.")
        assert (answer.status_code, answer.json()["name"]) == (503, "service_unavailable")


async def test_a_restart_of_postgres_costs_no_request(api: Api, app: Litestar) -> None:
    await asyncio.gather(*[api.ok("GET", "/senders") for _ in range(40)])
    assert app.state.pool.get_stats()["pool_size"] > 4
    async with await psycopg.AsyncConnection.connect(app.state.settings.database_url, autocommit=True) as conn:
        await conn.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid() and application_name = 'paceline web'"
        )
    for _ in range(20):
        await api.ok("GET", "/senders")


@pytest.mark.parametrize(
    ("query", "problems"),
    [
        ("stauts=sent", {"stauts": "stauts is not a parameter here: there are "}),
        ("limit=1&limit=2", {"limit": "limit is there 2 times: give it once."}),
        (
            "limit=1&a=&b=%00",
            {"a": "a is not a parameter here", "b": "b cannot have line breaks"},
        ),
    ],
)
async def test_query_parameters_are_those_that_there_are(api: Api, query: str, problems: dict[str, str]) -> None:
    refused = await api.refused(422, "GET", f"/emails?{query}")
    assert refused.keys() - {""} == problems.keys()
    assert all(refused[name].startswith(said) for name, said in problems.items())


@pytest.mark.parametrize("path", ["/api-keys", "/emails/batch", "/recipients/parse"])
@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "text/html; charset=utf-8", "image/png"])
async def test_a_body_that_is_not_json_by_its_own_word_is_refused(api: Api, path: str, kind: str) -> None:
    answer = await api.post(path, content=b'{"name": "x"}', headers={"content-type": kind})
    assert (answer.status_code, answer.json()["name"]) == (415, "unsupported_media_type")
    assert "Content-Type: application/json" in answer.json()["message"]


@pytest.mark.parametrize(
    "kind", ["", "application/json; charset=utf-8", "application/vnd.api+json", "application/x-www-form-urlencoded"]
)
async def test_json_may_be_called_json_or_what_curl_calls_it(api: Api, kind: str) -> None:
    headers = {"content-type": kind} if kind else {}
    answer = await api.post("/api-keys", content=b'{"name": "x"}', headers=headers)
    assert answer.status_code == 201
