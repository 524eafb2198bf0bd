"""The OpenAPI document is complete: a new route that lacks something of it fails here. That the answers are as it says
is checked of every answer in these tests (`Api.send`), and by test_document_fuzz."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from litestar import Litestar

from app.api import refusals
from app.main import create_app
from app.settings import load
from tests.support.promised import Promised, promised_by


@pytest.fixture(scope="module")
def promised() -> Promised:
    return promised_by(without_servers())


def without_servers() -> Litestar:
    nowhere = {"DATABASE_URL": "postgresql://nowhere/x", "REDIS_URL": "redis://nowhere", "SECRET_KEY": "k" * 43}
    return create_app(load(nowhere))


def contents(promised: Promised) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each body that goes in or out: where, its media type, and what is said of it."""
    for operation in promised.operations:
        bodies = {"request": operation.said.get("requestBody", {})} | operation.said["responses"]
        for name, body in bodies.items():
            for kind, content in promised.resolved(body).get("content", {}).items():
                yield f"{operation.id} {name}", kind, content


def test_every_body_has_an_example_that_fits(promised: Promised) -> None:
    missing, wrong = [], []
    for where, kind, content in contents(promised):
        shown = [each["value"] for each in content.get("examples", {}).values()] or [content.get("example")]
        if shown == [None] and kind in ("application/json", "multipart/form-data", "text/event-stream"):
            missing.append(f"{where} {kind}")
        if kind == "application/json":
            wrong += [f"{where}: {why}" for each in shown if (why := promised.misfit(content["schema"], each))]
    assert missing == []
    assert wrong == [], "app/api/examples.py has the values"


def test_every_operation_says_what_it_is(promised: Promised) -> None:
    for operation in promised.operations:
        assert operation.said["summary"], operation.id
        assert operation.said["tags"], operation.id
        for parameter in operation.said.get("parameters", []):
            assert parameter["description"], f"{operation.id} {parameter['name']}"
    ids = [operation.id for operation in promised.operations]
    assert len(ids) == len(set(ids))


def test_refusals_follow_from_what_an_operation_takes(promised: Promised) -> None:
    for operation in promised.operations:
        statuses = operation.said["responses"].keys()
        assert {"401", "403", "422", "429", "500", "503"} <= statuses, operation.id
        assert "{" not in operation.path or "404" in statuses, operation.id
        assert ("requestBody" in operation.said) == ({"400", "413", "415"} <= statuses), operation.id
        assert "default" not in statuses


def test_conflicts_are_named_of_operations_that_there_are(promised: Promised) -> None:
    assert refusals.CONFLICTS.keys() <= {operation.id for operation in promised.operations}


def test_what_a_caller_sends_knows_no_other_fields(promised: Promised) -> None:
    for operation in promised.operations:
        for kind, content in operation.said.get("requestBody", {}).get("content", {}).items():
            schema = promised.resolved(content["schema"])
            for each in map(promised.resolved, schema.get("oneOf", [schema])):
                if kind == "application/json" and each.get("type") == "object":
                    assert each["additionalProperties"] is False, operation.id


def test_notes_beside_fields_and_formats_are_in_the_schemas(promised: Promised) -> None:
    email = promised.said["components"]["schemas"]["EmailDetail"]["properties"]
    assert email["waiting_for"]["description"] == "Why it has not left yet; null unless it waits."  # inherited
    assert email["sent_at"]["anyOf"][0] == {"type": "string", "format": "date-time"}
    tag = promised.said["components"]["schemas"]["Tag"]["properties"]["name"]
    assert tag["pattern"] == "^[A-Za-z0-9_-]+$"


def test_the_document_is_valid_openapi(promised: Promised) -> None:
    for schema in promised.said["components"]["schemas"].values():
        jsonschema_rs.meta.validate(schema | {"$schema": "https://json-schema.org/draft/2020-12/schema"})
