"""The overview: what left each hour against the limit, how punctual, and what a person is needed for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.test_controls import get, post
from tests.browser.test_pages import DESKTOP, PHONE, in_theme
from tests.support.axe import troubles
from tests.support.smtp_server import SmtpServer
from tests.support.waiting import wait_until_sync


@pytest.fixture
def paused(api: httpx.Client) -> Iterator[dict[str, Any]]:
    """A sender that sent three messages and was paused then."""
    with SmtpServer() as server:
        where = {"host": "127.0.0.1", "port": server.port, "security": "none", "min_delay_ms": 0}
        name = "An overview sender"
        sender = post(api, "/senders", {"name": name, "from_email": "over@view.example", "hourly_limit": 9} | where)
        people = [f"p{each}@view.example.org" for each in range(3)]
        draft = {"sender_ids": [sender["id"]], "subject": "Counted", "text": "Hi", "recipients": people}
        campaign = post(api, "/campaigns", draft)["id"]
        post(api, f"/campaigns/{campaign}/schedule")
        wait_until_sync(lambda: get(api, f"/campaigns/{campaign}")["counts"]["sent"] == 3, what="the sending")
        post(api, f"/senders/{sender['id']}/pause")
        yield sender
        api.delete(f"/senders/{sender['id']}")


async def test_what_left_each_hour_and_what_needs_a_person(
    desk: Page, api: httpx.Client, paused: dict[str, Any]
) -> None:
    await desk.goto("/")
    hours = desk.get_by_role("slider", name="Emails in each hour")
    await hours.focus()
    await desk.keyboard.press("End")
    await expect(hours).to_have_attribute("aria-valuetext", re.compile(r"^Today \d\d:\d\d–\d\d:\d\d: \d+ emails$"))
    counted = get(api, "/stats")["hours"]
    assert counted[-1]["count"] + counted[-2]["count"] >= 3
    await expect(desk.get_by_text("Typical delay")).to_be_visible()
    await expect(desk.get_by_text(re.compile(r"^99 % within [\d.]+ (ms|s|min)"))).to_be_visible()
    for size, theme in ((DESKTOP, "light"), (PHONE, "dark")):
        await desk.set_viewport_size(size)
        await in_theme(desk, "light" if theme == "light" else "dark")
        assert await troubles(desk) == []
        assert await desk.evaluate("document.documentElement.scrollWidth") <= size["width"]
    # A campaign of it that is under way says so too.
    more = {"sender_ids": [paused["id"]], "subject": "Waits", "text": "Hi", "recipients": ["w@view.example.org"]}
    campaign = post(api, "/campaigns", more)["id"]
    post(api, f"/campaigns/{campaign}/schedule")
    await desk.goto(f"/campaigns/{campaign}")
    await expect(desk.get_by_text("An overview sender is paused: its part waits.")).to_be_visible()
    post(api, f"/campaigns/{campaign}/cancel")
    await desk.goto("/")
    await desk.get_by_role("link", name="An overview sender is paused").click()
    await expect(desk).to_have_url(re.compile("/senders$"))


async def test_a_limit_is_drawn_and_said(desk: Page) -> None:
    async def limited(route: Route) -> None:
        answer = await route.fetch()
        stats = await answer.json()
        stats["hours"][-1]["count"] = 150
        stats["counts"] |= {"held": 2, "failed": 0, "uncertain": 0, "bounced": 0, "missed": 0}
        await route.fulfill(response=answer, json=stats | {"hour_limit": 200})

    await desk.route("**/v1/stats", limited)
    await desk.goto("/")
    await expect(desk.get_by_text("At most 200 an hour")).to_be_visible()
    hours = desk.get_by_role("slider", name="Emails in each hour")
    await hours.focus()
    await desk.keyboard.press("End")
    await expect(hours).to_have_attribute("aria-valuetext", re.compile("150 of at most 200 emails$"))
    await desk.get_by_role("link", name="2 emails held").click()
    await expect(desk).to_have_url(re.compile(r"/scheduled\?status=held$"))


async def test_a_new_workspace_says_what_comes_first(desk: Page, inbox_only: None) -> None:
    await desk.goto("/")
    steps = desk.locator("section").filter(has=desk.get_by_role("heading", name="Get started"))
    await expect(steps.get_by_role("listitem")).to_have_text(
        [re.compile("Send a test, done"), re.compile("Connect a mailbox"), re.compile("Import recipients")]
    )
    await expect(steps.get_by_role("link", name="test inbox")).to_be_visible()
    for size, theme in ((DESKTOP, "dark"), (PHONE, "light")):
        await desk.set_viewport_size(size)
        await in_theme(desk, "light" if theme == "light" else "dark")
        assert await troubles(desk) == []
    await steps.get_by_role("link", name="Add a sender").click()
    await expect(desk.get_by_role("dialog", name="Add a sender")).to_be_visible()
    await desk.goto("/")
    await steps.get_by_role("button", name="Hide these steps").click()
    await expect(steps).to_have_count(0)
    await desk.reload()
    await expect(desk.get_by_text("Typical delay")).to_be_visible()
    await expect(steps).to_have_count(0)


@pytest.fixture
async def inbox_only(desk: Page, api: httpx.Client) -> None:
    """As after the first test message: the sender that `up` made, no campaign."""
    (inbox,) = [each for each in get(api, "/senders")["data"] if each["from_email"] == "you@paceline.example"]
    await desk.route("**/v1/senders?*", lambda route: route.fulfill(json=LIST | {"data": [inbox]}))
    await desk.route("**/v1/campaigns?*", lambda route: route.fulfill(json=LIST))

    async def one_was_sent(route: Route) -> None:
        answer = await route.fetch()
        await route.fulfill(response=answer, json=await answer.json() | {"sent": 1})

    await desk.route("**/v1/stats", one_was_sent)


LIST: dict[str, Any] = {"object": "list", "has_more": False, "data": []}
