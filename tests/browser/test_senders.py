"""A server like Ethereal, from the Senders page to the preview link of what it took."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from tests.support.smtp_server import SmtpServer

PHASES = ("Find the server (DNS)", "Reach it (TCP)", "Encrypt (TLS)", "Sign in (AUTH)")
SUBJECT = "Over STARTTLS"


async def test_an_ethereal_sender_is_added_tested_chosen_and_previewed(desk: Page, ethereal: SmtpServer) -> None:
    await desk.goto("/senders")
    await desk.get_by_role("button", name="Add sender").click()
    form = desk.get_by_role("dialog", name="Add a sender")
    await form.get_by_role("button", name="Ethereal").click()
    await form.get_by_label("From address").fill("ann@ethereal.example")
    await form.get_by_label("Name in Paceline").fill("Ann at Ethereal")
    await form.get_by_label("SMTP host").fill("localhost")
    await form.get_by_label("Port").fill(str(ethereal.port))
    await form.get_by_label("User name").fill("ann@ethereal.example")
    await form.get_by_label("Password").fill("open")
    await form.get_by_role("button", name="Test connection").click()
    phases = form.get_by_role("listitem")
    await expect(phases.filter(has_text=PHASES[3]).get_by_label("Failed")).to_be_visible()
    await form.get_by_label("Password").fill("sesame")
    await form.get_by_role("button", name="Add sender").click()

    card = desk.get_by_role("listitem").filter(has=desk.get_by_role("heading", name="Ann at Ethereal"))
    await expect(card).to_contain_text(f"localhost:{ethereal.port}")
    await card.get_by_role("button", name="Test").click()
    test = desk.get_by_role("dialog", name="Test Ann at Ethereal")
    for phase in PHASES:
        await expect(test.get_by_role("listitem").filter(has_text=phase).get_by_label("Passed")).to_be_visible()
    await test.get_by_role("button", name="Done").click()

    await desk.get_by_role("link", name="Compose").click()
    await desk.get_by_label("Recipients", exact=True).fill("bob@example.org")
    await desk.get_by_label("Subject").fill(SUBJECT)
    await desk.get_by_label("Message", exact=True).fill("Hello over TLS")
    await desk.get_by_role("checkbox", name="Ann at Ethereal").check()
    await desk.get_by_role("checkbox", name="Test inbox").uncheck()
    await desk.get_by_role("button", name="Schedule 1 email").click()
    await expect(desk).to_have_url(re.compile("/campaigns/"))
    await desk.get_by_role("link", name="Sent", exact=True).click()
    await desk.get_by_role("row").filter(has_text=SUBJECT).click()
    await expect(desk.get_by_text("The mail server took it: 250 Accepted [STATUS=new")).to_be_visible()

    [message] = ethereal.messages
    assert (message.recipients, message.tls, message.user) == (("bob@example.org",), True, "ann@ethereal.example")
    assert message.reply is not None
    msgid = re.search(r"MSGID=([^\]]+)", message.reply)
    assert msgid is not None
    link = desk.get_by_role("link", name="Open preview")
    await expect(link).to_have_attribute("href", f"https://ethereal.email/message/{msgid[1]}")
