"""A sender's Deliverability page: what the DNS says about it, and signing, from no key to another one and none."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect

from app.mail.signing_keys import make_key
from tests.support.dns_server import DnsServer

DOMAIN = "deliver.example.com"


@pytest.fixture
def sender(api: httpx.Client, dns: DnsServer) -> Iterator[Any]:
    """Of whose domain the DNS says nothing."""
    wanted = {"from_email": f"ann@{DOMAIN}", "host": "smtp.gmail.com", "name": "Ann delivers"}
    added = api.post("/senders", json=wanted)
    assert added.is_success
    yield added.json()
    api.delete(f"/senders/{added.json()['id']}")


async def test_what_is_missing_is_mended_and_mail_is_signed(desk: Page, sender: Any, dns: DnsServer) -> None:
    await desk.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await desk.goto("/senders")
    card = desk.get_by_role("listitem").filter(has=desk.get_by_role("heading", name=sender["name"]))
    await card.get_by_role("link", name="Deliverability").click()

    spf = desk.get_by_role("listitem").filter(has=desk.get_by_role("heading", name="SPF"))
    await expect(spf).to_contain_text("There is no SPF record")
    await expect(spf).to_contain_text("v=spf1 include:_spf.google.com ~all")
    await spf.get_by_role("button", name="Copy the value").click()
    await expect(desk.get_by_text("Value of the record")).to_be_visible()
    value = await desk.evaluate("navigator.clipboard.readText()")
    dns.add("_spf.google.com", "TXT", "v=spf1 ip4:192.0.2.0/24 ~all")
    dns.add(DOMAIN, "TXT", value)
    await desk.get_by_role("button", name="Check again").click()
    await expect(spf).to_contain_text("The servers of Google may send")

    await desk.get_by_role("button", name="Make a key").click()
    record = desk.get_by_label("Record to publish", exact=True)
    await expect(record).to_contain_text(re.compile(rf"paceline-\w+\._domainkey\.{DOMAIN}"))
    await desk.get_by_role("button", name="Check the record").click()
    await expect(desk.get_by_text("There is no such record. Checked")).to_be_visible()
    name, value = await record.locator("dd[title]").all_inner_texts()
    dns.add(name, "TXT", value)
    await desk.get_by_role("button", name="Check the record").click()
    await expect(desk.get_by_text(f"All mail of this sender is signed for {DOMAIN}")).to_be_visible()
    dkim = desk.get_by_role("listitem").filter(has=desk.get_by_role("heading", name="DKIM"))
    await expect(dkim).to_contain_text("receivers find the key")

    await desk.get_by_role("button", name="Use a key of your own").click()
    form = desk.get_by_role("dialog", name="Use a key of your own")
    await form.get_by_label("Private key").fill("-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----")
    await form.get_by_role("button", name="Save the key").click()
    await expect(form.get_by_text("This is a public key.")).to_be_visible()
    await form.get_by_label("Private key").fill(make_key().private)
    await form.get_by_label("Selector").fill("mine")
    await form.get_by_role("button", name="Save the key").click()
    await expect(record).to_contain_text(f"mine._domainkey.{DOMAIN}")
    await expect(desk.get_by_text("until the new key takes over")).to_be_visible()

    await desk.get_by_role("button", name="Discard the new key").click()
    await desk.get_by_role("dialog").get_by_role("button", name="Discard it").click()
    await expect(record).to_have_count(0)
    await desk.get_by_role("button", name="Stop signing").click()
    await desk.get_by_role("dialog").get_by_role("button", name="Stop signing").click()
    await expect(desk.get_by_text("Not signed here")).to_be_visible()
    await desk.get_by_role("link", name="Senders", exact=True).last.click()
    await expect(card).to_be_visible()
    await expect(card).not_to_contain_text("signed")


async def test_the_dns_is_not_asked_again_by_everything_that_happens(
    desk: Page, sender: Any, api: httpx.Client
) -> None:
    """The page is live: with every message that leaves it is read again."""
    asked: list[str] = []
    desk.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    await desk.goto(f"/senders/{sender['id']}/deliverability")
    await expect(desk.get_by_text("There is no SPF record")).to_be_visible()
    for limit in (10, 20):
        async with desk.expect_response(lambda answer: answer.url.endswith(f"/senders/{sender['id']}")):
            await asyncio.to_thread(api.patch, f"/senders/{sender['id']}", json={"hourly_limit": limit})
    assert asked.count("dns-check") == 1
