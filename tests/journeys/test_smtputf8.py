"""Addresses beyond ASCII, against real servers that take them (RFC 6531) and that do not."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from app.db.pool import Pool
from app.services import email_views
from app.settings import Settings
from tests.support.mailroom import Mailroom
from tests.support.outreach import add_sender, now, start_campaign
from tests.support.ports import free_port
from tests.support.waiting import wait_until
from tests.support.worker_process import worker

JOERG = "jörg@bücher.example"


class Taken:
    """What arrived: the envelope, and what MAIL said."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        self.envelopes.append(envelope)
        return "250 OK"


@contextmanager
def mail_server(*, smtputf8: bool) -> Iterator[tuple[int, Taken]]:
    taken = Taken()
    server = Controller(taken, hostname="127.0.0.1", port=free_port(), enable_SMTPUTF8=smtputf8)
    server.start()
    try:
        yield server.port, taken
    finally:
        server.stop()


async def campaign_to(room: Mailroom, port: int, *addresses: str) -> dict[str, Any]:
    """The messages by address, before anything happened to them."""
    sender = await add_sender(room, port)
    campaign_id = await start_campaign(room, sender, 0, recipients=list(addresses))
    found = await room.all("select id, to_address from emails where campaign_id = %s", campaign_id)
    return {row["to_address"]: row["id"] for row in found}


async def test_a_server_that_takes_them_gets_utf_8_in_envelope_and_headers(
    environment: dict[str, str], pool: Pool, settings: Settings
) -> None:
    room = await Mailroom.open(pool, settings)
    with mail_server(smtputf8=True) as (port, taken):
        sent = await campaign_to(room, port, "ann@x.example", JOERG)
        with worker(environment):
            await wait_until(room.are("sent", *sent.values()))
    by_address = {envelope.rcpt_tos[0]: envelope for envelope in taken.envelopes}
    assert set(by_address) == {"ann@x.example", JOERG}
    joerg, ann = by_address[JOERG], by_address["ann@x.example"]
    assert isinstance(joerg.content, bytes)
    assert isinstance(ann.content, bytes)
    assert "SMTPUTF8" in joerg.mail_options
    assert f"To: {JOERG}\r\n".encode() in joerg.content
    parsed = email.message_from_string(joerg.content.decode(), policy=email.policy.SMTPUTF8)
    assert parsed["To"].addresses[0].addr_spec == JOERG
    assert "SMTPUTF8" not in ann.mail_options, "only where it is needed"
    assert ann.content.isascii()


async def test_a_server_that_does_not_costs_that_message_alone(
    environment: dict[str, str], pool: Pool, settings: Settings
) -> None:
    room = await Mailroom.open(pool, settings)
    with mail_server(smtputf8=False) as (port, taken):
        sent = await campaign_to(room, port, JOERG, "ann@x.example", "cy@bücher.example")
        with worker(environment):
            await wait_until(room.are("failed", sent[JOERG]))
            others = [id for address, id in sent.items() if address != JOERG]
            await wait_until(room.are("sent", *others))
    # A domain has an ASCII form (IDNA), so it alone needs nothing of the server.
    assert {envelope.rcpt_tos[0] for envelope in taken.envelopes} == {"ann@x.example", "cy@xn--bcher-kva.example"}
    shown = await email_views.get(pool, workspace_id=room.workspace_id, id=sent[JOERG], now=now())
    assert shown.last_reply is not None
    assert JOERG in shown.last_reply
    assert "use another address or server" in shown.last_reply
    assert {row["email_id"] for row in await room.ledger()} == set(others), "it spent nothing of a limit"
    assert await room.all("select from suppressions") == [], "the address may be good"
    (sender,) = await room.all("select state from senders")
    assert sender["state"] == "active"
