"""The page of one message: the mail as it looks, its source, its story, and no way out of its frame."""

from __future__ import annotations

import re

import httpx
from playwright.async_api import Browser, Page, expect

from tests.support.waiting import wait_until

ME = "you@paceline.example"  # the sender that `up` makes


def send(api: httpx.Client, **fields: str) -> str:
    answer = api.post("/emails", json={"from": ME, "to": "ann@example.org", **fields})
    assert answer.is_success, answer.text
    return str(answer.json()["id"])


async def sent(api: httpx.Client, email_id: str) -> None:
    await wait_until(lambda: api.get(f"/emails/{email_id}").json()["status"] == "sent", what="the message to be sent")


async def test_a_message_shows_itself_its_story_and_its_preview(desk: Page, api: httpx.Client) -> None:
    email = send(api, subject="Shown", html="<h1>Welcome, Ann</h1>", text="Welcome in plain words")
    await sent(api, email)
    await desk.goto("/sent?q=Shown")
    await desk.get_by_role("row").filter(has_text="Shown").click()
    await expect(desk).to_have_url(re.compile(f"/emails/{email}"))
    await expect(desk.get_by_role("heading", name="Shown")).to_be_visible()
    frame = desk.frame_locator("iframe[title='Rendered message']")
    await expect(frame.get_by_role("heading", name="Welcome, Ann")).to_be_visible()
    story = desk.get_by_role("listitem").filter(has=desk.get_by_text("Attempt 1"))
    await expect(story).to_contain_text("Handed over")
    for words in ("Taken into the schedule", "The mail server took it: 250 Accepted"):
        await expect(desk.get_by_text(words)).to_be_visible()
    await desk.get_by_text("Text", exact=True).click()
    await expect(desk.get_by_text("Welcome in plain words")).to_be_visible()
    await desk.get_by_text("Source", exact=True).click()
    await expect(desk.get_by_text("Subject: Shown")).to_be_visible()

    async with desk.expect_popup() as opening:
        await desk.get_by_role("link", name="Open preview").click()
    preview = await opening.value
    await expect(preview.get_by_role("heading", name="Shown")).to_be_visible()
    await expect(preview.frame_locator("iframe").get_by_role("heading", name="Welcome, Ann")).to_be_visible()


async def test_the_html_of_a_message_runs_nothing(
    browser: Browser, session: dict[str, str], site: str, api: httpx.Client
) -> None:
    hostile = """<p>Read me</p><script>top.document.title = "taken"</script>
        <img src="x:" onerror="parent.document.title = 'taken'"><form action="/v1/emails"></form>"""
    email = send(api, subject="Hostile", html=hostile)
    await sent(api, email)
    # A page of its own: the browser reports here, rightly, what it has blocked.
    page = await browser.new_page(base_url=site)
    await page.context.add_cookies([{"name": name, "value": value, "url": site} for name, value in session.items()])
    blocked: list[str] = []
    page.on("console", lambda message: blocked.append(message.text))
    await page.goto(f"/emails/{email}")
    await expect(page.frame_locator("iframe").get_by_text("Read me")).to_be_visible()
    await wait_until(lambda: any("Blocked script execution" in text for text in blocked), what="the script's end")
    assert await page.title() != "taken"
