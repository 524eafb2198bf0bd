"""The lists of messages: cancelling, and getting about with the keyboard alone."""

from __future__ import annotations

import re

import httpx
from playwright.async_api import Page, expect

ME = "you@paceline.example"  # the sender that `up` makes


def schedule(api: httpx.Client, subject: str, *recipients: str) -> list[str]:
    """For tomorrow, an hour apart."""
    emails = [
        {"from": ME, "to": to, "subject": subject, "text": "Hello", "scheduled_at": f"in {24 + i} hours"}
        for i, to in enumerate(recipients)
    ]
    answer = api.post("/emails/batch", json=emails)
    assert answer.is_success, answer.text
    return [email["id"] for email in answer.json()["data"]]


def schedule_tagged(api: httpx.Client, *names: str) -> None:
    """Each with a tag of its kind and a second recipient, the later named the sooner due."""
    emails = [
        {
            "from": ME,
            "to": ["cyd@tags.example.org", f"{name}@copies.example.org"],
            "subject": f"Tagged {name}",
            "text": "Hello",
            "scheduled_at": f"in {30 - place} hours",
            "tags": [{"name": "kind", "value": name}],
        }
        for place, name in enumerate(names)
    ]
    answer = api.post("/emails/batch", json=emails)
    assert answer.is_success, answer.text


def status(api: httpx.Client, email_id: str) -> str:
    return str(api.get(f"/emails/{email_id}").json()["status"])


async def test_one_scheduled_message_is_cancelled_and_the_others_stay(desk: Page, api: httpx.Client) -> None:
    first, second = schedule(api, "Perhaps not", "ann@example.org", "bob@example.org")
    await desk.goto("/scheduled?q=Perhaps")
    row = desk.get_by_role("row").filter(has_text="ann@example.org")
    await row.hover()
    await row.get_by_role("button", name="Cancel the message to ann@example.org").click()
    asked = desk.get_by_role("dialog", name="Cancel this message?")
    await asked.get_by_role("button", name="Keep it").click()
    await expect(asked).to_have_count(0)
    await expect(row).to_be_visible()

    await row.hover()
    await row.get_by_role("button", name="Cancel the message to ann@example.org").click()
    await asked.get_by_role("button", name="Cancel message").click()
    await expect(desk.get_by_role("region", name="Notifications")).to_contain_text("Cancelled")
    await expect(row).to_have_count(0)
    await expect(desk.get_by_role("row").filter(has_text="bob@example.org")).to_be_visible()
    assert [status(api, each) for each in (first, second)] == ["cancelled", "scheduled"]


async def test_the_keyboard_alone_searches_moves_opens_and_composes(desk: Page, api: httpx.Client) -> None:
    people = [f"{name}@keys.example.org" for name in ("ann", "bob", "cyd")]
    ids = schedule(api, "By keys", *people)
    await desk.goto("/scheduled")
    await expect(desk.get_by_role("row").filter(has_text=people[0])).to_be_visible()
    await desk.keyboard.press("/")
    await expect(desk.get_by_role("searchbox", name="Search messages")).to_be_focused()
    await desk.keyboard.type("By keys")
    await expect(desk).to_have_url(re.compile(r"[?&]q=By(%20|\+)keys"))
    await expect(desk.get_by_role("row")).to_have_count(1 + 3)  # only they are left, below the head
    await desk.keyboard.press("Escape")
    for key, expected in (("j", 0), ("j", 1), ("j", 2), ("j", 2), ("k", 1)):
        await desk.keyboard.press(key)
        await expect(desk.get_by_role("link", name=f"to {people[expected]}")).to_be_focused()
    await desk.keyboard.press("Enter")
    await expect(desk).to_have_url(re.compile(f"/emails/{ids[1]}"))
    await expect(desk.get_by_role("heading", name="By keys")).to_be_visible()
    await desk.keyboard.press("c")
    await expect(desk).to_have_url(re.compile("/compose$"))
    await desk.get_by_label("Subject").fill("c / j k are letters here")
    await expect(desk).to_have_url(re.compile("/compose$"))


async def test_a_search_lives_in_the_url_and_says_when_nothing_matches(desk: Page, api: httpx.Client) -> None:
    schedule(api, "Needle", "ann@hay.example.org")
    await desk.goto("/scheduled?q=Needle")
    await expect(desk.get_by_role("row").filter(has_text="ann@hay.example.org")).to_be_visible()
    await desk.get_by_role("searchbox", name="Search messages").fill("no such needle")
    await expect(desk.get_by_text("No message matches")).to_be_visible()
    await desk.reload()
    await expect(desk.get_by_text("No message matches")).to_be_visible()
    await desk.get_by_role("button", name="Clear").click()
    await expect(desk.get_by_role("row").filter(has_text="ann@hay.example.org")).to_be_visible()


async def test_tags_and_orders_narrow_the_lists_and_typing_asks_only_once_it_rests(
    desk: Page, api: httpx.Client
) -> None:
    schedule(api, "Tagged not", "ann@tags.example.org")
    schedule_tagged(api, "offer", "invoice")

    rows = desk.get_by_role("row").filter(has_text="Tagged")
    await desk.goto("/scheduled?q=tagged")
    await expect(rows).to_have_count(3)
    asked: list[str] = []
    desk.on("request", lambda request: asked.append(request.url) if "/v1/emails?" in request.url else None)

    await desk.get_by_role("searchbox", name="Tag").press_sequentially("kind:invoice", delay=20)
    await expect(rows).to_have_count(1)
    await expect(rows.first).to_contain_text("Tagged invoice")
    await expect(desk).to_have_url(re.compile(r"[?&]tag=kind(%3A|:)invoice"))
    assert len([url for url in asked if "tag=" in url]) < len("kind:invoice")
    await desk.get_by_role("searchbox", name="Tag").fill("kind")
    await expect(rows).to_have_count(2)
    await expect(rows.first).to_contain_text("Tagged invoice")  # the next one first: it is due an hour earlier
    await desk.get_by_role("combobox", name="Order").select_option("Newest first")
    await expect(desk).to_have_url(re.compile("sort=created_at"))
    await expect(rows.nth(1)).to_contain_text("Tagged offer")
    await desk.reload()
    await expect(desk.get_by_role("combobox", name="Order")).to_have_value("created_at")
    await expect(rows).to_have_count(2)

    await desk.get_by_role("button", name="Clear").click()
    await desk.get_by_role("searchbox", name="Search messages").fill("invoice@copies.ex")  # any recipient is found
    await expect(desk.get_by_role("row").filter(has_text="cyd@tags.example.org")).to_have_count(1)
    await desk.get_by_role("searchbox", name="Tag").fill("kind:nothing")
    await expect(desk.get_by_text("No message matches")).to_be_visible()
    await expect(desk.get_by_role("searchbox", name="Tag")).to_be_focused()
