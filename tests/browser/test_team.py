"""A team by hand: invite, join by a mailed link, roles, removal, workspaces and sessions, in two people's browsers."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from tests.support.axe import troubles
from tests.support.browser import SCREENSHOTS
from tests.support.up import Up, running
from tests.support.waiting import wait_until

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def own(tmp_path: Path) -> Any:
    """An `up` of this test's own: people come and go in it."""
    with running(tmp_path / "data") as up:
        up.ready()
        yield up


@pytest.fixture
async def guest(browser: Browser, own: Up) -> AsyncIterator[Page]:
    """Somebody else's browser."""
    context = await browser.new_context(base_url=own.line["url"], viewport={"width": 1280, "height": 800})
    yield await context.new_page()
    await context.close()


async def mailed_to(own: Up, address: str, *, count: int) -> str:
    """The link in the newest of `count` mails to an address."""
    async with httpx.AsyncClient(base_url=own.line["inbox_url"]) as inbox:

        async def come() -> list[str]:
            found = (await inbox.get("/api/messages")).json()
            ids = [str(each["id"]) for each in found if address in str(each["to"])]
            return ids if len(ids) >= count else []

        ids = await wait_until(come, 30, what=f"{count} mails to {address}")
        texts: list[tuple[datetime, str]] = []
        for id in ids:
            raw = (await inbox.get(f"/api/messages/{id}/raw")).content
            message = email.message_from_bytes(raw, policy=email.policy.default)
            body = message.get_body(("plain",))
            assert body is not None
            texts.append((message["date"].datetime, re.findall(r"https?://\S+#\S+", body.get_content())[-1]))
    return max(texts)[1]


async def shown_well(page: Page, name: str) -> None:
    """Accessible in both themes, and at home on a phone; its views are kept in test-results/."""
    before = page.viewport_size
    assert before is not None
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        await expect(page.locator("html")).to_have_attribute("data-theme", theme)
        assert await troubles(page) == [], (name, theme)
        await page.screenshot(path=SCREENSHOTS / f"{name}-{theme}.png")
    await page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], name
    await page.screenshot(path=SCREENSHOTS / f"{name}-phone.png")
    await page.set_viewport_size(before)
    await page.emulate_media(color_scheme="light")


async def test_a_person_is_invited_joins_by_mail_changes_role_and_is_removed(page: Page, guest: Page, own: Up) -> None:
    await page.goto(own.line["sign_in_url"])
    await page.goto(f"{own.line['url']}/settings/team")
    await expect(page.get_by_text("(you)")).to_be_visible()
    await page.get_by_role("button", name="Invite").click()
    await page.get_by_label("Email").fill("no address")
    await page.get_by_role("dialog").get_by_role("button", name="Invite").click()
    await expect(page.get_by_text("has no @")).to_be_visible()
    await page.get_by_label("Email").fill("bob@example.org")
    await shown_well(page, "invite")
    await page.get_by_role("dialog").get_by_role("button", name="Invite").click()
    await expect(page.get_by_text("on its way by email")).to_be_visible()
    link = await page.get_by_label("Invitation link").input_value()
    await page.get_by_role("button", name="Done").click()
    await expect(page.get_by_text("Member, invited by You")).to_be_visible()
    assert await mailed_to(own, "bob@example.org", count=1) == link

    await guest.goto(link)
    await expect(guest.get_by_role("heading", name="Join My workspace")).to_be_visible()
    assert "#" not in guest.url
    await shown_well(guest, "join")
    await guest.get_by_role("button", name="Mail me a sign-in link").click()
    await expect(guest.get_by_text("Look into your mail")).to_be_visible()
    await guest.goto(await mailed_to(own, "bob@example.org", count=2))
    await expect(guest.get_by_text("bob@example.org")).to_be_visible()
    await shown_well(guest, "mailed-link")
    await guest.get_by_role("button", name="Sign in").click()
    await expect(guest).to_have_url(f"{own.line['url']}/")
    await expect(guest.get_by_role("button", name="Account of")).to_contain_text("bob@example.org")

    await guest.goto("/settings/team")
    await expect(guest.get_by_role("button", name="Invite")).to_have_attribute("aria-disabled", "true")
    await page.reload()
    role = page.get_by_label("Role of bob")
    await expect(role).to_have_value("member")
    await shown_well(page, "team")
    await role.select_option("viewer")
    await expect(page.get_by_text("bob: Viewer.")).to_be_visible()
    await guest.goto("/settings")
    await expect(guest.get_by_text("Viewer", exact=True)).to_be_visible()
    await sees_and_changes_nothing(guest, own)

    # The owner is the last one: the wish is refused and the choice goes back.
    await page.get_by_label("Role of You").select_option("member")
    await expect(page.get_by_text("keeps an owner")).to_be_visible()
    await expect(page.get_by_label("Role of You")).to_have_value("owner")

    await page.get_by_role("button", name="Remove bob").click()
    await page.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()
    await expect(page.get_by_text("bob is no longer in this workspace.")).to_be_visible()
    await guest.goto("/scheduled")
    await expect(guest.get_by_role("heading", name="Sign in")).to_be_visible()


async def sees_and_changes_nothing(viewer: Page, own: Up) -> None:
    """No button is offered to a viewer that the server would refuse; what rests says why."""
    key = {"Authorization": f"Bearer {own.line['api_key']}"}
    wanted = {"from": "you@paceline.example", "to": "ann@example.org", "subject": "Later", "text": "Hello"}
    async with httpx.AsyncClient(base_url=own.line["url"], headers=key) as api:
        answer = await api.post("/v1/emails", json=wanted | {"scheduled_at": "in 3 hours"})
    await viewer.goto("/scheduled")
    row = viewer.get_by_role("link", name="Later, to ann@example.org")
    await expect(row).to_be_visible()
    await expect(viewer.get_by_role("link", name="Compose")).to_have_count(0)
    await expect(viewer.get_by_role("checkbox")).to_have_count(0)
    await expect(viewer.get_by_role("button", name="Cancel the message")).to_have_count(0)
    await viewer.goto(f"/emails/{answer.json()['id']}")
    for action in ("Edit", "Reschedule", "Cancel"):
        await rests(viewer, action)
    await viewer.goto("/senders")
    for action in ("Add sender", "Test", "Edit", "Pause", "Delete"):
        await rests(viewer, action)
    await shown_well(viewer, "senders-viewer")
    await viewer.keyboard.press("c")
    await expect(viewer.get_by_text("You may look at this workspace but not change it.")).to_be_visible()
    await shown_well(viewer, "compose-viewer")


async def rests(viewer: Page, action: str) -> None:
    button = viewer.get_by_role("button", name=action).first
    await expect(button).to_have_attribute("aria-disabled", "true")
    await expect(button).to_have_accessible_description("You may look at this workspace but not change it.")


async def test_workspaces_and_sessions(page: Page, guest: Page, own: Up) -> None:
    url = own.line["url"]
    await page.goto(own.line["sign_in_url"])
    await expect(page).to_have_url(f"{url}/")
    other_tab = await page.context.new_page()
    await other_tab.goto(f"{url}/scheduled")
    await expect(other_tab.get_by_role("heading", name="Scheduled")).to_be_visible()

    account = page.get_by_role("button", name="Account of")
    await account.click()
    await expect(page.get_by_role("menuitemradio", name="My workspace")).to_be_visible()
    await shown_well(page, "account-menu")
    await page.get_by_role("menuitem", name="New workspace").click()
    await page.get_by_label("Name").fill("Second")
    await page.get_by_role("button", name="Create workspace").click()
    await expect(page.locator("header").get_by_text("Second")).to_be_visible()
    # The other tab went along: what it showed belongs to the other workspace.
    await expect(other_tab.locator("header").get_by_text("Second")).to_be_visible()
    await account.click()
    await page.get_by_role("menuitemradio", name="My workspace").click()
    await expect(page.locator("header").get_by_text("My workspace")).to_be_visible()
    await other_tab.close()

    await guest.goto("/sign-in")
    await shown_well(guest, "sign-in")
    await guest.get_by_label("Email").fill("you@paceline.localhost")
    await guest.get_by_role("button", name="Mail me a sign-in link").click()
    await guest.goto(await mailed_to(own, "you@paceline.localhost", count=1))
    await guest.get_by_role("button", name="Sign in").click()
    await expect(guest).to_have_url(f"{url}/")
    # A mailed link holds for the workspace that mailed it: no other is offered.
    await guest.get_by_role("button", name="Account of").click()
    await expect(guest.get_by_role("menuitemradio", name="My workspace")).to_be_visible()
    await expect(guest.get_by_role("menuitemradio", name="Second")).to_have_count(0)
    await expect(guest.get_by_role("menuitem", name="New workspace")).to_have_count(0)

    await page.goto(f"{url}/settings/security")
    await expect(page.get_by_text("this session")).to_be_visible()
    await shown_well(page, "security")
    await page.get_by_role("button", name=re.compile("^Sign out .* on ")).click()
    await expect(page.get_by_text("has to sign in again.")).to_be_visible()
    await guest.goto("/scheduled")
    await expect(guest.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.get_by_role("button", name="Sign out everywhere").click()
    await page.get_by_role("dialog").get_by_role("button", name="Sign out everywhere").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_links_that_have_ended_say_so(guest: Page, own: Up) -> None:
    for path, heading in [("/join#gone", "Join a workspace"), ("/sign-in/link#gone", "Sign in")]:
        await guest.goto(path)
        await expect(guest.get_by_role("heading", name=heading)).to_be_visible()
        await expect(guest.get_by_role("alert")).to_contain_text("ask for a new one")
