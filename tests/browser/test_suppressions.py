"""The Suppressions page, and the page that a link in a message leads to, as people use them."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit
from uuid import UUID

import httpx
from playwright.async_api import Page, expect

from app.services.unsubscribe import Links
from app.settings import Settings, load
from tests.support.axe import troubles
from tests.support.up import Up

SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")


async def test_addresses_are_added_found_exported_and_removed(desk: Page, api: httpx.Client, tmp_path: Path) -> None:
    await desk.goto("/suppressions")
    await desk.get_by_role("button", name="Add addresses").click()
    dialog = desk.get_by_role("dialog", name="Suppress addresses")
    await dialog.get_by_label("Addresses", exact=True).fill(
        "cy@list.example\nBOB@list.example\nbob@list.example\nnobody"
    )
    await dialog.get_by_role("button", name="Suppress").click()
    await expect(dialog.get_by_role("status")).to_contain_text("2 addresses added")
    await expect(dialog.get_by_role("status")).to_contain_text("1 twice in the list, 1 that cannot be read")
    await expect(dialog.get_by_role("listitem")).to_contain_text("“nobody” has no @.")
    await dialog.get_by_role("button", name="Done").click()

    listed = tmp_path / "gone.csv"
    listed.write_text("email;reason\ngone@list.example;hard_bounce\n")
    await desk.get_by_role("button", name="Add addresses").click()
    async with desk.expect_file_chooser() as choosing:
        await dialog.get_by_role("button", name="Choose a file").click()
    await (await choosing.value).set_files(listed)
    await expect(dialog.get_by_role("status")).to_contain_text("1 address added")
    await dialog.get_by_role("button", name="Done").click()

    rows = desk.get_by_role("list", name="Suppressed addresses").get_by_role("listitem")
    await expect(rows.filter(has_text="gone@list.example")).to_contain_text("Does not exist")
    await desk.get_by_label("Reason").select_option("Does not exist")
    await expect(desk).to_have_url(re.compile("reason=hard_bounce"))
    await expect(rows.filter(has_text="bob@list.example")).to_have_count(0)
    await desk.get_by_role("button", name="Clear").click()
    await desk.get_by_label("Address or @domain").fill("@list.ex")
    await expect(desk).to_have_url(re.compile("q="))
    await expect(rows).to_have_count(3)
    async with desk.expect_download() as downloading:
        await desk.get_by_role("link", name="Export").click()
    saved = Path(await (await downloading.value).path()).read_text()
    assert {line.split(",")[0] for line in saved.splitlines()} == {
        *("email", "gone@list.example", "bob@list.example", "cy@list.example")
    }

    await desk.get_by_role("button", name="Remove cy@list.example").click()
    await desk.get_by_role("dialog").get_by_role("button", name="Remove").click()
    await expect(rows).to_have_count(2)
    assert (await asyncio.to_thread(api.get, "/suppressions/cy@list.example")).status_code == 404


async def test_a_long_list_is_followed_to_its_end_and_can_be_cancelled(
    desk: Page, api: httpx.Client, tmp_path: Path
) -> None:
    long, longer = tmp_path / "long.csv", tmp_path / "longer.csv"
    long.write_text("email\n" + "".join(f"long{i}@list.example\n" for i in range(12_000)) + "nobody\n")
    longer.write_text("email\n" + "".join(f"longer{i}@list.example\n" for i in range(400_000)))
    await desk.goto("/suppressions")
    dialog = desk.get_by_role("dialog", name="Suppress addresses")

    await desk.get_by_role("button", name="Add addresses").click()
    await desk.get_by_label("A file of addresses").set_input_files(longer)
    await expect(dialog.get_by_role("progressbar", name="Reading of longer.csv")).to_be_visible(timeout=30_000)
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(dialog).to_have_count(0)

    await desk.get_by_role("button", name="Add addresses").click()
    await desk.get_by_label("A file of addresses").set_input_files(long)
    await expect(dialog.get_by_role("status")).to_contain_text("12,000 addresses added", timeout=60_000)
    async with desk.expect_download() as downloading:
        await dialog.get_by_role("link", name="Report").click()
    assert "12002,invalid,nobody" in Path(await (await downloading.value).path()).read_text()
    await dialog.get_by_role("button", name="Done").click()
    assert (await asyncio.to_thread(api.get, "/suppressions/long11999@list.example")).status_code == 200
    assert (await asyncio.to_thread(api.get, "/suppressions/longer0@list.example")).status_code == 404


async def test_a_link_in_a_message_unsubscribes_and_takes_it_back_without_signing_in(
    page: Page, up: Up, site: str, api: httpx.Client
) -> None:
    message = {"from": "you@paceline.example", "to": "dora@list.example", "subject": "Hi", "text": "Hi"}
    email_id = (await asyncio.to_thread(api.post, "/emails", json=message | {"scheduled_at": "in 2 hours"})).json()[
        "id"
    ]
    workspace = (await asyncio.to_thread(api.get, "/me")).json()["workspace"]["id"]
    link = Links(settings_of(up)).url(UUID(workspace), UUID(email_id))
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        await page.goto(site + urlsplit(link).path)
        assert await troubles(page) == []
    await page.get_by_role("button", name="Unsubscribe").click()
    await expect(page.get_by_role("heading")).to_have_text("You are unsubscribed")
    assert (await asyncio.to_thread(api.get, "/suppressions/dora@list.example")).json()["source_id"] == email_id
    assert await troubles(page) == []
    await page.get_by_role("button", name="undo").click()
    await expect(page.get_by_role("button", name="Unsubscribe")).to_be_visible()
    assert (await asyncio.to_thread(api.get, "/suppressions/dora@list.example")).status_code == 404


def settings_of(up: Up) -> Settings:
    """Those of the running processes, as far as a link is made of them."""
    secret = (up.data / "secret_key").read_text().strip()
    places = {"DATABASE_URL": up.line["database_url"], "REDIS_URL": up.line["redis_url"]}
    return load(places | {"SECRET_KEY": secret, "BASE_URL": up.line["url"]})
