"""Every page: accessible in both themes, and at home on a phone."""

from __future__ import annotations

import re
from typing import Any, Literal

import httpx
import pytest
from playwright.async_api import Page, ViewportSize, expect

from tests.support.axe import settled, troubles
from tests.support.smtp_server import SmtpServer, Step
from tests.support.waiting import wait_until_sync

ME = "you@paceline.example"  # the sender that `up` makes
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
LONG = "An-unbroken-subject-" * 12

PAGES = {
    "overview": "/",
    "compose": "/compose",
    "scheduled": "/scheduled",
    "sent": "/sent",
    "a waiting message": "/emails/{waiting}",
    "a sent message": "/emails/{sent}",
    "a failed message": "/emails/{failed}",
    "a message in doubt": "/emails/{uncertain}",
    "what needs a look": "/sent?status=attention",
    "campaigns": "/campaigns",
    "a campaign": "/campaigns/{campaign}",
    "senders": "/senders",
    "a new sender": "/senders?add=true",
    "deliverability": "/senders/{sender}/deliverability",
    "suppressions": "/suppressions",
    "settings": "/settings",
    "team": "/settings/team",
    "security": "/settings/security",
    "nowhere": "/nowhere",
    "sign-in": "/sign-in?error=link",
}


@pytest.fixture(scope="module")
def known(api: httpx.Client) -> dict[str, str]:
    """Ids of what the pages show: mail in every common state, with long words."""

    def post(path: str, body: object) -> Any:
        answer = api.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def email(to: str, **fields: str) -> str:
        wanted = {"from": ME, "to": to, "subject": LONG, "html": "<p>Hello</p>", "text": "Hello"}
        return str(post("/emails", wanted | fields)["id"])

    with SmtpServer() as refusing:
        refusing.on("rcpt", Step("550 5.1.1 Nobody here has " + "such-an-unbroken-name-" * 6), always=True)
        server = {"host": "127.0.0.1", "port": refusing.port, "security": "none", "min_delay_ms": 0}
        post("/senders", {"from_email": "refused@example.com", "name": "An-unbroken-name-" * 6} | server)
        failed = email("refused@example.org", **{"from": "refused@example.com"})
        wait_until_sync(lambda: api.get(f"/emails/{failed}").json()["status"] == "failed", what="the refusal")
    with SmtpServer() as silent:
        silent.on("dot", Step("", drop=True))
        post(
            "/senders",
            {"from_email": "doubt@example.com", "host": "127.0.0.1", "port": silent.port, "security": "none"},
        )
        uncertain = email("doubt@example.org", **{"from": "doubt@example.com"})
        wait_until_sync(lambda: api.get(f"/emails/{uncertain}").json()["status"] == "uncertain", what="the doubt")
    sender = next(each["id"] for each in api.get("/senders").json()["data"] if each["from_email"] == ME)
    people = [f"person{number}@pages.example.org" for number in range(30)]
    draft = {"sender_ids": [sender], "subject": LONG, "text": "Hello", "recipients": people, "start_at": "in 2 hours"}
    campaign = post("/campaigns", draft)["id"]
    post(f"/campaigns/{campaign}/schedule", None)
    sent = email("ann@pages.example.org")
    wait_until_sync(lambda: api.get(f"/emails/{sent}").json()["status"] == "sent", what="the sending")
    waiting = email("ann@pages.example.org", scheduled_at="in 3 hours")
    post(f"/senders/{sender}/dkim", {"selector": "pages"})
    return {
        "sender": sender,
        "sent": sent,
        "failed": failed,
        "uncertain": uncertain,
        "waiting": waiting,
        "campaign": campaign,
    }


async def test_every_page_is_accessible_in_both_themes_and_fits_a_phone(desk: Page, known: dict[str, str]) -> None:
    for name, path in PAGES.items():
        if name == "sign-in":
            await desk.context.clear_cookies()
        await desk.set_viewport_size(DESKTOP)
        await in_theme(desk, "light")
        await desk.goto(path.format(**known))
        light = [await background(desk), *await troubles(desk)]

        await desk.set_viewport_size(PHONE)
        await in_theme(desk, "dark")
        dark = [await background(desk), *await troubles(desk)]
        assert (name, light[1:], dark[1:]) == (name, [], [])
        assert light != dark
        assert await desk.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], name


async def test_the_first_load_is_small_and_kept(site: str) -> None:
    async with httpx.AsyncClient(base_url=site, headers={"accept-encoding": "br"}) as browser:
        page = (await browser.get("/", headers={"accept": "text/html"})).text
        names = set(re.findall(r'(?:src|href)="(/assets/[^"]+\.(?:js|css))"', page))
        assert len(names) >= 4
        total = 0
        for name in names:
            async with browser.stream("GET", name) as answer:
                assert answer.headers["content-encoding"] == "br"
                assert "immutable" in answer.headers["cache-control"]
                total += len(b"".join([part async for part in answer.aiter_raw()]))
        assert total < 200_000, "bytes before a page's own"


async def in_theme(page: Page, theme: Literal["light", "dark"]) -> None:
    await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    if page.url.startswith("http"):
        await expect(page.locator("html")).to_have_attribute("data-theme", theme)


async def background(page: Page) -> str:
    await settled(page)
    return str(await page.evaluate("getComputedStyle(document.body).backgroundColor"))
