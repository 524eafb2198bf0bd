"""A real Chromium for browser tests: the machine's own, else the one from npm, which brings its libraries along."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright, expect

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "tests/node/node_modules/@sparticuz/chromium"
UNPACKED = ROOT / ".cache/chromium"
SCREENSHOTS = ROOT / "test-results"
PATIENCE = 30_000  # milliseconds
LAST = 60  # requests and lines of the console that a failure prints
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox",  # as root there is none
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True)
class Chromium:
    path: str
    environment: dict[str, str] = field(default_factory=dict)  # what it needs beside the caller's own


def find_chromium() -> Chromium:
    """CHROMIUM_PATH, else the first one on the PATH that starts, else the unpacked one from npm."""
    if named := os.environ.get("CHROMIUM_PATH"):
        return Chromium(named)
    for name in NAMES:
        # A name may be an empty promise, such as Ubuntu's shim that asks for a snap.
        if (found := shutil.which(name)) and _starts(found):
            return Chromium(found)
    return _unpacked()


@pytest.fixture(scope="session")
def chromium() -> Chromium:
    return find_chromium()


@pytest.fixture
async def browser(chromium: Chromium) -> AsyncIterator[Browser]:
    """A browser of this test's own; make contexts from it for more than one person."""
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(
            executable_path=chromium.path, args=ARGUMENTS, env={**os.environ, **chromium.environment}
        )
        yield launched
        await launched.close()


@pytest.fixture
def site() -> str | None:
    """What a path that `page` goes to belongs to; a folder of tests says which."""
    return None


@pytest.fixture
async def page(browser: Browser, request: pytest.FixtureRequest, site: str | None) -> AsyncIterator[Page]:
    """A page of 1280 x 800. Errors that it throws or logs fail the test; its last view is kept in test-results/, and
    what it showed and did last is printed beside a failure."""
    context = await browser.new_context(
        base_url=site, viewport={"width": 1280, "height": 800}, locale="en-GB", timezone_id="Europe/Berlin"
    )
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    opened = await context.new_page()
    troubles: list[str] = []
    story: deque[str] = deque(maxlen=LAST)
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.on("console", lambda message: troubles.extend(_trouble(message)))
    opened.on("console", lambda message: story.append(f"console {message.type}: {message.text}"))
    opened.on("response", lambda answer: story.append(f"{answer.request.method} {answer.url} -> {answer.status}"))
    opened.on("requestfailed", lambda asked: story.append(f"{asked.method} {asked.url} -> {asked.failure}"))
    yield opened
    SCREENSHOTS.mkdir(exist_ok=True)
    view = SCREENSHOTS / f"{re.sub(r'[^a-z0-9]+', '-', request.node.name.lower())}.png"
    await opened.screenshot(path=view)
    shown = await opened.locator("body").aria_snapshot()
    lines = [opened.url, f"its picture is {view.relative_to(ROOT)}", *story, shown]
    request.node.add_report_section("teardown", "page", "\n".join(lines))
    await context.close()
    assert troubles == []


def _trouble(message: ConsoleMessage) -> list[str]:
    # A refused request is logged by the browser itself; what the page makes of it is the test's business.
    if message.type == "error" and not message.text.startswith("Failed to load resource"):
        return [message.text]
    return []


def _starts(path: str) -> bool:
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0


def _unpacked() -> Chromium:
    if not PACKAGE.exists():
        raise RuntimeError("There is no Chromium: run `make setup`, or name one with CHROMIUM_PATH.")
    version = re.search(r'"version": "([^"]+)"', (PACKAGE / "package.json").read_text())
    assert version is not None
    folder = UNPACKED / version[1]
    UNPACKED.mkdir(parents=True, exist_ok=True)
    with (UNPACKED / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # workers of pytest-xdist come here at once
        if not folder.exists():
            subprocess.run([ROOT / "tools/npm.sh", "tests/node", "node", "chromium.mjs", folder], check=True)
    libraries = [str(folder / "al2023/lib"), *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
    return Chromium(
        str(folder / "chromium"),
        {"LD_LIBRARY_PATH": os.pathsep.join(libraries), "FONTCONFIG_PATH": str(folder / "fonts")},
    )
