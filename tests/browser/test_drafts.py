"""A draft's page: any recipient's message, a test, who lacks a word, the forecast; then edited and scheduled."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.browser.test_compose import in_inbox
from tests.browser.test_controls import get
from tests.browser.test_try_out import ME, TABLE, accessible
from tests.support.up import Up
from tests.support.waiting import wait_until_sync


@pytest.fixture
def draft(api: httpx.Client, request: pytest.FixtureRequest) -> dict[str, Any]:
    """Not scheduled, to the three of TABLE, called by the test's name."""
    sender = next(each["id"] for each in api.get("/senders").json()["data"] if each["from_email"] == ME)
    found = api.post("/recipients/parse", json={"text": TABLE}).json()
    wanted = {
        "name": request.node.name,
        "sender_ids": [sender],
        "subject": "Draft for {{ first_name }}",
        "html": "<h1>Hi {{ first_name }}</h1><p>In {{ town }}.</p>",
        "import_id": found["import_id"],
        "delay_seconds": 3600,
    }
    made = api.post("/campaigns", json=wanted)
    assert made.is_success, made.text
    answer: dict[str, Any] = made.json()
    return answer


async def test_a_draft_shows_what_it_will_be(desk: Page, up: Up, draft: dict[str, Any]) -> None:
    await desk.goto(f"/campaigns/{draft['id']}")
    frame = desk.frame_locator("iframe")
    await expect(frame.get_by_role("heading")).to_have_text("Hi Ann")
    await expect(desk.get_by_text("1 recipient has nothing for a variable of the message")).to_be_visible()
    forecast = desk.locator("section").filter(has=desk.get_by_role("heading", name="Forecast"))
    await expect(forecast).to_contain_text("3 emails to go")
    await expect(forecast).to_contain_text("Paced by the delay of 1 h between emails")
    await accessible(desk)
    # From who lacks something to what they would get.
    await desk.get_by_text("1 recipient has nothing").click()
    await desk.get_by_role("button", name="bob@try.example.org").click()
    await expect(desk.get_by_text("2 of 3")).to_be_visible()
    await expect(desk.get_by_text("This recipient has nothing for town.")).to_be_visible()
    await desk.get_by_text("Source", exact=True).click()
    await expect(desk.get_by_label("Source of the message")).to_contain_text("To: bob@try.example.org")
    await desk.get_by_role("button", name="Send test").click()
    dialog = desk.get_by_role("dialog", name="Send a test")
    await dialog.get_by_label("To").fill("boss@drafts.example.org")
    await dialog.get_by_label("To").press("Enter")
    await expect(dialog).to_have_count(0)
    wait_until_sync(lambda: in_inbox(up, "[Test] Draft for Ann") == ["boss@drafts.example.org"], what="the test")


async def test_a_draft_is_edited_and_scheduled(desk: Page, api: httpx.Client, draft: dict[str, Any]) -> None:
    await desk.goto(f"/campaigns/{draft['id']}")
    await desk.get_by_role("link", name="Edit").click()
    await expect(desk.get_by_label("Name", exact=True)).to_have_value(draft["name"])
    await expect(desk.get_by_label("Delay between emails")).to_have_value("3600")
    await accessible(desk)
    await desk.get_by_label("Subject").fill("{{ nobody_has_this }}")
    await desk.get_by_role("button", name="Save draft").click()
    await expect(desk.get_by_label("Subject")).to_have_attribute("aria-invalid", "true")
    assert get(api, f"/campaigns/{draft['id']}")["subject"] == draft["subject"]
    await desk.get_by_label("Subject").fill("Edited for {{ first_name }}")
    await desk.get_by_label("Name", exact=True).fill("An edited draft")
    await desk.get_by_label("Hourly limit").fill("7")
    await desk.get_by_role("button", name="Save draft").click()
    await expect(desk.get_by_role("heading", name="An edited draft")).to_be_visible()
    await expect(desk.get_by_text("Edited for Ann")).to_be_visible()
    kept = get(api, f"/campaigns/{draft['id']}")
    same = ("html", "text", "sender_ids", "start_at", "window", "delay_seconds", "import_id")
    assert {field: kept[field] for field in same} == {field: draft[field] for field in same}
    assert kept["hourly_limit"] == 7
    await desk.get_by_role("button", name="Schedule 3 emails").click()
    await expect(desk.get_by_role("button", name="Pause")).to_be_visible()
    # What is scheduled is no draft any more.
    await desk.goto(f"/campaigns/{draft['id']}/edit")
    await expect(desk).to_have_url(re.compile(f"/campaigns/{draft['id']}$"))
    await desk.get_by_role("button", name="Preview").click()
    await expect(desk.get_by_role("dialog").frame_locator("iframe").get_by_role("heading")).to_have_text("Hi Ann")


async def test_what_is_composed_can_stay_a_draft(desk: Page, api: httpx.Client) -> None:
    await desk.goto("/compose")
    await desk.get_by_label("Recipients", exact=True).fill("ann@try.example.org, bob@try.example.org")
    await desk.get_by_role("button", name="Save as draft").click()
    await expect(desk.get_by_text("Give it a subject.")).to_be_visible()
    await desk.get_by_label("Subject").fill("Not yet")
    await desk.get_by_label("Message", exact=True).fill("Hi")
    await desk.get_by_role("button", name="Save as draft").click()
    await expect(desk.get_by_role("button", name="Schedule 2 emails")).to_be_visible()
    assert get(api, f"/campaigns/{desk.url.rpartition('/')[2]}")["state"] == "draft"
    await desk.goto("/compose")
    await expect(desk.get_by_label("Subject")).to_have_value("")


async def test_campaigns_are_found_by_status_and_name(desk: Page, draft: dict[str, Any]) -> None:
    await desk.goto("/campaigns")
    await desk.get_by_label("Status", exact=True).select_option(label="Draft")
    await expect(desk.get_by_role("row").filter(has_text=draft["name"])).to_contain_text("3 recipients")
    await desk.keyboard.press("Escape")
    await desk.locator("h1").click()
    await desk.keyboard.press("/")
    await desk.keyboard.type("NOBODY")
    await expect(desk.get_by_text("No campaign matches")).to_be_visible()
    await expect(desk).to_have_url(re.compile(r"/campaigns\?(state=draft&q=NOBODY|q=NOBODY&state=draft)$"))
    await desk.get_by_label("Search campaigns").fill(draft["name"].upper())
    await desk.get_by_role("link", name=draft["name"]).click()
    await expect(desk).to_have_url(re.compile(f"/campaigns/{draft['id']}$"))


async def test_a_draft_is_discarded(desk: Page, api: httpx.Client, draft: dict[str, Any]) -> None:
    await desk.goto(f"/campaigns/{draft['id']}")
    await desk.get_by_role("button", name="Discard").click()
    await desk.get_by_role("dialog").get_by_role("button", name="Discard draft").click()
    await expect(desk.get_by_role("main").get_by_text("Cancelled", exact=True)).to_be_visible()
    await expect(desk.frame_locator("iframe").get_by_role("heading")).to_have_text("Hi Ann")
    assert get(api, f"/campaigns/{draft['id']}")["state"] == "cancelled"
