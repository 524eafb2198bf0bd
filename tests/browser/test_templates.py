"""Templates by hand: write one, see it as it is written, mend what cannot be read, take an old version back."""

from __future__ import annotations

import re
from typing import Any

import httpx
from playwright.async_api import Dialog, FrameLocator, Page, expect

from tests.support import axe
from tests.support.browser import SCREENSHOTS

HTML = "<h1>Hi {{ first_name }}</h1>\n<p>Your plan is {{ plan | default('free') }}.</p>"


def frame_of(page: Page) -> FrameLocator:
    return page.frame_locator("iframe[title='Preview of the template']")


def keep(api: httpx.Client, **words: str) -> str:
    answer = api.post("/templates", json=words)
    assert answer.is_success, answer.text
    return str(answer.json()["id"])


def read(api: httpx.Client, id: str) -> httpx.Response:
    return api.get(f"/templates/{id}")


def send(api: httpx.Client, **fields: Any) -> str:
    message = {"from": "you@paceline.example", "to": "ann@example.org", "scheduled_at": "in 1 hour"}
    answer = api.post("/emails", json=message | fields)
    assert answer.is_success, answer.text
    return str(answer.json()["id"])


async def test_a_template_is_written_mended_saved_and_used(desk: Page, api: httpx.Client) -> None:
    await desk.goto("/templates")
    await desk.get_by_role("link", name="New template").first.click()
    await desk.get_by_label("Name").fill("Welcome by hand")
    await desk.get_by_label("Subject").fill("Welcome, {{ first_name }}")
    message = desk.get_by_label("Message")
    await message.fill(HTML)
    await expect(frame_of(desk).get_by_role("heading", name="Hi [first_name]")).to_be_visible()
    await desk.get_by_label("first_name").fill("Ann & Bob")
    await expect(frame_of(desk).get_by_role("heading", name="Hi Ann & Bob")).to_be_visible()
    await expect(desk.get_by_text("Welcome, Ann & Bob")).to_be_visible()

    await desk.get_by_text("Plain text", exact=True).click()
    await expect(desk.get_by_text("A text version is made from your HTML")).to_be_visible()
    await expect(desk.locator("pre")).to_contain_text("Hi Ann & Bob")
    await desk.get_by_text("HTML", exact=True).click()

    await message.fill(HTML + "\n{% for each in list %}{% endfor %}")
    await expect(desk.get_by_text("Line 3: a loop is not allowed in a template.")).to_be_visible()
    await expect(frame_of(desk).get_by_role("heading", name="Hi Ann & Bob")).to_be_visible()
    await desk.get_by_role("button", name="Go to line 3").click()
    assert await message.evaluate("area => area.value.slice(area.selectionStart, area.selectionEnd)") == (
        "{% for each in list %}{% endfor %}"
    )
    await desk.keyboard.press("Backspace")
    await expect(desk.get_by_text("Line 3")).to_have_count(0)
    await desk.keyboard.press("Control+s")
    await expect(desk).to_have_url(re.compile(r"/templates/[0-9a-f-]{36}$"))
    await expect(desk.get_by_text("Version 1 is what messages use from now on.")).to_be_visible()

    await message.fill("<h1>Second</h1>")
    await expect(desk.get_by_text("Not saved")).to_be_visible()
    await desk.get_by_role("button", name="Save").click()
    await expect(desk.get_by_text("v2")).to_be_visible()
    await expect(desk.get_by_text("Not saved")).to_have_count(0)
    await desk.get_by_role("button", name="Edit version 1").click()
    await expect(message).to_have_value(HTML + "\n")
    await desk.get_by_role("button", name="Save").click()
    await expect(desk.get_by_text("v3")).to_be_visible()
    await desk.screenshot(path=SCREENSHOTS / "templates-editor.png")

    said = read(api, desk.url.rsplit("/", 1)[1]).json()
    assert (said["version"], said["html"]) == (3, HTML + "\n")
    await desk.get_by_role("button", name="Use in Compose").click()
    await expect(desk.get_by_label("Subject")).to_have_value("Welcome, {{ first_name }}")
    await desk.goto("/templates")
    await expect(desk.get_by_role("row").filter(has_text="Welcome by hand")).to_contain_text("v3")


async def test_leaving_what_is_not_saved_asks_first_and_deleting_too(desk: Page, api: httpx.Client) -> None:
    id = keep(api, name="To be left", text="Hi {{ name }}")
    await desk.goto(f"/templates/{id}")
    await desk.get_by_label("Subject").fill("Half a thought")
    answers: list[str] = []

    async def stay(dialog: Dialog) -> None:
        answers.append(dialog.message)
        await dialog.dismiss()

    desk.once("dialog", stay)
    await desk.get_by_role("link", name="Sent", exact=True).click()
    await expect(desk.get_by_label("Subject")).to_have_value("Half a thought")
    assert answers == ["Leave without saving the template?"]
    await desk.get_by_role("button", name="Delete").click()
    await desk.get_by_role("button", name="Delete template").click()
    await expect(desk).to_have_url(re.compile("/templates$"))
    assert read(api, id).status_code == 404


async def test_the_pages_suit_everyone_in_light_and_dark_and_on_a_phone(desk: Page, api: httpx.Client) -> None:
    subject, html = "For {{ name }}", "<p>Hi {{ name }}, {{ total }}</p>"
    id = keep(api, name="Looked at", alias="looked-at", subject=subject, html=html)
    for scheme, width in (("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390)):
        await desk.emulate_media(color_scheme="light" if scheme == "light" else "dark")
        await desk.set_viewport_size({"width": width, "height": 900})
        for name, path in (("list", "/templates"), ("editor", f"/templates/{id}")):
            await desk.goto(path)
            await expect(desk.get_by_text("Looked at").first).to_be_visible()
            if name == "editor":
                await expect(frame_of(desk).get_by_text("[total]")).to_be_visible()
            assert await axe.troubles(desk) == [], (name, scheme, width)
            assert await desk.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
            await desk.screenshot(path=SCREENSHOTS / f"templates-{name}-{scheme}-{width}.png", full_page=True)


async def test_a_message_lists_its_attachments_and_gives_them_out(desk: Page, api: httpx.Client) -> None:
    files = [
        {"filename": "Angebot Größe.pdf", "content": list(b"%PDF-1.7")},
        {"filename": "logo.png", "content": "UE5H", "content_id": "logo"},
    ]
    id = send(api, subject="With files", html="<p>Files</p>", attachments=files)
    await desk.goto(f"/emails/{id}")
    await expect(desk.get_by_text("3 bytes · shown within the message")).to_be_visible()
    assert await axe.troubles(desk) == []
    await desk.screenshot(path=SCREENSHOTS / "message-attachments.png")
    async with desk.expect_download() as downloading:
        await desk.get_by_role("link", name="Download Angebot Größe.pdf").click()
    download = await downloading.value
    assert download.suggested_filename == "Angebot Größe.pdf"
    assert (await download.path()).read_bytes() == b"%PDF-1.7"
