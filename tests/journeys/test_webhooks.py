"""Webhooks with a real worker process, a real mail server and a real receiver."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from app.contract.webhooks import NewWebhook, WebhookWithSecret
from app.db.pool import Pool
from app.domain.webhooks import EventType
from app.services import webhooks
from app.settings import Settings
from tests.support.mailroom import Mailroom
from tests.support.ports import free_port
from tests.support.smtp_server import Options, SmtpServer
from tests.support.waiting import wait_until
from tests.support.webhook_receiver import Answer, Request, WebhookReceiver
from tests.support.worker_process import worker


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as server:
        yield server


async def hook(room: Mailroom, url: str, *events: str) -> WebhookWithSecret:
    """A webhook of the room; without `events` it wants all."""
    types = [EventType(each) for each in events] or list(EventType)
    return await webhooks.create(
        room.pool, room.settings, workspace_id=room.workspace_id, wanted=NewWebhook(endpoint=url, events=types)
    )


async def came(receiver: WebhookReceiver, count: int, timeout: float = 60.0) -> list[Request]:
    return await asyncio.to_thread(receiver.wait_for, count, timeout)


async def deliveries(room: Mailroom, id: Any) -> list[dict[str, Any]]:
    return await room.all("select * from webhook_deliveries where webhook_id = %s order by id", id)


async def test_what_is_sent_is_told_and_the_official_library_trusts_it(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer, receiver: WebhookReceiver
) -> None:
    sender = await room.sender(port=smtp.port)
    made = await hook(room, receiver.url())
    with worker(environment) as process:
        (email_id,) = await room.emails(sender, to=["bob@example.org"])
        requests = await came(receiver, 2)
        assert process.troubles == []

    events = {request.event["type"]: request for request in requests}
    assert set(events) == {"email.scheduled", "email.sent"}
    for type, status in (("email.scheduled", "scheduled"), ("email.sent", "sent")):
        said = events[type].verified(made.signing_secret)
        assert said["data"]["object"] == "email"
        assert said["data"]["id"] == str(email_id)
        assert said["data"]["status"] == status, "as it was then, not as it is now"
        assert said["data"]["to"] == ["bob@example.org"]
    assert events["email.sent"].event["data"]["sent_at"] is not None
    assert "250" in events["email.sent"].event["data"]["last_reply"]
    assert len({request.id for request in requests}) == 2


async def test_a_receiver_that_is_down_is_asked_again(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    sender = await room.sender(port=smtp.port)
    port = free_port()
    made = await hook(room, f"http://127.0.0.1:{port}/hooks", "email.sent")
    with worker(environment):
        await room.emails(sender)

        async def refused() -> bool:
            return [row["attempts"] for row in await deliveries(room, made.id)] == [1]

        await wait_until(refused)
        with WebhookReceiver(port) as receiver:
            receiver.answers.append(Answer(503, b"not yet"))
            requests = await came(receiver, 1)
            await wait_until(lambda: room.value("select count(*) = 2 from webhook_attempts"))
            await room.run("update webhook_deliveries set next_at = now()")
            requests = await came(receiver, 2)

            async def delivered() -> bool:
                return [row["status"] for row in await deliveries(room, made.id)] == ["delivered"]

            await wait_until(delivered)
    assert [request.status for request in requests] == [503, 204]
    assert len({request.id for request in requests}) == 1, "the same id in every attempt"
    assert len({request.body for request in requests}) == 1
    log = await room.all("select * from webhook_attempts order by number")
    assert [(row["number"], row["code"]) for row in log] == [(1, None), (2, 503), (3, 204)]
    assert "No connection" in log[0]["error"]
    assert log[1]["answer"] == "not yet"


async def test_what_was_answered_is_not_told_again_before_it_is_written_down(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer, receiver: WebhookReceiver
) -> None:
    """At least once is for crashes. In quiet times answers come while the runner looks for what is due next."""
    sender = await room.sender(port=smtp.port)
    made = await hook(room, receiver.url(), "email.scheduled", "email.sent")
    with worker(environment) as process:
        await room.emails(sender, 300)

        async def all_delivered() -> bool:
            rows = await deliveries(room, made.id)
            return len(rows) == 600 and all(row["status"] == "delivered" for row in rows)

        await wait_until(all_delivered, 60)
        assert process.troubles == []
    assert len(receiver.requests) == len({request.id for request in receiver.requests}) == 600
    assert {row["attempts"] for row in await deliveries(room, made.id)} == {1}


async def test_a_killed_worker_costs_no_delivery(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer, receiver: WebhookReceiver
) -> None:
    """It dies after the receiver took some and before anything of that was written down."""
    sender = await room.sender(port=smtp.port)
    made = await hook(room, receiver.url(), "email.sent")
    all_sent = threading.Event()  # until then nobody is answered: else it dies over some that are still on their way
    receiver.answer = lambda path: Answer() if all_sent.wait(60) else Answer(503)
    with worker(environment, LEASE_SECONDS="2", PACELINE_FAILPOINTS="webhook.answered=kill@3") as process:
        await room.emails(sender, 20)
        await wait_until(room.are("sent"))
        all_sent.set()
        await asyncio.to_thread(process.wait)
    with worker(environment, LEASE_SECONDS="2"):

        async def all_delivered() -> bool:
            rows = await deliveries(room, made.id)
            return len(rows) == 20 and all(row["status"] == "delivered" for row in rows)

        await wait_until(all_delivered, 60)
    ids = {request.id for request in receiver.requests}
    assert ids == {str(row["id"]) for row in await deliveries(room, made.id)}
    assert len(receiver.requests) > 20, "some came twice, under the same id"
    assert all(request.verified(made.signing_secret) for request in receiver.requests)


async def test_a_slow_receiver_holds_back_nobody(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer, receiver: WebhookReceiver
) -> None:
    sender = await room.sender(port=smtp.port)
    receiver.answer = lambda path: Answer(delay=20) if path == "/slow" else None
    slow = await hook(room, receiver.url("/slow"), "email.sent")
    quick = await hook(room, receiver.url("/quick"), "email.sent")
    with worker(environment) as process:
        await room.emails(sender, 30)

        async def quick_has_all() -> bool:
            rows = await deliveries(room, quick.id)
            return len(rows) == 30 and all(row["status"] == "delivered" for row in rows)

        await wait_until(quick_has_all)
        at_slow = [request for request in receiver.requests if request.path == "/slow"]
        assert len(at_slow) <= 10, "so many at once and no more"
        assert all(row["status"] == "pending" for row in await deliveries(room, slow.id))
        process.stop()


async def test_workspaces_hear_only_of_themselves(
    environment: dict[str, str],
    room: Mailroom,
    pool: Pool,
    settings: Settings,
    smtp: SmtpServer,
    receiver: WebhookReceiver,
) -> None:
    other = await Mailroom.open(pool, settings)
    ours = await hook(room, receiver.url("/ours"), "email.sent")
    theirs = await hook(other, receiver.url("/theirs"), "email.sent")
    with worker(environment):
        (our_email,) = await room.emails(await room.sender(port=smtp.port))
        (their_email,) = await other.emails(await other.sender(port=smtp.port))
        requests = await came(receiver, 2)
    by_path = {request.path: request for request in requests}
    assert by_path["/ours"].verified(ours.signing_secret)["data"]["id"] == str(our_email)
    assert by_path["/theirs"].verified(theirs.signing_secret)["data"]["id"] == str(their_email)
    assert len(requests) == 2


async def test_a_sender_that_cannot_sign_in_is_told_of(
    environment: dict[str, str], room: Mailroom, receiver: WebhookReceiver
) -> None:
    await hook(room, receiver.url(), "sender.disabled")
    with SmtpServer(Options(username="ada@example.com", password="right")) as smtp:
        sender = await room.sender(port=smtp.port, username="ada@example.com", password="wrong")
        with worker(environment):
            await room.emails(sender, 3)
            [request] = await came(receiver, 1)
    assert request.event["data"] | {"reason": ""} == {
        "object": "sender",
        "id": str(sender.id),
        "name": "Test",
        "from_email": sender.email,
        "reason": "",
        "until": None,
    }
    assert "Bad credentials" in request.event["data"]["reason"]


async def test_limits_and_campaigns_are_told_of(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer, receiver: WebhookReceiver
) -> None:
    """A campaign that runs into its mailbox's limit."""
    limited = await room.sender(port=smtp.port, hourly_limit=2)
    await hook(
        room, receiver.url(), "campaign.started", "campaign.completed", "sender.limit_reached", "sender.disabled"
    )
    campaign_id = await room.campaign(limited)
    await room.emails(limited, 5, campaign_id=campaign_id)
    with worker(environment, RATE_WINDOW_SECONDS="4"):
        requests = await came(receiver, 3)

        def types() -> set[str]:
            return {request.event["type"] for request in receiver.requests}

        await wait_until(lambda: "campaign.completed" in types(), 60)
        requests = list(receiver.requests)
    by_type = {request.event["type"]: request.event["data"] for request in requests}
    assert by_type["campaign.started"] | {"start_at": ""} == {
        "object": "campaign",
        "id": str(campaign_id),
        "name": "Test",
        "state": "running",
        "start_at": "",
        "recipient_count": 0,
    }
    assert by_type["campaign.completed"]["state"] == "completed"
    limit = by_type["sender.limit_reached"]
    assert (limit["id"], limit["reason"]) == (str(limited.id), "mailbox_hour")
    assert limit["until"] is not None


async def test_a_secret_that_cannot_be_read_is_not_tried_without_end(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer, receiver: WebhookReceiver
) -> None:
    """SECRET_KEY has changed: the worker says so and rests, and serves everybody else."""
    sender = await room.sender(port=smtp.port)
    await hook(room, receiver.url("/sealed"), "email.sent")
    await room.run("update webhooks set secret = overlay(secret placing '\\x00' from 20)")
    await hook(room, receiver.url("/other"), "email.sent")
    with worker(environment) as process:
        await room.emails(sender)
        [request] = await came(receiver, 1)
        await wait_until(lambda: process.said("webhook.unreadable"), 20)
        await wait_until(lambda: room.all("select from webhooks where blocked_until > now() and runner_id is null"), 20)
        await room.emails(sender)
        await came(receiver, 2)
    assert request.path == "/other"
    assert len(process.said("webhook.unreadable")) == 1
