"""Signing in by the one-time link, what a new person finds, and signing out."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Page, expect

from tests.support.up import running

EMPTY = {
    "/": "Nothing is waiting.",
    "/scheduled": "Nothing is waiting",
    "/sent": "Nothing was sent yet",
    "/campaigns": "No campaigns yet",
}


async def test_the_link_signs_in_once_to_an_empty_house_and_signing_out_ends_it(page: Page, tmp_path: Path) -> None:
    with running(tmp_path / "data") as up:
        url, link = up.ready()["url"], up.line["sign_in_url"]
        await page.goto(f"{url}/scheduled")
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        await expect(page.get_by_role("button", name="Continue with Google")).to_be_disabled()
        await expect(page.get_by_text("GOOGLE_CLIENT_ID")).to_be_visible()

        await page.goto(link)
        await expect(page).to_have_url(f"{url}/")
        account = page.get_by_role("button", name="Account of")
        await expect(account).to_contain_text("you@paceline.localhost")
        for path, words in EMPTY.items():
            await page.goto(f"{url}{path}")
            await expect(page.get_by_text(words, exact=True)).to_be_visible()

        await account.click()
        await page.get_by_role("menuitem", name="Sign out").click()
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        await page.goto(f"{url}/sent")
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        await page.goto(link)
        await expect(page.get_by_role("alert")).to_contain_text("used already")
