"""The page at /docs, in a browser that reaches no other server."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, Route, expect


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_reference_works_offline_and_under_its_policy(page: Page, site: str, scheme: str) -> None:
    asked_elsewhere: list[str] = []
    complaints: list[str] = []

    async def only_ours(route: Route) -> None:
        if route.request.url.startswith((site, "data:")):
            await route.continue_()
        else:
            asked_elsewhere.append(route.request.url)
            await route.abort()

    await page.route("**/*", only_ours)
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    answer = await page.goto(f"{site}/docs")
    assert answer is not None
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    section = page.locator("#sendEmail")
    await expect(section.get_by_role("heading", name="Send or schedule a message")).to_be_visible()
    await expect(section).to_contain_text('"scheduled_at": "in 10 minutes"')
    await expect(section).to_contain_text("concurrent_idempotent_requests")
    await page.get_by_role("navigation", name="Operations").get_by_role("link", name="Cancel a message").click()
    await expect(page.locator("#cancelEmail")).to_be_in_viewport()
    ground = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(20, 22, 26)" if scheme == "dark" else "rgb(255, 255, 255)"), "its own style applies"
    assert (asked_elsewhere, complaints) == ([], [])
