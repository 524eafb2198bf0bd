"""What axe says of a page in a browser."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Page, expect

AXE = Path(__file__).parents[1] / "node/node_modules/axe-core/axe.min.js"

# A change of the theme is heard in the next frame, drawn in the one after, and its colours then take their time.
CALM = """async () => {
    for (let i = 0; i < 3; i++) await new Promise((heard) => requestAnimationFrame(() => setTimeout(heard)));
    await Promise.allSettled(document.getAnimations().map((animation) => animation.finished));
}"""


async def settled(page: Page) -> None:
    """What is asked of the API has come, and no colour is on its way to another."""
    await expect(page.locator("h1:visible, p:visible").first).to_be_visible()
    await expect(page.locator("[aria-busy=true], [class*=animate-pulse], [class*=animate-spin]")).to_have_count(0)
    await page.evaluate(CALM)


async def troubles(page: Page) -> list[str]:
    """What axe finds of the kinds `serious` and `critical`: the rule and where."""
    await settled(page)
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE.read_text())
    found = await page.evaluate("axe.run(document, { iframes: false, resultTypes: ['violations'] })")
    return [
        f"{violation['id']}: {node['html']} {node['failureSummary']}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
