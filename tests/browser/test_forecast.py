"""The forecast beside the form that follows what is typed, and the end that a campaign's page foretells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.support.axe import troubles

BROWSER_ZONE = ZoneInfo("Europe/Berlin")
PEOPLE = ", ".join(f"person{number:03d}@example.org" for number in range(300))


@pytest.fixture
def slow(api: httpx.Client) -> Iterator[Any]:
    """A sender with limits, at a server that nobody answers at."""
    wanted = {"from_email": "slow@example.com", "name": "Slow", "host": "127.0.0.1", "port": 9, "security": "none"}
    made = api.post("/senders", json=wanted | {"hourly_limit": 100, "min_delay_ms": 2000}).raise_for_status().json()
    yield made
    api.delete(f"/senders/{made['id']}")


def order(api: httpx.Client, method: str, path: str, body: Any = None) -> Any:
    return api.request(method, path, json=body).raise_for_status().json()


def forecast(desk: Page) -> Locator:
    return desk.locator("section").filter(has=desk.get_by_role("heading", name="Forecast"))


async def fill(desk: Page) -> None:
    await desk.goto("/compose")
    await desk.get_by_label("Recipients", exact=True).fill(PEOPLE)
    await desk.get_by_role("checkbox", name="Slow").check()
    await desk.get_by_role("checkbox", name="Test inbox").uncheck()
    await desk.get_by_label("Delay between emails").fill("0")


async def test_it_follows_what_is_typed(desk: Page, slow: Any) -> None:
    await desk.goto("/compose")
    panel = forecast(desk)
    await expect(panel).to_contain_text("Add recipients")
    await fill(desk)
    await expect(panel).to_contain_text("Paced by the sender’s limit of 100 an hour")
    # On the hour: a hundred that begin in its last minutes are in two of its rows.
    tomorrow = datetime.now(BROWSER_ZONE) + timedelta(days=1)
    await desk.get_by_text("At a time").click()
    await desk.get_by_label("Day and time").fill(f"{tomorrow:%Y-%m-%d}T10:00")
    rows = panel.get_by_role("row")
    await expect(rows).to_have_count(4)
    for hour in (1, 2, 3):
        await expect(rows.nth(hour)).to_contain_text("100")

    await desk.get_by_label("Hourly limit").fill("50")
    await expect(panel).to_contain_text("Paced by the campaign’s own limit of 50 an hour")
    await expect(rows).to_have_count(7)
    await desk.get_by_label("Hourly limit").fill("")
    await desk.get_by_label("Delay between emails").fill("60")
    await expect(panel).to_contain_text("Paced by the delay of 1 min between emails")
    await expect(panel).to_contain_text("4 h 59 min in all")

    bars = panel.get_by_role("slider", name="Emails in each hour")
    await bars.focus()
    await desk.keyboard.press("ArrowRight")
    await expect(bars).to_have_attribute("aria-valuetext", re.compile(": 60 emails$"))
    assert await troubles(desk) == []


async def test_what_cannot_be_foretold_says_so_and_an_outage_can_be_tried_again(desk: Page, slow: Any) -> None:
    await fill(desk)
    panel = forecast(desk)
    await expect(panel).to_contain_text("Paced by")
    await desk.get_by_label("Delay between emails").fill("soon")
    await expect(panel).to_contain_text("once the timing can be read")
    await desk.get_by_label("Delay between emails").fill("2000000")
    await expect(panel).to_contain_text("use at most")

    async def fail(route: Route) -> None:
        await route.fulfill(status=503, json={"statusCode": 503, "name": "unavailable", "message": "No database."})

    await desk.route("**/campaigns/estimate", fail)
    await desk.get_by_label("Delay between emails").fill("3")
    await expect(panel).to_contain_text("No database.")
    await desk.unroute("**/campaigns/estimate")
    await panel.get_by_role("button", name="Try again").click()
    await expect(panel).to_contain_text("Last leaves")


async def test_the_page_of_a_campaign_foretells_its_end_and_keeps_it_right(
    desk: Page, api: httpx.Client, slow: Any
) -> None:
    wanted = {"sender_ids": [slow["id"]], "subject": "Later", "text": "Hi", "recipients": PEOPLE.split(", ")}
    made = order(api, "POST", "/campaigns", wanted | {"start_at": "in 2 days"})
    order(api, "POST", f"/campaigns/{made['id']}/schedule")
    await desk.goto(f"/campaigns/{made['id']}")
    panel = desk.locator("section").filter(has=desk.get_by_role("heading", name="What is left"))
    await expect(panel).to_contain_text("300 emails to go")
    await expect(panel).to_contain_text("100 an hour")
    await expect(panel).to_contain_text("in 2 d")
    assert await troubles(desk) == []
    order(api, "PATCH", f"/campaigns/{made['id']}", {"hourly_limit": 4})
    await expect(panel).to_contain_text("the campaign’s own limit of 4 an hour")
    await expect(panel).to_contain_text("in 5 d")
    order(api, "POST", f"/campaigns/{made['id']}/cancel")
    await expect(panel).to_have_count(0)
