"""The text part that is made where none is given, and style sheets in elements: of campaigns, templates and messages.

How they are made is held in tests/mail/test_plain.py and test_styles.py, that they arrive in
tests/journeys/test_previews.py.
"""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage
from typing import Any

import pytest

from tests.api.test_campaigns import draft
from tests.api.test_emails import a_message, add_sender
from tests.api.test_templates import a_message as a_filled_message
from tests.support.tenants import Api

STYLED = "<style>p{color:red} a:hover{color:blue}</style><p>Hi {{ name }}</p>"
INLINED = '<style>\na:hover { color: blue; }\n</style><p style="color: red;">Hi {{ name }}</p>'
DEEP = "<div>" * 250
PERSON = {"email": "ann@x.example", "name": "Ann & Co"}


@pytest.fixture
async def sender(api: Api) -> str:
    made = await add_sender(api)
    return str(made["id"])


def kinds(source: str) -> list[str]:
    message = email.message_from_string(source, EmailMessage, policy=email.policy.default)
    return [part.get_content_type() for part in message.walk()]


async def preview(api: Api, campaign: Any) -> Any:
    return await api.ok("POST", f"/campaigns/{campaign['id']}/preview", json={})


# Campaigns


async def test_a_campaign_of_html_alone_is_sent_with_a_text_part_and_its_styles_in_place(api: Api, sender: str) -> None:
    campaign = await draft(api, sender, PERSON, html=STYLED, text=None)
    assert (campaign["html"], campaign["text"]) == (STYLED, None), "as it was written"
    shown = await preview(api, campaign)
    assert shown["text"] == "Hi Ann & Co"
    assert shown["html"] == INLINED.replace("{{ name }}", "Ann &amp; Co")
    assert kinds(shown["source"]) == ["multipart/alternative", "text/plain", "text/html"]

    other = await api.ok("PATCH", f"/campaigns/{campaign['id']}", json={"html": "<p>Bye {{ name }}</p>"})
    assert (other["html"], other["text"]) == ("<p>Bye {{ name }}</p>", None)
    shown = await preview(api, campaign)
    assert (shown["html"], shown["text"]) == ("<p>Bye Ann &amp; Co</p>", "Bye Ann & Co")
    copy = await api.ok("POST", f"/campaigns/{campaign['id']}/duplicate")
    assert (await preview(api, copy))["text"] == "Bye Ann & Co"


async def test_a_text_of_ones_own_stands_and_an_empty_one_is_none(api: Api, sender: str) -> None:
    campaign = await draft(api, sender, PERSON, html="<p>Hi</p>", text="Mine")
    assert (await preview(api, campaign))["text"] == "Mine"
    path = f"/campaigns/{campaign['id']}"
    assert (await api.ok("PATCH", path, json={"text": ""}))["text"] == ""
    shown = await preview(api, campaign)
    assert (shown["text"], kinds(shown["source"])) == (None, ["text/html"])
    assert (await api.ok("PATCH", path, json={"html": "<p>Ho</p>"}))["text"] == "", "it stays none"
    assert (await api.ok("PATCH", path, json={"text": None}))["text"] is None
    assert (await preview(api, campaign))["text"] == "Ho"


async def test_a_text_part_has_no_template_that_the_html_has_not(api: Api, sender: str) -> None:
    """The HTML shows two braces; in the text they would be a variable that nobody has."""
    for subject in ("Hello", "Hello {{ name }}"):
        campaign = await draft(api, sender, PERSON, subject=subject, html="&#123;&#123; city }}", text=None)
        shown = await preview(api, campaign)
        assert (shown["html"], shown["text"]) == ("&#123;&#123; city }}", "{{ city }}")


async def test_the_words_of_a_campaign_are_previewed_and_tested_as_they_would_be_sent(api: Api, sender: str) -> None:
    listed = await api.ok("POST", "/recipients/parse", json={"text": "email,name\nann@x.example,Ann"})
    words = {"sender_ids": [sender], "import_id": listed["import_id"], "subject": "Hello", "html": STYLED}
    shown = await api.ok("POST", "/campaigns/preview", json=words)
    assert (shown["html"], shown["text"]) == (INLINED.replace("{{ name }}", "Ann"), "Hi Ann")
    for text, said in ((None, "Hi Ann"), ("", None)):
        sent = await api.ok("POST", "/campaigns/test", json=words | {"to": ["me@x.example"], "text": text})
        test = await api.ok("GET", f"/emails/{sent['data'][0]['id']}")
        assert (test["html"], test["text"]) == (INLINED.replace("{{ name }}", "Ann"), said)


@pytest.mark.parametrize(
    ("html", "reason"),
    [
        (DEEP, "so no text version can be made of it: give a text, or an empty one for none"),
        (f"<style>p{{a:b}}</style>{DEEP}", "nested more than 200 deep"),
        ("<div hidden>{% if name %}</div>x{% endif %}", "Line 1: a part of this condition"),
        ("<style>" + "p{a:b}" * 3_000 + "</style><p>", "3,000 declarations"),
    ],
)
async def test_what_nothing_can_be_made_of_is_refused_at_its_field(
    api: Api, sender: str, html: str, reason: str
) -> None:
    campaign = await draft(api, sender, PERSON)
    for method, path, body in (
        ("POST", "/campaigns", {"sender_ids": [sender], "subject": "x", "html": html, "recipients": [PERSON]}),
        ("PATCH", f"/campaigns/{campaign['id']}", {"html": html, "text": None}),
        ("POST", "/templates", {"name": "x", "html": html}),
        ("POST", "/templates/preview", {"html": html}),
    ):
        problems = await api.refused(422, method, path, json=body)
        assert list(problems) == ["", "html"]
        assert reason in problems["html"]


async def test_with_no_text_part_asked_for_none_can_be_too_hard_to_make(api: Api, sender: str) -> None:
    campaign = await draft(api, sender, PERSON, html=DEEP, text="")
    assert (await preview(api, campaign))["text"] is None


# Templates


async def test_a_template_makes_messages_with_both(api: Api, sender: str) -> None:
    made = await api.ok("POST", "/templates", json={"name": "Welcome", "subject": "Hi", "html": STYLED})
    assert (made["html"], made["text"]) == (STYLED, None)
    tried = await api.ok("POST", f"/templates/{made['id']}/preview", json={"variables": {"name": "Ann & Co"}})
    assert (tried["html"], tried["text"]) == (INLINED.replace("{{ name }}", "Ann &amp; Co"), "Hi Ann & Co")
    use = {"id": made["id"], "variables": {"name": "Ann & Co"}}
    sent = await api.ok("POST", "/emails", json=a_filled_message(use))
    message = await api.ok("GET", f"/emails/{sent['id']}")
    assert (message["html"], message["text"]) == (tried["html"], tried["text"])

    second = await api.ok("PATCH", f"/templates/{made['id']}", json={"text": ""})
    assert (second["version"], second["text"]) == (2, "")
    sent = await api.ok("POST", "/emails", json=a_filled_message(use))
    assert (await api.ok("GET", f"/emails/{sent['id']}"))["text"] is None
    copy = await api.ok("POST", f"/templates/{made['id']}/duplicate")
    assert (await api.ok("GET", f"/templates/{copy['id']}"))["text"] == ""


# Messages


async def test_a_single_message_of_html_alone_gets_a_text_part_and_its_html_stays_as_it_is(
    api: Api, sender: str
) -> None:
    html = "<style>p{color:red}</style><p>Hi {{ you }} &amp; all</p>"
    sent = await api.ok("POST", "/emails", json=a_message(html=html, text=None, scheduled_at="in 1 hour"))
    path = f"/emails/{sent['id']}"
    message = await api.ok("GET", path)
    assert (message["html"], message["text"]) == (html, "Hi {{ you }} & all")
    source = (await api.get(f"{path}/source")).text
    assert kinds(source) == ["multipart/alternative", "text/plain", "text/html"]

    await api.ok("PATCH", path, json={"html": "<p>Bye</p>"})
    assert (await api.ok("GET", path))["text"] == "Bye"
    await api.ok("PATCH", path, json={"subject": "Other"})
    assert (await api.ok("GET", path))["text"] == "Bye"
    await api.ok("PATCH", path, json={"text": ""})
    assert (await api.ok("GET", path))["text"] is None
    await api.ok("PATCH", path, json={"text": None})
    assert (await api.ok("GET", path))["text"] == "Bye"


async def test_an_empty_text_is_none_and_html_that_is_too_much_goes_without(api: Api, sender: str) -> None:
    for changes in ({"html": "<p>Hi</p>", "text": ""}, {"html": DEEP + "Hi", "text": None}):
        sent = await api.ok("POST", "/emails", json=a_message(**changes))
        message = await api.ok("GET", f"/emails/{sent['id']}")
        assert (message["html"], message["text"]) == (changes["html"], None)


async def test_large_html_in_a_batch(api: Api, sender: str) -> None:
    wanted = [a_message(html=f"<p>{number}</p>" * 2_000, text=None) for number in range(3)]
    sent = await api.ok("POST", "/emails/batch", json=wanted)
    texts = [(await api.ok("GET", f"/emails/{each['id']}"))["text"] for each in sent["data"]]
    assert texts == ["\n\n".join([str(number)] * 2_000) for number in range(3)]
