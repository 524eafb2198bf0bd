"""From a campaign's message to the end of its mail, as a mail program does it: RFC 8058 by a raw client."""

from __future__ import annotations

import asyncio
import email
import email.policy
import re
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest

from app.contract.campaigns import NewCampaign
from app.db.pool import Pool
from app.services import campaign_runs, campaigns, email_views
from app.services.unsubscribe import Links
from app.settings import Settings, load
from tests.support.mailroom import Mailroom
from tests.support.outreach import add_sender, now
from tests.support.ports import free_port
from tests.support.sending import arrived
from tests.support.smtp_server import Received, SmtpServer
from tests.support.waiting import wait_until
from tests.support.web_process import web_process
from tests.support.worker_process import worker

PEOPLE = ["ann@x.example", "Bob@X.example", "cy@x.example"]


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return environment | {"BASE_URL": f"http://127.0.0.1:{free_port()}"}


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    return load(environment)


async def start(room: Mailroom, sender_id: Any, **fields: Any) -> Any:
    said: dict[str, Any] = {"subject": "News", "text": "Bye: {{ unsubscribe_url }}", "recipients": PEOPLE}
    wanted = NewCampaign(sender_ids=[sender_id], **(said | fields))
    made = await campaigns.create(
        room.pool,
        workspace_id=room.workspace_id,
        created_by=None,
        wanted=wanted,
        permissive=False,
        key=None,
        now=now(),
    )
    await campaign_runs.schedule(room.pool, workspace_id=room.workspace_id, id=made.id, key=None, now=now())
    return made.id


def one_click(url: str) -> tuple[int, dict[str, str]]:
    """The request of RFC 8058, 3.2, and nothing more: no cookie, no redirect followed."""
    place = urlsplit(url)
    assert place.hostname is not None
    connection = HTTPConnection(place.hostname, place.port, timeout=20)
    connection.putrequest("POST", place.path, skip_accept_encoding=True)
    body = b"List-Unsubscribe=One-Click"
    connection.putheader("Content-Type", "application/x-www-form-urlencoded")
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    answer.read()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}


def link_of(message: Received) -> str:
    assert message.header("List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
    match = re.fullmatch(r"<(http://[^<>\s]+)>", message.header("List-Unsubscribe") or "")
    assert match is not None
    return match[1]


async def test_one_click_ends_the_mail_of_a_workspace(
    environment: dict[str, str], pool: Pool, settings: Settings, smtp: SmtpServer
) -> None:
    room = await Mailroom.open(pool, settings)
    sender = await add_sender(room, smtp.port)
    port = urlsplit(settings.base_url).port
    assert port is not None
    with worker(environment), web_process(environment, port):
        first = await start(room, sender.id)
        later = await start(room, sender.id, start_at="in 1 hours")
        messages = {message.recipients[0]: message for message in await arrived(smtp, 3)}
        links = {to: link_of(message) for to, message in messages.items()}
        assert len(set(links.values())) == 3
        for to, message in messages.items():
            parsed = email.message_from_bytes(message.data, policy=email.policy.default)
            assert parsed.get_content().strip() == f"Bye: {links[to]}", "the same link, whole, in the text"

        # Who looks, as scanners do, changes nothing.
        bob = links["Bob@x.example"]
        for method in ("GET", "HEAD"):
            connection = HTTPConnection("127.0.0.1", port, timeout=20)
            connection.request(method, urlsplit(bob).path)
            assert connection.getresponse().status == 200
        assert await room.all("select address from suppressions") == []

        status, headers = await asyncio.to_thread(one_click, bob)
        assert (status, headers.get("location"), headers.get("set-cookie")) == (200, None, None)
        (row,) = await room.all("select address, reason::text as reason, source_id from suppressions")
        assert (row["address"], row["reason"]) == ("bob@x.example", "unsubscribed")
        assert await room.value("select campaign_id from emails where id = %s", row["source_id"]) == first

        # The next campaign, and one that was scheduled before, leave him out.
        await start(room, sender.id, recipients=[*reversed(PEOPLE), "dan@x.example"])
        await room.run("update emails set due_at = now() where campaign_id = %s", later)
        await room.run("update lanes set next_due = now() where campaign_id = %s", later)
        await room.wake(sender.mailbox_id)

        async def settled() -> bool:
            return await room.statuses() == {"sent": 3 + 3 + 2, "suppressed": 2}

        await wait_until(settled, 30)
        assert [to for message in smtp.messages[3:] for to in message.recipients].count("Bob@x.example") == 0
        why = await room.all("select distinct reply from emails where status = 'suppressed'")
        assert [row["reply"] for row in why] == ["bob@x.example is on the suppression list: its owner unsubscribed."]


async def test_what_people_see_of_a_message_has_the_right_links(
    environment: dict[str, str], pool: Pool, settings: Settings, smtp: SmtpServer
) -> None:
    """Its source is what travels; where it is only looked at, a click must not unsubscribe the recipient."""
    room = await Mailroom.open(pool, settings)
    sender = await add_sender(room, smtp.port)
    campaign = await start(
        room, sender.id, recipients=["ann@x.example"], html='<a href="{{ unsubscribe_url }}">Bye</a>'
    )
    with worker(environment):
        (message,) = await arrived(smtp, 1)
        await wait_until(room.are("sent"))
    email_id = await room.value("select id from emails where campaign_id = %s", campaign)
    which = {"workspace_id": room.workspace_id, "id": email_id}
    source = await email_views.source(pool, Links(settings), **which)

    def headers(text: str) -> list[str]:
        return [line for line in text.split("\r\n") if line.startswith(("List-", "Feedback-ID"))]

    assert headers(source) == headers(message.data.decode())
    assert len(headers(source)) == 4
    shown = await email_views.get(pool, **which, now=now(), base_url=settings.base_url)
    assert shown.html == '<a href="/u/preview">Bye</a>'
