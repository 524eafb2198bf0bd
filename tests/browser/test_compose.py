"""From a dropped file to the inbox: what a person sees on the way."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlencode

import httpx
from playwright.async_api import Locator, Page, expect

from tests.support.up import Up

PEOPLE = {f"person{number:03d}@example.org": f"Person {number}" for number in range(500)}
SUBJECT = "Five hundred invitations"


def in_inbox(up: Up, subject: str) -> list[str]:
    """Whom the test inbox holds a message of that subject for."""
    found = httpx.get(f"{up.line['inbox_url']}/api/messages", verify=False).json()
    return [message["to"][0] for message in found if message["subject"] == subject]


async def drop(target: Locator, name: str, text: str) -> None:
    """Lets a file fall on an element, as from a folder of the desktop."""
    dropped = await target.page.evaluate_handle(
        """([name, text]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([text], name, { type: "text/csv" }));
            return transfer;
        }""",
        [name, text],
    )
    await target.dispatch_event("drop", {"dataTransfer": dropped})


async def test_a_dropped_list_of_500_moves_from_scheduled_to_sent_and_arrives(desk: Page, up: Up) -> None:
    await desk.goto("/compose")
    table = "\r\n".join(["email,first_name", *(f"{email},{name}" for email, name in PEOPLE.items())])
    await drop(desk.get_by_label("Recipients", exact=True), "people.csv", table)
    await expect(desk.get_by_test_id("address-count")).to_have_text("500 addresses found")
    await desk.get_by_label("Subject").fill(SUBJECT)
    await desk.get_by_text("HTML", exact=True).click()
    await desk.get_by_label("Message", exact=True).fill("<h1>Hello {{ first_name }}</h1><p>Come in.</p>")
    await desk.get_by_label("Delay between emails").fill("0.1")
    await expect(desk.get_by_role("checkbox", name="Test inbox")).to_be_checked()
    await desk.get_by_role("button", name="Schedule 500 emails").click()
    await expect(desk).to_have_url(re.compile("/campaigns/"))

    # Two windows side by side; neither is loaded again. Other tests have messages of their own in both lists.
    sent = await desk.context.new_page()
    search = urlencode({"q": SUBJECT})
    await desk.goto(f"/scheduled?{search}")
    await sent.goto(f"/sent?{search}")
    for page in (desk, sent):
        await page.evaluate("window.loadedOnce = true")
    # The first page of what was sent begins with the newest: the last messages stay on it.
    leaving = sent.get_by_role("row").filter(has_text="person499@example.org")
    await expect(desk.get_by_role("row").filter(has_text="@example.org").first).to_be_visible()
    await expect(leaving).to_have_count(0)
    await expect(desk.get_by_text("No message matches")).to_be_visible(timeout=120_000)
    await expect(leaving).to_contain_text("Sent")
    for page in (desk, sent):
        assert await page.evaluate("window.loadedOnce")

    assert sorted(in_inbox(up, SUBJECT)) == sorted(PEOPLE), "each once"


async def test_what_is_missing_is_said_at_the_field_and_what_is_refused_in_a_toast(desk: Page) -> None:
    await desk.goto("/compose")
    await desk.get_by_role("button", name="Schedule").click()
    for words in ("Add at least one address.", "Give it a subject.", "Write a message."):
        await expect(desk.get_by_text(words)).to_be_visible()

    recipients = desk.get_by_label("Recipients", exact=True)
    await expect(recipients).to_be_focused()
    await recipients.fill("ann@example.org\nnobody\nAnn@example.org, bob@example.org")
    await expect(desk.get_by_test_id("address-count")).to_have_text("2 addresses found")
    await expect(desk.get_by_text("1 row is left out")).to_be_visible()
    await expect(desk.get_by_text("1 duplicate left out")).to_be_visible()
    await desk.get_by_label("Subject").fill("Too late")
    await desk.get_by_label("Message", exact=True).fill("Hello")
    await desk.get_by_text("At a time").click()
    await desk.get_by_label("Day and time").fill("2020-02-02T20:20")
    await desk.get_by_role("button", name="Schedule 2 emails").click()
    toast = desk.get_by_role("region", name="Notifications")
    await expect(toast).to_contain_text("Could not schedule")
    await expect(toast).to_contain_text("start_at")
    await expect(desk.get_by_label("Day and time")).to_have_attribute("aria-invalid", "true")
    await expect(desk).to_have_url(re.compile("/compose$"))


async def test_a_long_list_that_is_removed_while_it_is_read_is_cancelled(desk: Page, tmp_path: Path) -> None:
    long = tmp_path / "long.csv"
    long.write_text("email\n" + "".join(f"user{i}@long.example\n" for i in range(400_000)))
    await desk.goto("/compose")
    await desk.get_by_label("CSV or text file with recipients").set_input_files(long)
    await expect(desk.get_by_role("progressbar", name="Reading of long.csv")).to_be_visible(timeout=30_000)
    async with desk.expect_response(lambda answer: answer.url.endswith("/cancel")) as cancelling:
        await desk.get_by_role("button", name="Remove long.csv").click()
    assert (await (await cancelling.value).json())["state"] == "cancelled"
    await expect(desk.get_by_label("Recipients", exact=True)).to_be_editable()
