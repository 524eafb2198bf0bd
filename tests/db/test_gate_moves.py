"""A sender that moves to another mailbox takes nothing from the counts of its campaign."""

from __future__ import annotations

from app.services import delivery
from tests.support.mailroom import Mailroom


async def test_what_a_campaign_sent_through_another_mailbox_counts_when_it_gets_a_limit(room: Mailroom) -> None:
    sender = await room.sender()
    campaign_id = await room.campaign(sender)
    await room.emails(sender, 8, campaign_id=campaign_id)
    old = await room.lease(sender.mailbox_id)
    now = await room.now()
    found = await delivery.due(room.pool, old, now=now, until=now, limit=8)
    verdicts = await delivery.gate(room.pool, old, window=3600.0, prior_dot=None, offers=found[:5])
    assert {verdict.verdict for verdict in verdicts.values()} == {"go"}

    mailbox_id = await room.mailbox()
    await room.run("update senders set mailbox_id = %s where id = %s", mailbox_id, sender.id)
    await room.run("update lanes set mailbox_id = %s where sender_id = %s", mailbox_id, sender.id)
    verdicts = await delivery.gate(room.pool, old, window=3600.0, prior_dot=None, offers=found[5:])
    assert {verdict.verdict for verdict in verdicts.values()} == {"changed"}, "the old mailbox sends no more for it"

    await room.configure("update campaigns set hourly_limit = 5 where id = %s", campaign_id)
    new = await room.lease(mailbox_id)
    verdicts = await delivery.gate(room.pool, new, window=3600.0, prior_dot=None, offers=found[5:])
    assert {verdict.verdict for verdict in verdicts.values()} == {"campaign_hour"}
