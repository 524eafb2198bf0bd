"""Templates: saved with every version, refused with field and line, tried out, sent."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from litestar import Litestar

from tests.api.test_emails import FROM, add_sender, assert_nothing_written
from tests.support.tables import rows_of
from tests.support.tenants import Api

WELCOME = {
    "name": "Welcome",
    "subject": "Welcome, {{ first_name }}",
    "html": "<h1>Hi {{ first_name }}</h1>\n<p>{{ plan | default('free') }}</p>",
    "text": "Hi {{ first_name }}",
}


async def add(api: Api, **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = await api.ok("POST", "/templates", json=WELCOME | changes)
    return made


def a_message(template: Any, **changes: Any) -> dict[str, Any]:
    use = template if isinstance(template, dict) else {"id": template}
    return {"from": FROM, "to": "bob@example.org", "template": use, "scheduled_at": "in 1 hour", **changes}


async def test_a_template_is_shown_as_it_was_saved_with_its_variables(api: Api) -> None:
    made = await add(api, alias="welcome")
    assert made["object"] == "template"
    assert (made["version"], made["status"]) == (1, "published")
    assert [(each["key"], each["required"]) for each in made["variables"]] == [("first_name", True), ("plan", False)]
    for name in (made["id"], "welcome"):
        assert await api.ok("GET", f"/templates/{name}") == made
    [item] = (await api.ok("GET", "/templates"))["data"]
    assert item == {field: made[field] for field in item}
    assert "html" not in item


async def test_every_save_of_other_words_is_a_version_and_none_is_lost(api: Api) -> None:
    made = await add(api)
    path = f"/templates/{made['id']}"
    second = await api.ok("PATCH", path, json={"html": "<p>Second</p>"})
    assert (second["version"], second["subject"], second["html"]) == (2, WELCOME["subject"], "<p>Second</p>")
    assert (await api.ok("PATCH", path, json={"html": "<p>Second</p>"}))["version"] == 2
    renamed = await api.ok("PATCH", path, json={"name": "Hello", "alias": "hello"})
    assert (renamed["version"], renamed["name"], renamed["alias"]) == (2, "Hello", "hello")
    assert (await api.ok("PATCH", path, json={"text": None, "alias": None}))["version"] == 3
    versions = (await api.ok("GET", f"{path}/versions"))["data"]
    assert [each["version"] for each in versions] == [3, 2, 1]
    first = await api.ok("GET", f"{path}/versions/1")
    assert {field: first[field] for field in ("subject", "html", "text")} == {
        field: WELCOME[field] for field in ("subject", "html", "text")
    }
    page = await api.ok("GET", f"{path}/versions?limit=1&after={versions[0]['id']}")
    assert ([each["version"] for each in page["data"]], page["has_more"]) == ([2], True)
    await api.refused(404, "GET", f"{path}/versions/4")


async def test_parallel_saves_are_versions_one_after_the_other(api: Api) -> None:
    path = f"/templates/{(await add(api))['id']}"
    texts = [f"Text {i}" for i in range(8)]
    saved = await asyncio.gather(*(api.ok("PATCH", path, json={"text": text}) for text in texts))
    assert sorted(each["version"] for each in saved) == list(range(2, 10))
    for each in saved:
        assert (await api.ok("GET", f"{path}/versions/{each['version']}"))["text"] == each["text"]


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"html": "<p>\n{{ first name }}</p>"}, "html", "Line 2"),
    ({"html": "a\nb\n{% for x in y %}{% endfor %}"}, "html", "Line 3: a loop"),
    ({"html": "{{ 'a' * 10 ** 9 }}"}, "html", "arithmetic"),
    ({"html": "{{ ''.__class__.__mro__ }}"}, "html", "__mro__"),
    ({"html": "{{ x() }}"}, "html", "function call"),
    ({"html": "{{ a | attr('b') }}"}, "html", "filter"),
    ({"text": "ok\n{% if a %}"}, "text", "Line 2"),
    ({"subject": "{{{ NAME }}}"}, "subject", "two braces"),
    ({"subject": "a\r\nBcc: eve@example.org"}, "subject", "one line"),
    ({"html": None, "text": None}, "html", "html or text"),
    ({"text": "a\0"}, "text", "NUL"),
    ({"name": ""}, "name", ">= 1"),
    ({"name": " "}, "name", "one line"),
    ({"name": "a\u202eb"}, "name", "direction"),
    ({"alias": "a b"}, "alias", "regex"),
    ({"alias": str(uuid4())}, "alias", "looks like an id"),
    ({"from": "ann@example.com"}, "from", "with the message"),
    ({"reply_to": ["ann@example.com"]}, "reply_to", "with the message"),
    ({"variables": [{"key": "a b"}]}, "variables[0].key", "regex"),
    ({"variables": [{"key": "a"}, {"key": "a"}]}, "variables[1].key", "twice"),
    ({"variables": [{"key": "a", "type": "number", "fallback_value": "x"}]}, "variables[0].fallback_value", "number"),
    ({"markdown": "x"}, "markdown", "not a field"),
]


@pytest.mark.parametrize(("wrong", "path", "word"), BAD, ids=[f"{path}-{word}" for _, path, word in BAD])
async def test_what_cannot_be_saved_is_named_with_its_line_and_nothing_is_kept(
    app: Litestar, api: Api, wrong: dict[str, Any], path: str, word: str
) -> None:
    refused = await api.refused(422, "POST", "/templates", json=WELCOME | wrong)
    assert word in refused[path]
    assert await rows_of(app.state.pool, "select * from templates") == []
    made = await add(api)
    if not path.startswith("markdown"):
        assert word in (await api.refused(422, "PATCH", f"/templates/{made['id']}", json=wrong))[path]
    assert await api.ok("GET", f"/templates/{made['id']}") == made


async def test_an_alias_belongs_to_one_template_until_it_is_deleted(api: Api, stranger: Api) -> None:
    made = await add(api, alias="welcome")
    assert (
        "Another template"
        in (await api.refused(422, "POST", "/templates", json=WELCOME | {"alias": "welcome"}))["alias"]
    )
    await add(stranger, alias="welcome")
    assert await api.ok("DELETE", "/templates/welcome") == {"object": "template", "id": made["id"], "deleted": True}
    await api.refused(404, "GET", "/templates/welcome")
    await api.refused(404, "DELETE", f"/templates/{made['id']}")
    await add(api, alias="welcome")


async def test_a_copy_starts_anew_and_publishing_changes_nothing(api: Api) -> None:
    made = await add(api, alias="welcome")
    copy = await api.ok("POST", "/templates/welcome/duplicate")
    assert (copy["name"], copy["alias"], copy["version"]) == ("Welcome (copy)", None, 1)
    assert copy["html"] == made["html"]
    assert await api.ok("POST", "/templates/welcome/publish") == made


async def test_another_workspace_finds_none_of_it(api: Api, stranger: Api) -> None:
    made = await add(api, alias="welcome")
    for name in (made["id"], "welcome"):
        path = f"/templates/{name}"
        for method, below in [
            ("GET", ""), ("GET", "/versions"), ("GET", "/versions/1"), ("DELETE", ""), ("POST", "/duplicate"),
            ("POST", "/publish"),
        ]:  # fmt: skip
            await stranger.refused(404, method, path + below)
        await stranger.refused(404, "PATCH", path, json={"name": "Mine"})
        await stranger.refused(404, "POST", f"{path}/preview", json={})
    await add_sender(stranger)
    refused = await stranger.refused(422, "POST", "/emails", json=a_message(made["id"]))
    assert "no such template" in refused["template.id"]


# Tried out


async def test_a_preview_fills_in_what_is_given_and_names_what_is_missing(api: Api) -> None:
    made = await add(api)
    path = f"/templates/{made['id']}/preview"
    shown = await api.ok("POST", path, json={"variables": {"first_name": "<Ann>"}})
    assert (shown["subject"], shown["missing"]) == ("Welcome, <Ann>", [])
    assert "<h1>Hi &lt;Ann&gt;</h1>" in shown["html"]
    shown = await api.ok("POST", path, json={})
    assert (shown["subject"], shown["missing"]) == ("Welcome, [first_name]", ["first_name"])
    await api.ok("PATCH", f"/templates/{made['id']}", json={"subject": "Second"})
    assert (await api.ok("POST", path, json={"version": 1}))["subject"] == "Welcome, [first_name]"
    await api.refused(404, "POST", path, json={"version": 3})


async def test_words_are_tried_out_before_they_are_saved(app: Litestar, api: Api) -> None:
    words = {"subject": "For {{ name }}", "html": "{{ total }}", "declared": [{"key": "total", "type": "number"}]}
    shown = await api.ok("POST", "/templates/preview", json=words | {"variables": {"total": 7}})
    assert (shown["subject"], shown["html"], shown["missing"]) == ("For [name]", "7", [])
    assert [(each["key"], each["type"], each["required"]) for each in shown["variables"]] == [
        ("name", "string", False),
        ("total", "number", True),
    ]
    refused = await api.refused(422, "POST", "/templates/preview", json={"html": "a\n{{ b", "text": "{% c %}"})
    assert "Line 2" in refused["html"]
    assert "Line 1" in refused["text"]
    refused = await api.refused(422, "POST", "/templates/preview", json={"html": "{{ row.key }}"})
    assert "key" in refused["html"]
    assert await rows_of(app.state.pool, "select * from templates") == []


# Sent


@pytest.fixture
async def sender(api: Api) -> dict[str, Any]:
    return await add_sender(api)


async def test_a_message_says_what_the_version_said_when_it_was_taken(api: Api, sender: Any) -> None:
    made = await add(api, alias="welcome")
    first = await api.ok("POST", "/emails", json=a_message({"id": "welcome", "variables": {"first_name": "A&B"}}))
    await api.ok("PATCH", "/templates/welcome", json={"subject": "Second {{ first_name }}"})
    second = await api.ok("POST", "/emails", json=a_message({"id": made["id"], "variables": {"first_name": "Carl"}}))
    pinned = {"id": "welcome", "version": 1, "variables": {"first_name": "Dora"}}
    third = await api.ok("POST", "/emails", json=a_message(pinned))
    await api.ok("DELETE", "/templates/welcome")
    said = [await api.ok("GET", f"/emails/{each['id']}") for each in (first, second, third)]
    assert [each["subject"] for each in said] == ["Welcome, A&B", "Second Carl", "Welcome, Dora"]
    assert [each["template"] for each in said] == [{"id": made["id"], "version": v} for v in (1, 2, 1)]
    assert said[0]["html"] == "<h1>Hi A&amp;B</h1>\n<p>free</p>"
    assert said[0]["text"] == "Hi A&B"
    edited = await api.ok("PATCH", f"/emails/{first['id']}", json={"subject": "Mine"})
    assert (await api.ok("GET", f"/emails/{edited['id']}"))["template"] == said[0]["template"]


async def test_email_and_name_are_those_of_the_recipient_and_fallbacks_stand_in(api: Api, sender: Any) -> None:
    declared = [{"key": "total", "type": "number", "fallback_value": 3}, {"key": "city", "type": "string"}]
    await add(
        api,
        alias="own",
        html=None,
        subject="For {{ name }}",
        text="{{ email }} {{ total }} {{ city }}",
        variables=declared,
    )
    use = {"id": "own", "variables": {"city": "Oslo"}}
    id = (await api.ok("POST", "/emails", json=a_message(use, to="Bob <bob@example.org>")))["id"]
    email = await api.ok("GET", f"/emails/{id}")
    assert (email["subject"], email["text"]) == ("For Bob", "bob@example.org 3 Oslo")
    wrong = {"id": "own", "variables": {"city": 5, "total": "many"}}
    refused = await api.refused(422, "POST", "/emails", json=a_message(wrong))
    assert "string" in refused["template.variables.city"]
    assert "number" in refused["template.variables.total"]


async def test_a_subject_of_its_own_wins_and_a_template_without_one_needs_it(api: Api, sender: Any) -> None:
    await add(api, alias="bare", subject=None)
    use = {"id": "bare", "variables": {"first_name": "Ann"}}
    id = (await api.ok("POST", "/emails", json=a_message(use, subject="{{ mine }}")))["id"]
    assert (await api.ok("GET", f"/emails/{id}"))["subject"] == "{{ mine }}"
    assert "required" in (await api.refused(422, "POST", "/emails", json=a_message(use)))["subject"]


UNUSABLE: list[tuple[dict[str, Any], str, str]] = [
    ({}, "template.variables.first_name", "Give first_name"),
    ({"template": {"id": "nowhere"}}, "template.id", "no such template"),
    ({"template": {"id": str(uuid4())}}, "template.id", "no such template"),
    ({"template": {"id": "a\0b"}}, "template.id", "no such template"),
    ({"template": {"id": "welcome", "version": 2}}, "template.version", "no such template"),
    ({"template": {"id": "welcome", "version": 2**31}}, "template.version", "<="),
    ({"template": {"id": "welcome", "words": 1}}, "template.words", "not a field"),
    ({"template": {"id": "welcome", "variables": {"first_name": "a\r\nBcc: x"}}}, "subject", "one line"),
    ({"template": {"id": "welcome", "variables": {"first_name": "x" * 70_000}}}, "template.variables", "65,536"),
    ({"html": "<p>Mine</p>"}, "html", "either"),
    ({"to": "nobody"}, "to[0]", "no @"),
]


@pytest.mark.parametrize(("wrong", "path", "word"), UNUSABLE, ids=[f"{path}-{word}" for _, path, word in UNUSABLE])
async def test_what_cannot_be_filled_in_is_named_and_nothing_is_written(
    app: Litestar, api: Api, sender: Any, wrong: dict[str, Any], path: str, word: str
) -> None:
    await add(api, alias="welcome")
    refused = await api.refused(422, "POST", "/emails", json=a_message("welcome") | wrong)
    assert word in refused[path]
    await assert_nothing_written(app)


async def test_a_batch_reads_its_templates_once_and_names_the_bad_ones(
    app: Litestar, api: Api, sender: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(api, alias="welcome")
    good = a_message({"id": "welcome", "variables": {"first_name": "Ann"}})
    plain = {"from": FROM, "to": "carl@example.org", "subject": "Plain", "text": "Plain"}
    batch = [good, plain, a_message("welcome"), a_message("nowhere")]
    refused = await api.refused(422, "POST", "/emails/batch", json=batch)
    assert refused.keys() >= {"[2].template.variables.first_name", "[3].template.id"}
    await assert_nothing_written(app)
    answer = await api.ok("POST", "/emails/batch", json=batch, headers={"x-batch-validation": "permissive"})
    assert [error["index"] for error in answer["errors"]] == [2, 3]
    said = [(await api.ok("GET", f"/emails/{each['id']}"))["subject"] for each in answer["data"]]
    assert said == ["Welcome, Ann", "Plain"]
