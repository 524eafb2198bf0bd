"""Campaigns looked at before they are scheduled: any recipient's message, tests of it, and who it lacks words for.

That a preview is what is sent, byte for byte, is held in tests/journeys/test_previews.py.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from litestar import Litestar

from tests.api.test_campaigns import add_sender, draft, query, scheduled
from tests.support.tenants import Api

PEOPLE = [
    {"email": "ann@x.example", "name": "Ann", "variables": {"city": "Bern"}},
    {"email": "Bob@x.example", "variables": {"city": " "}},
    {"email": "cy@x.example", "name": "Cy", "variables": {"city": "Rom"}},
]
TABLE = """email,name,city
ann@x.example,Ann,Bern
not one
ann@x.example,Again,Bonn
no@x.example,No,Ulm
bob@x.example,,

cy@x.example,Cy,
"""


@pytest.fixture
async def sender(api: Api) -> str:
    return await add_sender(api)


async def preview(api: Api, campaign: Any, **which: Any) -> Any:
    return await api.ok("POST", f"/campaigns/{campaign['id']}/preview", json=which)


async def read_table(api: Api, text: str = TABLE) -> Any:
    return await api.ok("POST", "/recipients/parse", json={"text": text})


def words(sender: str, listed: Any, **changes: Any) -> dict[str, Any]:
    said = {
        "sender_ids": [sender],
        "import_id": listed["import_id"],
        "subject": "Hello {{ city }}",
        "text": "Hi {{ name }}",
    }
    return said | changes


async def test_any_recipient_of_a_draft(api: Api, sender: str, app: Litestar) -> None:
    second = await add_sender(api, from_email="bea@example.com", from_name="Bea", host="b.example.com")
    campaign = await draft(
        api,
        sender,
        *PEOPLE,
        sender_ids=[sender, second],
        subject="Hello {{ city }}",
        html="<p>{{ name }} & {{ unsubscribe_url }}</p>",
    )
    first = await preview(api, campaign)
    assert first["source"].startswith(
        "From: ann@example.com\r\nTo: Ann <ann@x.example>\r\nSubject: Hello Bern\r\nDate: "
    )
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in first["source"]
    assert first | {"source": ""} == {
        "object": "campaign_preview",
        "index": 0,
        "count": 3,
        "recipient": {"email": "ann@x.example", "name": "Ann", "variables": {"city": "Bern"}},
        "sender_id": sender,
        "subject": "Hello Bern",
        "html": "<p>Ann & /u/preview</p>",
        "text": "Hi",
        "source": "",
        "missing": [],
    }
    bob = await preview(api, campaign, index=1)
    assert (bob["recipient"]["email"], bob["sender_id"], bob["missing"]) == ("Bob@x.example", second, ["city", "name"])
    assert "From: Bea <bea@example.com>" in bob["source"]
    assert await preview(api, campaign, email="BOB <bob@X.example>") | {"source": ""} == bob | {"source": ""}
    assert (await preview(api, campaign, email="cy@x.example"))["index"] == 2
    for which, path in (
        ({"index": 3}, "index"),
        ({"email": "d@x.example"}, "email"),
        ({"email": "?"}, "email"),
        ({"index": 0, "email": "a@b.c"}, "email"),
    ):
        answer = await api.post(f"/campaigns/{campaign['id']}/preview", json=which)
        assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, path), answer.text
    assert await query(app, "select 1 from emails") == [], "looking leaves nothing behind"
    # And as it is once it is scheduled.
    await api.ok("POST", f"/campaigns/{campaign['id']}/schedule")
    assert (await preview(api, campaign, index=1))["sender_id"] == second


async def test_a_preview_follows_changes(api: Api, sender: str) -> None:
    campaign = await draft(api, sender, *PEOPLE)
    assert (await preview(api, campaign))["text"] == "Hi"
    await api.ok("PATCH", f"/campaigns/{campaign['id']}", json={"text": "Bye {{ city }}"})
    assert (await preview(api, campaign))["text"] == "Bye Bern"


async def test_places_in_a_list_leave_out_what_was_left_out(api: Api, sender: str) -> None:
    await api.ok("POST", "/suppressions", json={"email": "no@x.example"})
    listed = await read_table(api)
    assert (listed["valid"], listed["invalid_count"], listed["duplicates"], listed["suppressed"]) == (3, 1, 1, 1)
    found = [await api.ok("POST", "/campaigns/preview", json=words(sender, listed, index=i)) for i in range(3)]
    assert [each["recipient"]["email"] for each in found] == ["ann@x.example", "bob@x.example", "cy@x.example"]
    named = await api.ok("POST", "/campaigns/preview", json=words(sender, listed, email="cy@x.example"))
    assert (named["index"], named["subject"], named["missing"]) == (2, "Hello ", ["city"])
    answer = await api.post("/campaigns/preview", json=words(sender, listed, email="no@x.example"))
    assert answer.json()["errors"][0]["path"] == "email"


async def test_words_that_no_campaign_may_have_are_refused(api: Api, sender: str, stranger: Api) -> None:
    listed = await read_table(api)
    foreign = await read_table(stranger)
    for path in ("/campaigns/preview", "/campaigns/missing", "/campaigns/test"):
        to = {"to": ["me@example.com"]} if path.endswith("test") else {}
        for changes, at in (
            ({"text": "{{ town }}"}, "text"),
            ({"subject": "{% for x in y %}{% endfor %}"}, "subject"),
            ({"text": None}, "html"),
            ({"import_id": foreign["import_id"]}, "import_id"),
            ({"sender_ids": [str(UUID(int=1))]}, "sender_ids[0]"),
        ):
            answer = await api.post(path, json=words(sender, listed, **changes) | to)
            assert answer.status_code == 422, answer.text
            assert at in [each["path"] for each in answer.json()["errors"]], answer.text
    hole = await api.post("/campaigns/preview", json=words(sender, listed, text="{{ city.zip }}"))
    assert (hole.status_code, "“zip” is not known" in hole.text) == (422, True)


async def test_a_test_goes_out_as_ordinary_mail(api: Api, sender: str, app: Litestar) -> None:
    campaign = await draft(api, sender, *PEOPLE, subject="Hello {{ city }}", text="{{ name }}: {{ unsubscribe_url }}")
    sent = await api.ok(
        "POST",
        f"/campaigns/{campaign['id']}/test",
        json={"to": ["me@example.com", "Boss <boss@example.com>"], "index": 2},
    )
    emails = [await api.ok("GET", f"/emails/{each['id']}") for each in sent["data"]]
    assert [each["to"] for each in emails] == [["me@example.com"], ["Boss <boss@example.com>"]]
    for each in emails:
        assert (each["subject"], each["campaign_id"], each["sender_id"]) == ("[Test] Hello Rom", None, sender)
        assert each["text"].startswith("Cy: http")
        assert each["text"].endswith("/u/preview")
        source = await api.get(f"/emails/{each['id']}/source")
        assert "List-Unsubscribe" not in source.text
    shown = await api.ok("GET", f"/campaigns/{campaign['id']}")
    assert (shown["state"], sum(shown["counts"].values()), shown["recipient_count"]) == ("draft", 0, 3)
    listed = await read_table(api)
    unsaved = await api.ok("POST", "/campaigns/test", json=words(sender, listed) | {"to": ["me@example.com"]})
    assert (await api.ok("GET", f"/emails/{unsaved['data'][0]['id']}"))["subject"] == "[Test] Hello Bern"


async def test_a_test_that_cannot_be_sent_leaves_nothing(api: Api, sender: str, app: Litestar) -> None:
    campaign = await draft(api, sender, *PEOPLE)
    path = f"/campaigns/{campaign['id']}/test"
    for body, at in (
        ({"to": ["me@example.com", "nobody"]}, "to[1]"),
        ({"to": []}, "to"),
        ({"to": ["me@example.com"] * 6}, "to"),
        ({"to": ["me@example.com"], "index": 9}, "index"),
    ):
        answer = await api.post(path, json=body)
        assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, at), answer.text
    await api.ok("DELETE", f"/senders/{sender}")
    answer = await api.post(path, json={"to": ["me@example.com"]})
    assert (answer.status_code, "no such sender" in answer.text) == (422, True)
    assert await query(app, "select 1 from emails") == []


async def test_who_lacks_a_variable(api: Api, sender: str) -> None:
    campaign = await draft(api, sender, *PEOPLE, subject="Hello {{ city }}", text="Hi {{ name }} {{ unsubscribe_url }}")
    found = await api.ok("GET", f"/campaigns/{campaign['id']}/missing")
    assert found == {
        "object": "campaign_missing",
        "variables": ["city", "name"],
        "count": 1,
        "data": [{"row": 1, "email": "Bob@x.example", "variables": ["city", "name"]}],
    }
    listed = await read_table(api)
    found = await api.ok("POST", "/campaigns/missing", json=words(sender, listed))
    assert [(each["row"], each["email"], each["variables"]) for each in found["data"]] == [
        (6, "bob@x.example", ["city", "name"]),
        (8, "cy@x.example", ["city"]),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Hi {{ city | default('you') }}",
        "{% if city %}In {{ city }}{% endif %}",
        "{{ 'In ' if city else '' }}{{ city }}",
        "Hi {{ email }}",
    ],
)
async def test_what_the_words_provide_for_is_not_missing(api: Api, sender: str, text: str) -> None:
    campaign = await draft(api, sender, *PEOPLE, text=text)
    assert (await api.ok("GET", f"/campaigns/{campaign['id']}/missing"))["count"] == 0
    assert (await preview(api, campaign, index=1))["missing"] == []


async def test_the_first_hundred_who_lack_one_are_named(api: Api, sender: str) -> None:
    people = [{"email": f"r{i}@x.example", "variables": {"city": "" if i % 2 else "Bern"}} for i in range(300)]
    campaign = await draft(api, sender, *people, text="{{ city }}")
    found = await api.ok("GET", f"/campaigns/{campaign['id']}/missing")
    assert (found["count"], len(found["data"]), found["data"][-1]["row"]) == (150, 100, 199)


async def test_a_default_stands_for_an_empty_cell(api: Api, sender: str) -> None:
    campaign = await draft(api, sender, *PEOPLE, text="Hi {{ city | default('you') }}, {{ name | d('friend') }}")
    assert (await preview(api, campaign, index=1))["text"] == "Hi you, friend"


async def test_a_duplicate_is_a_draft_of_its_own(api: Api, sender: str, app: Litestar) -> None:
    first = await scheduled(
        api,
        sender,
        3,
        name="Spring",
        delay_seconds=2,
        jitter_percent=10,
        hourly_limit=7,
        late_policy="skip",
        timezone="Europe/Rome",
        window={"days": ["mon"], "start": "09:00", "end": "17:00"},
    )
    made = await api.ok("POST", f"/campaigns/{first['id']}/duplicate")
    own = ("id", "name", "state", "start_at", "created_at", "scheduled_at", "counts")
    assert {k: v for k, v in made.items() if k not in own} == {k: v for k, v in first.items() if k not in own}
    assert (made["name"], made["state"], made["scheduled_at"]) == ("Spring (copy)", "draft", None)
    assert made["start_at"] < first["start_at"]
    await api.ok("PATCH", f"/campaigns/{made['id']}", json={"text": "Other", "window": None})
    assert (await api.ok("GET", f"/campaigns/{first['id']}"))["text"] == "Hi"
    done = await api.ok("POST", f"/campaigns/{made['id']}/schedule")
    assert done["counts"]["scheduled"] == 3
    assert (await api.post(f"/campaigns/{UUID(int=1)}/duplicate")).status_code == 404
