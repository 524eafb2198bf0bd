"""Templates that break out or eat the machine: refused wherever words are saved or tried, by field and line."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from litestar import Litestar

from app.mail import template
from app.mail.template_rules import read
from tests.support.hostile_templates import DENSE, ESCAPES, EXHAUSTIONS, MASSES
from tests.support.tenants import Api

AT = "a\nb\n"  # so that each stands on the third line


@pytest.fixture
async def sender(api: Api) -> str:
    made = await api.ok("POST", "/senders", json={"from_email": "ann@example.com", "host": "smtp.example.com"})
    return str(made["id"])


def campaign(sender: str, field: str, source: str) -> dict[str, Any]:
    people = [{"email": "bob@example.org", "name": "Bob", "variables": {"no": "1", "nº": "2"}}]
    return {"sender_ids": [sender], "subject": "Hello", "text": "Hi", "recipients": people} | {field: source}


async def kept(app: Litestar) -> int:
    async with app.state.pool.connection() as conn:
        cursor = await conn.execute(
            "select (select count(*) from templates) + (select count(*) from contents)"
            " + (select count(*) from campaigns) + (select count(*) from imports) as n"
        )
        row = await cursor.fetchone()
    return int(row["n"])


async def test_every_attempt_is_refused_where_it_would_be_saved_and_nothing_is_kept(
    app: Litestar, api: Api, sender: str
) -> None:
    for place, (source, reason) in enumerate(ESCAPES + EXHAUSTIONS):
        field = ("html", "text")[place % 2]
        for path, body in (
            ("/templates", {"name": "Welcome", "subject": "Hello", field: AT + source}),
            ("/campaigns", campaign(sender, field, AT + source)),
        ):
            refused = await api.refused(422, "POST", path, json=body)
            assert refused[field].startswith("Line 3: "), (path, source)
            assert reason in refused[field], (path, source)
    assert await kept(app) == 0


async def test_masses_are_refused_too(app: Litestar, api: Api, sender: str) -> None:
    made = await api.ok("POST", "/templates", json={"name": "Welcome", "subject": "Hello", "text": "Hi {{ name }}"})
    for what, (source, reason) in MASSES.items():
        for method, path, body in (
            ("PATCH", f"/templates/{made['id']}", {"html": source}),
            ("POST", "/campaigns", campaign(sender, "html", source)),
        ):
            assert reason in (await api.refused(422, method, path, json=body))["html"], f"{what}, {path}"
    assert await kept(app) == 1


async def test_a_subject_is_held_to_the_same(api: Api, sender: str) -> None:
    for source, reason in (
        ("{{ name() }}", "Line 1: a function call"),
        ("{{ name.__class__ }}", "Line 1: “__class__”"),
    ):
        for path, body in (
            ("/templates", {"name": "Welcome", "text": "Hi", "subject": source}),
            ("/campaigns", campaign(sender, "subject", source)),
        ):
            assert reason in (await api.refused(422, "POST", path, json=body))["subject"]


@pytest.fixture
def readers(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The threads that read a template, once for each time."""
    threads: list[int] = []

    def noted(*given: Any) -> Any:
        threads.append(threading.get_ident())
        return read(*given)

    monkeypatch.setattr(template, "read", noted)
    return threads


async def test_words_are_read_once_however_the_variables_of_people_differ(
    api: Api, sender: str, readers: list[int]
) -> None:
    people = [{"email": f"r{i}@example.org", "variables": {f"only_{i}": "x"}} for i in range(400)]
    words = {"subject": "For {{ only_7 }}", "text": DENSE["names"], "html": DENSE["keys"]}
    refused = await api.refused(
        422, "POST", "/campaigns", json=campaign(sender, "recipients", "") | words | {"recipients": people}
    )
    assert len(refused) == 400
    assert refused["recipients[8].variables"] == "In subject, line 1: the variable “only_7” is not known."
    assert len(readers) == 3


async def test_what_takes_time_is_read_in_threads(api: Api, sender: str, readers: list[int]) -> None:
    """However long a template takes, the server answers others meanwhile."""
    for what in ("names", "lines"):
        source = DENSE[what]
        words = {"name": "Welcome", "subject": "Hello", "html": source}
        made = await api.ok("POST", "/templates", json=words)
        await api.ok("PATCH", f"/templates/{made['id']}", json={"html": f"{source} "})
        await api.ok("POST", f"/templates/{made['id']}/preview", json={})
        message = {"from": "ann@example.com", "to": "Bob <bob@example.org>", "template": {"id": made["id"]}}
        await api.request("POST", "/emails", json=message)
        drafted = await api.ok("POST", "/campaigns", json=campaign(sender, "html", f" {source}"))
        await api.ok("PATCH", f"/campaigns/{drafted['id']}", json={"html": f"  {source}"})
        await api.request("POST", f"/campaigns/{drafted['id']}/preview", json={"index": 0})
        assert len(readers) >= 4, what
        assert threading.get_ident() not in readers, what
        readers.clear()
