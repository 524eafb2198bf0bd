"""Before it goes: a list's columns, any recipient's message, a test to oneself, who lacks a word; and then a copy."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.browser.test_compose import drop, in_inbox
from tests.browser.test_pages import DESKTOP, PHONE, in_theme
from tests.support.axe import troubles
from tests.support.up import Up
from tests.support.waiting import wait_until_sync

PEOPLE = ["ann@copy.example.org", "bob@copy.example.org"]
ME = "you@paceline.example"  # the sender that `up` makes
TABLE = """email,First Name,Town,Secret
ann@try.example.org,Ann,Bern,s1
bob@try.example.org,Bob,,s2
nobody
cy@try.example.org,<i>Cy</i>,Rom,s3
"""


async def with_list(desk: Page, subject: str) -> None:
    await desk.goto("/compose")
    await drop(desk.get_by_label("Recipients", exact=True), "people.csv", TABLE)
    await expect(desk.get_by_test_id("address-count")).to_have_text("3 addresses found")
    await desk.get_by_label("Subject").fill(subject)
    await desk.get_by_text("HTML", exact=True).click()


async def accessible(desk: Page) -> None:
    for size, theme in ((DESKTOP, "light"), (PHONE, "dark")):
        await desk.set_viewport_size(size)
        await in_theme(desk, "light" if theme == "light" else "dark")
        assert await troubles(desk) == []
        assert await desk.evaluate("document.documentElement.scrollWidth") <= size["width"]
    await desk.set_viewport_size(DESKTOP)


async def test_any_recipients_message_as_it_will_be_sent(desk: Page) -> None:
    await with_list(desk, "News for {{ first_name }}")
    await desk.get_by_label("Message", exact=True).fill("<h1>Hi {{ first_name }}</h1><p>In {{ town }}.</p>")
    await expect(desk.get_by_text("1 recipient has nothing for a variable of the message")).to_be_visible()
    await desk.get_by_role("button", name="Preview").click()
    dialog = desk.get_by_role("dialog", name="Preview")
    frame = dialog.frame_locator("iframe")
    await expect(dialog.get_by_text("News for Ann")).to_be_visible()
    await expect(frame.get_by_role("heading")).to_have_text("Hi Ann")
    await expect(dialog.get_by_role("button", name="Previous recipient")).to_be_disabled()
    await dialog.get_by_role("button", name="Next recipient").click()
    await expect(dialog.get_by_text("2 of 3")).to_be_visible()
    await expect(dialog.get_by_text("This recipient has nothing for town.")).to_be_visible()
    await dialog.get_by_label("Find a recipient by address").fill("cy@try.example.org")
    await dialog.get_by_label("Find a recipient by address").press("Enter")
    await expect(dialog.get_by_text("3 of 3")).to_be_visible()
    await expect(frame.get_by_role("heading")).to_have_text("Hi <i>Cy</i>")
    await expect(dialog.get_by_role("button", name="Next recipient")).to_be_disabled()
    await accessible(desk)
    await dialog.get_by_text("Text", exact=True).click()
    await expect(dialog.get_by_label("Message as this recipient gets it")).to_have_text("Hi <i>Cy</i>\n\nIn Rom.")
    await accessible(desk)
    await dialog.get_by_text("Source", exact=True).click()
    source = dialog.get_by_label("Source of the message")
    await expect(source).to_contain_text("To: cy@try.example.org")
    await expect(source).to_contain_text("List-Unsubscribe-Post: List-Unsubscribe=One-Click")
    await accessible(desk)
    await dialog.get_by_label("Find a recipient by address").fill("who@try.example.org")
    await dialog.get_by_label("Find a recipient by address").press("Enter")
    await expect(dialog.get_by_text("This address is not on the list")).to_be_visible()
    await desk.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(desk).to_have_url(re.compile("/compose$"))


async def test_a_test_reaches_me_and_no_recipient(desk: Page, up: Up) -> None:
    await with_list(desk, "Trial {{ first_name }}")
    await desk.get_by_label("Message", exact=True).fill("<p>Hi {{ first_name }}</p>")
    await desk.get_by_role("button", name="Send test").click()
    dialog = desk.get_by_role("dialog", name="Send a test")
    await dialog.get_by_label("To").fill("nobody")
    await dialog.get_by_role("button", name="Send test").click()
    await expect(dialog.get_by_label("To")).to_have_attribute("aria-invalid", "true")
    await accessible(desk)
    await dialog.get_by_label("To").fill("me@try.example.org, boss@try.example.org")
    await dialog.get_by_label("To").press("Enter")
    await expect(dialog).to_have_count(0)
    await expect(desk.get_by_role("region", name="Notifications")).to_contain_text("Test sent")
    wait_until_sync(lambda: len(in_inbox(up, "[Test] Trial Ann")) == 2, what="the tests")
    assert sorted(in_inbox(up, "[Test] Trial Ann")) == ["boss@try.example.org", "me@try.example.org"]
    assert in_inbox(up, "Trial Ann") == []


async def test_columns_are_renamed_and_left_out(desk: Page) -> None:
    await with_list(desk, "Hello")
    await desk.get_by_text("4 columns for the message").click()
    await expect(desk.get_by_label("Name of email in the message")).to_be_disabled()
    await desk.get_by_label("Name of town in the message").fill("the city")
    await desk.get_by_role("button", name="Apply").click()
    await expect(desk.get_by_text("A template cannot use this name: `the_city` would.")).to_be_visible()
    await expect(desk.get_by_label("Name of town in the message")).to_have_attribute("aria-invalid", "true")
    await desk.get_by_label("Use secret").uncheck()
    await desk.get_by_label("Name of town in the message").fill("city")
    await accessible(desk)
    await desk.get_by_label("Name of town in the message").press("Enter")
    await expect(desk.get_by_text("3 columns for the message")).to_be_visible()
    await expect(desk).to_have_url(re.compile("/compose$"))
    await desk.get_by_role("button", name="city", exact=True).click()
    await expect(desk.get_by_label("Message", exact=True)).to_have_value("{{ city }}")
    await expect(desk.get_by_role("button", name="secret", exact=True)).to_have_count(0)
    await desk.get_by_role("button", name="Preview").click()
    await expect(desk.get_by_role("dialog").frame_locator("iframe").get_by_text("Bern")).to_be_visible()


async def test_a_preview_without_words_says_what_is_missing(desk: Page) -> None:
    await desk.goto("/compose")
    await desk.get_by_role("button", name="Preview").click()
    await expect(desk.get_by_text("Give it a subject.")).to_be_visible()
    await expect(desk.get_by_role("dialog")).to_have_count(0)


@pytest.fixture
def campaign(api: httpx.Client) -> str:
    """Scheduled for later, to PEOPLE."""
    sender = next(each["id"] for each in api.get("/senders").json()["data"] if each["from_email"] == ME)
    draft = {"sender_ids": [sender], "subject": "Copy me", "text": "Hi", "recipients": PEOPLE, "start_at": "in 2 hours"}
    made = str(api.post("/campaigns", json=draft).json()["id"])
    api.post(f"/campaigns/{made}/schedule").raise_for_status()
    return made


async def test_a_campaign_is_exported_and_duplicated(desk: Page, campaign: str) -> None:
    await desk.goto(f"/campaigns/{campaign}")
    async with desk.expect_download() as started:
        await desk.get_by_role("link", name="Export CSV").click()
    lines = (await (await started.value).path()).read_text("utf-8-sig").splitlines()
    assert [line.partition(",")[0] for line in lines] == ["email", *PEOPLE]
    await desk.get_by_role("button", name="Duplicate").click()
    await expect(desk.get_by_role("heading", name="Copy me (copy)")).to_be_visible()
    await expect(desk.get_by_role("button", name="Schedule 2 emails")).to_be_visible()
    await accessible(desk)
