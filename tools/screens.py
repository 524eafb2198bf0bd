"""Makes the pictures in docs/screens: a fresh `paceline up`, real mail to local SMTP servers, a real browser.

usage: .venv/bin/python -m tools.screens
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import FilePayload, Page, async_playwright, expect

from tests.support.browser import ARGUMENTS, find_chromium
from tests.support.smtp_server import SmtpServer, Step
from tests.support.up import running
from tests.support.waiting import wait_until

SCREENS = Path(__file__).parents[1] / "docs/screens"
FIRST = ["Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Margaret", "Tony"]
FIRST += ["Frances", "Leslie", "Katherine", "Dennis", "Hedy", "Ken", "Adele", "Niklaus"]
LAST = ["Lovelace", "Hopper", "Turing", "Dijkstra", "Liskov", "Knuth", "Hamilton"]
LAST += ["Hoare", "Allen", "Lamport", "Johnson", "Ritchie", "Lamarr", "Thompson"]
HTML = """<body style="margin:0;background:#f3eee7;font:16px/1.6 Georgia,serif;color:#2b2621">
<div style="max-width:540px;margin:32px auto;padding:32px 36px;background:#fff;border-radius:8px">
<p style="margin:0;color:#0b6477;font-size:13px;letter-spacing:.12em">ANALYTICAL ENGINES</p>
<h1 style="margin:.2em 0 .6em">Dear {{ first_name }},</h1>
<p>your seat at the demonstration of the <b>Analytical Engine</b> is kept for Thursday at ten.
The mill is warm by nine.</p><p style="margin:1.6em 0"><a href="https://example.com"
style="padding:10px 20px;border-radius:6px;background:#0b6477;color:#fff;text-decoration:none">See the programme</a></p>
<p>Yours,<br>Ada</p></div></body>"""
TEXT = """Dear {{ first_name }},

your seat at the demonstration of the Analytical Engine is kept for Thursday at ten.
The mill is warm by nine.

Yours,
Ada"""


def people(count: int, start: int = 0) -> list[dict[str, Any]]:
    """Different for different numbers, up to 224 of them."""
    found = []
    for number in range(start, start + count):
        first, last = FIRST[number % len(FIRST)], LAST[number * 3 % len(LAST)]
        email = f"{first}.{last}{number // 112 or ''}@{('mill', 'loom', 'engine')[number % 3]}.example"
        found.append({"email": email.lower(), "variables": {"first_name": first}})
    return found


class House:
    """What the pictures show, made through the API."""

    def __init__(self, line: dict[str, Any]) -> None:
        self.http = httpx.Client(
            base_url=f"{line['url']}/v1", headers={"Authorization": f"Bearer {line['api_key']}"}, timeout=30
        )

    def post(self, path: str, body: Any = None) -> Any:
        answer = self.http.post(path, json=body)
        answer.raise_for_status()
        return answer.json()

    def sender(self, name: str, address: str, smtp: SmtpServer, hourly_limit: int | None) -> str:
        server = {"host": "127.0.0.1", "port": smtp.port, "security": "none", "min_delay_ms": 0}
        wanted = {"name": name, "from_name": name.split(",")[0], "from_email": address, "hourly_limit": hourly_limit}
        return str(self.post("/senders", wanted | server)["id"])

    def campaign(self, name: str, subject: str, senders: list[str], to: list[dict[str, Any]], **when: Any) -> None:
        wanted = {"name": name, "subject": subject, "sender_ids": senders, "recipients": to, "html": HTML} | when
        made = self.post("/campaigns", wanted | {"text": TEXT})
        self.post(f"/campaigns/{made['id']}/schedule")

    @property
    def inbox(self) -> str:
        """The sender that `up` makes."""
        return str(next(each["id"] for each in self.http.get("/senders").json()["data"] if each["is_default"]))

    def knows_its_limit(self, sender: str) -> bool:
        """Whether its mail waits for the limit's own end: at first it only waits for the next look."""
        waiting = self.http.get("/emails", params={"sender_id": sender, "status": "scheduled"}).json()["data"][0]
        next_at = (waiting["waiting_for"] or {}).get("next_at")
        return next_at is not None and datetime.fromisoformat(next_at) - datetime.now(UTC) > timedelta(minutes=10)

    def sent(self) -> int:
        return int(self.http.get("/stats").json()["sent"])


async def furnish(house: House, mailbox: SmtpServer, relay: SmtpServer) -> None:
    ada = house.sender("Ada, Google Workspace", "ada@engines.example", mailbox, 120)
    news = house.sender("Newsletter, SES", "news@engines.example", relay, None)
    inbox = house.inbox
    house.http.patch("/workspace", json={"hourly_limit": 500}).raise_for_status()
    house.campaign("Autumn newsletter", "What the mill learnt this autumn", [news], people(180), delay_seconds=0.02)
    await wait_until(lambda: house.sent() == 180, 60)
    house.campaign("Engine demo", "{{ first_name }}, your seat on Thursday", [ada], people(200), delay_seconds=0.02)
    await wait_until(lambda: house.sent() == 300, 60)
    relay.on("rcpt", Step("550 5.1.1 No such mailbox"), match="katherine.")
    house.campaign("Onboarding, part 2", "Punching your first card", [news, inbox], people(24), delay_seconds=0.2)
    house.campaign("Winter offer", "A warm mill for cold days", [news, inbox], people(224), start_at="in 16 hours")
    await wait_until(lambda: house.sent() >= 322, 60)
    await wait_until(lambda: house.knows_its_limit(ada), 60)


async def picture(page: Page, path: str, name: str, *, dark: bool = True) -> None:
    await page.emulate_media(color_scheme="light", reduced_motion="reduce")
    await page.goto(path)
    await shoot(page, name)
    if dark:
        await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        await shoot(page, f"{name}-dark")


async def shoot(page: Page, name: str) -> None:
    await expect(page.locator("h1:visible").first).to_be_visible()
    await expect(page.locator("[aria-busy=true], [class*=animate-pulse], [class*=animate-spin]")).to_have_count(0)
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    await page.evaluate("Promise.allSettled(document.getAnimations().map((animation) => animation.finished))")
    file = SCREENS / f"{name}.png"
    await page.screenshot(path=file)
    if convert := shutil.which("convert"):  # a palette makes the file a third as long
        converting = await asyncio.create_subprocess_exec(convert, file, "+dither", "-colors", "200", f"PNG8:{file}")
        assert await converting.wait() == 0


async def take(line: dict[str, Any], house: House) -> None:
    chromium = find_chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium.path, args=ARGUMENTS, env={**os.environ, **chromium.environment}
        )
        page = await browser.new_page(base_url=line["url"], viewport={"width": 1440, "height": 900}, locale="en-GB")
        await page.goto(line["sign_in_url"])
        await picture(page, "/", "overview")
        await picture(page, "/sent", "sent")
        await picture(page, "/scheduled", "scheduled", dark=False)
        shown = house.http.get("/emails", params={"q": "Punching", "sender_id": house.inbox}).json()["data"][0]["id"]
        await picture(page, f"/emails/{shown}", "message", dark=False)
        await page.goto("/compose")
        await compose(page)
        await browser.close()


async def compose(page: Page) -> None:
    rows = "\n".join(f"{each['email']},{each['variables']['first_name']}" for each in people(224))
    file = FilePayload(name="guests.csv", mimeType="text/csv", buffer=f"email,first_name\n{rows}".encode())
    await page.locator("input[type=file]").set_input_files(file)
    await page.get_by_label("Subject").fill("{{ first_name }}, your seat on Thursday")
    await page.get_by_label("Message", exact=True).fill(TEXT)
    await page.get_by_role("checkbox", name="Ada").check()
    await page.get_by_role("checkbox", name="Test inbox").uncheck()
    await expect(page.get_by_text("223 addresses found")).to_be_visible()
    await page.emulate_media(color_scheme="light", reduced_motion="reduce")
    await page.evaluate("scrollTo(0, 0)")
    await shoot(page, "compose")


async def main() -> None:
    SCREENS.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        SmtpServer() as mailbox,
        SmtpServer() as relay,
        running(Path(folder) / "data") as up,
    ):
        house = House(up.ready())
        await furnish(house, mailbox, relay)
        await take(up.line, house)


if __name__ == "__main__":
    asyncio.run(main())
