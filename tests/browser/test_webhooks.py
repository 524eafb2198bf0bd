"""Webhooks by hand: added with a secret that is shown once, tried, looked into, replayed, rotated, deleted."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.async_api import Locator, Page, expect

from tests.support.axe import settled, troubles
from tests.support.waiting import wait_until
from tests.support.webhook_receiver import Answer, WebhookReceiver


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as server:
        server.default = Answer(200, b'{"thanks": true}')
        yield server


@pytest.fixture
def clean(api: httpx.Client) -> Iterator[None]:
    """No webhook is left for the tests that share this server."""
    yield
    for webhook in api.get("/webhooks?limit=100").json()["data"]:
        api.delete(f"/webhooks/{webhook['id']}")


def made(api: httpx.Client, **wanted: object) -> tuple[str, str]:
    """A webhook with a test event on its way; the ids of both."""
    webhook = api.post("/webhooks", json=wanted).json()["id"]
    return webhook, api.post(f"/webhooks/{webhook}/test").json()["id"]


async def add(desk: Page, url: str, description: str) -> str:
    """Adds a webhook on the Settings page; its secret."""
    await desk.goto("/settings")
    await desk.get_by_role("button", name="Add webhook").click()
    form = desk.get_by_role("dialog", name="Add a webhook")
    await form.get_by_role("button", name="Add webhook").click()
    await expect(form.get_by_text("Where shall it be told?")).to_be_visible()
    await form.get_by_label("Endpoint").fill("not a url")
    await form.get_by_role("button", name="Add webhook").click()
    await expect(form.get_by_text("A URL has no blanks", exact=False).first).to_be_visible()
    await form.get_by_label("Endpoint").fill(url)
    await form.get_by_label("Description").fill(description)
    await form.get_by_role("button", name="Add webhook").click()
    shown = desk.get_by_role("dialog", name="The signing secret")
    secret = await shown.get_by_label("Signing secret").input_value()
    await shown.get_by_role("button", name="Done").click()
    return secret


def row(desk: Page, text: str) -> Locator:
    return desk.get_by_role("row").filter(has_text=text)


@pytest.mark.usefixtures("clean")
async def test_a_webhook_from_its_addition_to_its_end(desk: Page, receiver: WebhookReceiver) -> None:
    secret = await add(desk, receiver.url(), "Order service")
    assert secret.startswith("whsec_")
    await desk.get_by_role("link", name="Order service").click()
    await expect(desk.get_by_role("heading", name="Order service")).to_be_visible()
    await expect(desk.get_by_text("Nothing was told yet")).to_be_visible()

    await desk.get_by_role("button", name="Send test event").click()
    await expect(row(desk, "email.deferred")).to_contain_text("Delivered")
    assert receiver.requests[0].verified(secret)["type"] == "email.deferred"
    await expect(desk.get_by_text("Healthy")).to_be_visible()

    await desk.get_by_role("link", name="email.deferred, Delivered").click()
    body = desk.get_by_role("region", name="Body of the request")
    await expect(body).to_contain_text('"type": "email.deferred"')
    await expect(desk.get_by_role("region", name="Body of the answer")).to_contain_text('"thanks": true')
    await expect(desk.get_by_role("region", name="Headers of the request")).to_contain_text("webhook-signature: v1,")
    receiver.answers.append(Answer(500, b"broken"))
    await desk.get_by_role("button", name="Replay").click()
    await expect(desk.get_by_text("Attempt 2: 500")).to_be_visible()
    await expect(desk.get_by_text("Trying again")).to_be_visible()
    assert len({request.id for request in receiver.requests}) == 1

    await desk.get_by_role("link", name="Webhook", exact=True).click()
    await desk.get_by_label("Status").select_option("Given up")
    await expect(desk).to_have_url(re.compile("status=failed"))
    await expect(desk.get_by_text("No delivery like that")).to_be_visible()
    await desk.get_by_role("button", name="Clear").click()

    await desk.get_by_role("button", name="New secret").click()
    await desk.get_by_role("button", name="Make a new secret").click()
    shown = desk.get_by_role("dialog", name="The new signing secret")
    new = await shown.get_by_label("Signing secret").input_value()
    await shown.get_by_role("button", name="Done").click()
    before = len(receiver.requests)
    await desk.get_by_role("button", name="Send test event").click()
    await wait_until(lambda: len(receiver.requests) > before, 20)
    for each in (new, secret):
        receiver.requests[-1].verified(each)

    await desk.get_by_role("button", name="Disable").click()
    await expect(desk.get_by_text("Somebody disabled it.")).to_be_visible()
    await desk.get_by_role("button", name="Enable").click()
    await expect(desk.get_by_role("button", name="Disable")).to_be_visible()
    await desk.get_by_role("button", name="Delete the webhook").click()
    await desk.get_by_role("button", name="Delete webhook").click()
    await expect(desk.get_by_text("No webhooks")).to_be_visible()


@pytest.mark.usefixtures("clean")
async def test_the_overview_says_when_one_was_disabled_by_itself(
    desk: Page, api: httpx.Client, receiver: WebhookReceiver
) -> None:
    receiver.default = Answer(410)
    made(api, endpoint=receiver.url("/gone"), events=["email.sent"])
    await desk.goto("/")
    await expect(desk.get_by_text("A webhook was disabled.")).to_be_visible()
    await expect(desk.get_by_text("it wants nothing any more")).to_be_visible()
    await desk.get_by_role("link", name="Look at it").click()
    await expect(desk.get_by_role("button", name="Enable")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.usefixtures("clean")
async def test_its_pages_are_accessible_and_fit(
    desk: Page, api: httpx.Client, receiver: WebhookReceiver, scheme: str, width: int
) -> None:
    receiver.default = Answer(500, b"an-unbroken-answer-" * 40)
    webhook, delivery = made(
        api,
        endpoint=receiver.url("/" + "unbroken" * 30),
        description="An-unbroken-description-" * 12,
        events=["email.sent", "email.failed", "sender.limit_reached"],
    )
    path = f"/webhooks/{webhook}/deliveries/{delivery}"
    await wait_until(lambda: api.get(path).json()["attempts"] > 0, 20)
    await desk.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await desk.set_viewport_size({"width": width, "height": 844})
    for where in ("/settings", f"/settings/webhooks/{webhook}", f"/settings{path}"):
        await desk.goto(where)
        await settled(desk)
        assert await troubles(desk) == [], where
        assert await desk.evaluate("document.documentElement.scrollWidth <= innerWidth"), where
