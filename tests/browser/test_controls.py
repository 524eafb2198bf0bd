"""What people order by hand: move, edit, cancel, try again, decide, one or many; pause and resume; sending hours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.async_api import Locator, Page, expect

from app.domain.windows import DAYS
from tests.support.axe import troubles
from tests.support.smtp_server import SmtpServer, Step
from tests.support.waiting import wait_until

BROWSER_ZONE = ZoneInfo("Europe/Berlin")


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as running:
        yield running


@pytest.fixture
def sender(api: httpx.Client, server: SmtpServer) -> dict[str, Any]:
    """A sender of the test's own, without a gap, on `server`."""
    address = {"from_email": f"by-hand-{server.port}@example.com", "name": f"By hand {server.port}"}
    connection = {"host": "127.0.0.1", "port": server.port, "security": "none", "min_delay_ms": 0}
    return post(api, "/senders", address | connection)


@pytest.fixture
def workspace(api: httpx.Client) -> Iterator[dict[str, Any]]:
    """As it is, and as it is again afterwards: the tests share it."""
    before = get(api, "/workspace")
    yield before
    fields = ("name", "timezone", "hourly_limit", "late_after_seconds")
    assert api.patch("/workspace", json={field: before[field] for field in fields}).is_success


def post(api: httpx.Client, path: str, body: object = None) -> dict[str, Any]:
    answer = api.post(path, json=body)
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


def get(api: httpx.Client, path: str) -> dict[str, Any]:
    found: dict[str, Any] = api.get(path).json()
    return found


def send(api: httpx.Client, sender: dict[str, Any], subject: str, *, to: str = "ann@example.org", **more: str) -> str:
    fields = {"from": sender["from_email"], "to": to, "subject": subject, "text": "Hello"}
    return str(post(api, "/emails", fields | more)["id"])


def look(api: httpx.Client, email_id: str) -> dict[str, Any]:
    return get(api, f"/emails/{email_id}")


async def becomes(api: httpx.Client, status: str, *email_ids: str) -> None:
    await wait_until(
        lambda: [look(api, each)["status"] for each in email_ids] == [status] * len(email_ids), what=status
    )


def told(desk: Page) -> Locator:
    return desk.get_by_role("region", name="Notifications")


async def test_a_waiting_message_is_moved_edited_and_cancelled(
    desk: Page, api: httpx.Client, sender: dict[str, Any]
) -> None:
    email = send(api, sender, "Not yet", scheduled_at="in 30 hours")
    await desk.goto(f"/emails/{email}")
    await expect(desk.get_by_text("Why not yet: waits for its time")).to_be_visible()

    await desk.get_by_role("button", name="Reschedule").click()
    form = desk.get_by_role("dialog", name="Reschedule")
    due = datetime.now(BROWSER_ZONE).replace(hour=9, minute=30, second=0, microsecond=0) + timedelta(days=3)
    await form.get_by_label("Day and time").fill(f"{due:%Y-%m-%dT%H:%M}")
    assert await troubles(desk) == []
    await form.get_by_role("button", name="Move").click()
    await expect(told(desk)).to_contain_text("Moved to")
    await expect(form).to_have_count(0)
    assert datetime.fromisoformat(look(api, email)["scheduled_at"]) == due

    await desk.get_by_role("button", name="Edit").click()
    form = desk.get_by_role("dialog", name="Edit the message")
    await expect(form.get_by_role("button", name="Save")).to_have_attribute("aria-disabled", "true")
    await form.get_by_label("Message", exact=True).fill("Changed by hand")
    await form.get_by_label("If a downtime makes it late").select_option("ask")
    assert await troubles(desk) == []
    await form.get_by_label("Subject").fill("Not yet, and changed")
    await form.get_by_role("button", name="Save").click()
    await expect(desk.get_by_role("heading", name="Not yet, and changed")).to_be_visible()
    changed = look(api, email)
    assert (changed["text"], changed["late_policy"]) == ("Changed by hand", "ask")

    await desk.get_by_role("button", name="Cancel the message to ann@example.org").click()
    await desk.get_by_role("button", name="Cancel message").click()
    await becomes(api, "cancelled", email)
    for words in (r"moved it to \w", "changed subject, text, late_policy", "cancelled it: it will not be sent"):
        await expect(desk.get_by_text(re.compile(words))).to_be_visible()
    for name in ("Edit", "Reschedule", "Try again"):
        await expect(desk.get_by_role("button", name=name)).to_have_count(0)


async def test_a_person_decides_what_is_in_doubt(
    desk: Page, api: httpx.Client, sender: dict[str, Any], server: SmtpServer
) -> None:
    server.on("dot", *[Step("", drop=True)] * 2)
    email = send(api, sender, "Did it arrive")
    await becomes(api, "uncertain", email)
    await desk.goto(f"/emails/{email}")
    panel = desk.get_by_role("region", name="Did it arrive?")
    await panel.get_by_role("button", name="Send again").click()
    asked = desk.get_by_role("dialog", name="Send again?")
    await expect(asked).to_contain_text("gets it twice")
    await asked.get_by_role("button", name="Not now").click()
    assert len(server.received) == 1

    await panel.get_by_role("button", name="Send again").click()
    await asked.get_by_role("button", name="Send again").click()
    await expect(told(desk)).to_contain_text("1 will be sent again")
    await expect(desk.get_by_text("Attempt 2, ordered by You")).to_be_visible()
    await becomes(api, "uncertain", email)
    assert len(server.received) == 2

    await panel.get_by_role("button", name="It arrived").click()
    await expect(told(desk)).to_contain_text("1 marked as sent")
    await expect(panel).to_have_count(0)
    await expect(desk.get_by_text("You said that it arrived.")).to_be_visible()
    assert look(api, email)["status"] == "sent"


async def test_many_are_decided_tried_again_and_cancelled_at_once(
    desk: Page, api: httpx.Client, sender: dict[str, Any], server: SmtpServer
) -> None:
    server.on("rcpt", *[Step("550 5.7.1 Not today")] * 3, match="refused")
    server.on("dot", Step("", drop=True))
    doubtful = send(api, sender, "By the dozen", to="doubt@example.org")
    await becomes(api, "uncertain", doubtful)
    refused = [send(api, sender, "By the dozen", to=f"refused{each}@example.org") for each in range(3)]
    await becomes(api, "failed", *refused)
    later = [
        send(api, sender, "By the dozen", to=f"later{each}@example.org", scheduled_at="in 9 hours") for each in range(3)
    ]

    await desk.goto("/sent?status=attention&q=By%20the%20dozen")
    await expect(desk.get_by_role("row")).to_have_count(5)
    boxes = desk.get_by_role("checkbox", name=re.compile("^Select By the dozen"))
    await boxes.nth(0).check()
    await boxes.nth(3).click(modifiers=["Shift"])
    bar = desk.get_by_role("region", name="Selected messages")
    await expect(bar).to_contain_text("4 selected")
    cancel = bar.get_by_role("button", name="Cancel")
    await expect(cancel).to_have_attribute("aria-disabled", "true")
    await cancel.focus()
    await expect(bar.get_by_role("tooltip").filter(has_text="Only what still waits can be cancelled")).to_be_visible()
    await bar.get_by_role("button", name="Decide about 1 message").click()
    assert await troubles(desk) == []
    await desk.get_by_role("menuitem", name="Drop").click()
    await expect(told(desk)).to_contain_text("1 dropped")
    await becomes(api, "failed", doubtful)
    await expect(bar).to_have_count(0)

    for each in range(3):
        await boxes.nth(each).check()
    await bar.get_by_role("button", name="Try again 3").click()
    await desk.get_by_role("dialog").get_by_role("button", name="Send 3 messages again").click()
    await expect(told(desk)).to_contain_text("3 will be sent again")
    await becomes(api, "sent", *refused)

    await desk.goto("/scheduled?q=By%20the%20dozen")
    await expect(desk.get_by_role("row")).to_have_count(4)
    await desk.keyboard.press("j")
    await expect(desk.get_by_role("row").locator(":focus")).to_have_count(1)
    await desk.keyboard.press("x")
    await expect(bar).to_contain_text("1 selected")
    await desk.get_by_role("checkbox", name="Select all on this page").check()
    await bar.get_by_role("button", name="Cancel 3").click()
    await desk.get_by_role("dialog").get_by_role("button", name="Cancel 3 messages").click()
    await expect(told(desk)).to_contain_text("3 messages cancelled")
    await expect(desk.get_by_text("No message matches")).to_be_visible()
    await becomes(api, "cancelled", *later)


async def test_a_campaign_is_timed_and_its_failures_tried_again(
    desk: Page, api: httpx.Client, sender: dict[str, Any], server: SmtpServer
) -> None:
    server.on("rcpt", *[Step("550 5.7.1 Not today")] * 2, match="refused")
    await desk.goto("/compose")
    people = ("refused1@example.org", "refused2@example.org", "last@example.org")
    await desk.get_by_label("Recipients", exact=True).fill("\n".join(people))
    await desk.get_by_label("Subject").fill("Paced by hand")
    await desk.get_by_label("Message", exact=True).fill("Hello")
    await desk.get_by_role("checkbox", name=sender["name"]).check()
    await desk.get_by_role("checkbox", name="Test inbox").uncheck()
    await desk.get_by_label("Delay between emails").fill("0.2")
    await desk.get_by_text("Advanced timing").click()
    await desk.get_by_label("Random delay in percent").fill("10")
    await desk.get_by_label("If a downtime makes it late").select_option("skip")
    await desk.get_by_label("Only at certain hours").check()
    for day in ("Sat", "Sun"):
        await desk.get_by_label(day, exact=True).check()
    await desk.get_by_label("From", exact=True).fill("00:00")
    await desk.get_by_label("Until", exact=True).fill("00:00")
    assert await troubles(desk) == []
    await desk.get_by_role("button", name="Schedule 3 emails").click()
    await expect(desk).to_have_url(re.compile("/campaigns/"))
    for words in ("Every day, 00:00–24:00", "up to 10 % later at random", "Skip it"):
        await expect(desk.get_by_text(words)).to_be_visible()

    await desk.get_by_role("button", name="Retry 2 failed").click()
    await expect(told(desk)).to_contain_text("2 will be sent again")
    campaign = f"/campaigns/{desk.url.rsplit('/', 1)[1]}"
    # The page still says "Completed" from before the two were tried again: the counts decide.
    await wait_until(lambda: get(api, campaign)["counts"]["sent"] == 3)
    await expect(desk.get_by_text("Completed")).to_be_visible()
    assert len(server.messages) == 3


async def test_a_campaign_is_paused_resumed_and_cancelled(
    desk: Page, api: httpx.Client, sender: dict[str, Any]
) -> None:
    later = {"sender_ids": [sender["id"]], "subject": "To be paused", "text": "Hello", "start_at": "in 3 hours"}
    people = [f"person{each}@example.org" for each in range(3)]
    campaign = post(api, "/campaigns", later | {"recipients": people})["id"]
    post(api, f"/campaigns/{campaign}/schedule")
    await desk.goto(f"/campaigns/{campaign}")
    await desk.get_by_role("button", name="Pause").click()
    await expect(told(desk)).to_contain_text("Campaign paused")
    await expect(desk.get_by_text("Campaign is paused").first).to_be_visible()
    assert get(api, f"/campaigns/{campaign}")["state"] == "paused"
    await desk.get_by_role("button", name="Resume").click()
    await expect(told(desk)).to_contain_text("Campaign resumed")
    await desk.get_by_role("button", name="Cancel campaign").click()
    await desk.get_by_role("dialog").get_by_role("button", name="Cancel campaign").click()
    await expect(told(desk)).to_contain_text("3 emails will not be sent")
    assert get(api, f"/campaigns/{campaign}")["state"] == "cancelled"


async def test_a_sender_keeps_its_hours_until_they_are_taken_away(
    desk: Page, api: httpx.Client, sender: dict[str, Any], server: SmtpServer
) -> None:
    far = (datetime.now(UTC).weekday() + 3) % 7
    await desk.goto(f"/senders?edit={sender['id']}")
    form = desk.get_by_role("dialog", name=f"Edit {sender['name']}")
    await form.get_by_label("Only at certain hours").check()
    for day in range(7):
        await form.get_by_label(DAYS[day].capitalize(), exact=True).set_checked(day == far)
    await form.get_by_label("Time zone").select_option("UTC")
    assert await troubles(desk) == []
    await form.get_by_role("button", name="Save and test").click()
    await desk.get_by_role("button", name="Done").click()
    hours = f"{DAYS[far].capitalize()}, 09:00–17:00"
    card = desk.get_by_role("listitem").filter(has=desk.get_by_role("heading", name=sender["name"]))
    await expect(card).to_contain_text(f"{hours} (UTC)")

    email = send(api, sender, "In its hours")
    await desk.goto(f"/emails/{email}")
    await expect(desk.get_by_text("Why not yet: outside the sending window")).to_be_visible()
    assert server.received == []

    await desk.goto(f"/senders?edit={sender['id']}")
    await form.get_by_label("Only at certain hours").uncheck()
    await form.get_by_role("button", name="Save and test").click()
    await becomes(api, "sent", email)
    await desk.get_by_role("button", name="Done").click()

    await card.get_by_role("button", name="Pause").click()
    await expect(told(desk)).to_contain_text("Sender paused")
    email = send(api, sender, "In its pause")
    await desk.goto(f"/emails/{email}")
    await expect(desk.get_by_text("Why not yet: sender is paused")).to_be_visible()
    await desk.goto("/senders")
    await card.get_by_role("button", name="Resume").click()
    await becomes(api, "sent", email)


async def test_the_workspace_is_set_by_hand(desk: Page, api: httpx.Client, workspace: dict[str, Any]) -> None:
    await desk.goto("/settings")
    save = desk.get_by_role("button", name="Save")
    await expect(save).to_have_attribute("aria-disabled", "true")
    await desk.get_by_label("Name", exact=True).fill("The counting house")
    await desk.get_by_label("Time zone").select_option("Asia/Tokyo")
    await desk.get_by_role("checkbox", name="No limit").uncheck()
    await desk.get_by_label("Emails an hour, all senders together").fill("0")
    await desk.get_by_label("Late after, in minutes").fill("2.5")
    await save.click()
    await expect(desk.get_by_text("A whole number of at least 1.")).to_be_visible()
    await desk.get_by_label("Emails an hour, all senders together").fill("900000")
    await save.click()
    await expect(told(desk)).to_contain_text("Workspace saved")
    await expect(desk.get_by_role("banner").get_by_text("The counting house")).to_be_visible()
    given = {"name": "The counting house", "timezone": "Asia/Tokyo", "hourly_limit": 900_000}
    assert get(api, "/workspace") == workspace | given | {"late_after_seconds": 150}
