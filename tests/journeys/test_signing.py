"""Signed mail as a real worker sends it: what arrives verifies by the record in the DNS, and nothing else is signed."""

from __future__ import annotations

from app.contract.sender_dns import NewDkim, SenderDkim
from app.services import sender_dkim
from tests.support.dns_server import DnsServer
from tests.support.mail_auth import dkimpy, mailauth
from tests.support.mailroom import Mailroom, Sender
from tests.support.outreach import add_sender, now, start_campaign
from tests.support.sending import arrived
from tests.support.smtp_server import SmtpServer
from tests.support.waiting import wait_until
from tests.support.worker_process import worker

SIGNATURE = b"DKIM-Signature:"
DOTS = ".\r\n..dots\r\n.\r\n"
LONG = "A line that comes again and again. \r\n" * 10_000  # beyond what is signed in one go


async def set_up(room: Mailroom, sender: Sender) -> SenderDkim:
    return await sender_dkim.set_up(
        room.pool, room.settings, workspace_id=room.workspace_id, id=sender.id, wanted=NewDkim(), now=now()
    )


async def check(room: Mailroom, sender: Sender) -> SenderDkim:
    return await sender_dkim.check(room.pool, room.settings, workspace_id=room.workspace_id, id=sender.id, now=now())


async def sent(room: Mailroom, smtp: SmtpServer, sender: Sender, text: str = "Hello.\r\n") -> bytes:
    """One message as it arrives."""
    before = len(smtp.messages)
    await room.emails(sender, content_id=await room.content(text=text))
    return (await arrived(smtp, before + 1))[-1].data


async def test_what_arrives_is_signed_once_the_record_is_seen(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer, dns: DnsServer
) -> None:
    ann = await add_sender(room, smtp.port)
    bob = await add_sender(room, smtp.port, from_email="bob@example.com")
    with worker(environment):
        made = await set_up(room, ann)
        assert made.waiting is not None
        record = made.waiting.record
        assert not (await sent(room, smtp, ann)).startswith(SIGNATURE), "its record is not seen yet"

        dns.add(record.name, "TXT", record.value)
        assert (await check(room, ann)).state == "active"

        async def is_signed() -> bool:
            return (await sent(room, smtp, ann)).startswith(SIGNATURE)

        await wait_until(is_signed)  # the worker is told, it does not look
        came = [await sent(room, smtp, ann, text) for text in (DOTS, LONG)]
        before = len(smtp.messages)
        await start_campaign(room, ann, 2)
        came += [message.data for message in (await arrived(smtp, before + 2))[before:]]
        unsigned = await sent(room, smtp, bob)

        await sender_dkim.remove(room.pool, workspace_id=room.workspace_id, id=ann.id, now=now())

        async def is_bare() -> bool:
            return not (await sent(room, smtp, ann)).startswith(SIGNATURE)

        await wait_until(is_bare)

    assert not unsigned.startswith(SIGNATURE), "another sender on the same mailbox"
    assert b"List-Unsubscribe-Post:" in came[-1]
    records = {record.name: [record.value]}
    assert mailauth(came, records) == ["pass"] * len(came)
    assert [dkimpy(data, records) for data in came] == [True] * len(came)
    assert not dkimpy(came[0].replace(b"..dots", b".dots"), records)


async def test_a_sender_whose_key_cannot_be_read_waits_for_a_person(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer, dns: DnsServer
) -> None:
    """Unsigned mail would be what receivers are told to distrust."""
    ann = await add_sender(room, smtp.port)
    made = await set_up(room, ann)
    assert made.waiting is not None
    dns.add(made.waiting.record.name, "TXT", made.waiting.record.value)
    await check(room, ann)
    await room.emails(ann)
    with worker(environment | {"SECRET_KEY": "another one, of thirty-two characters"}):

        async def reason() -> str | None:
            found: str | None = await room.value("select state_reason from senders where id = %s", ann.id)
            return found

        why = await wait_until(reason)
        assert "DKIM key cannot be read" in str(why)
        await sender_dkim.remove(room.pool, workspace_id=room.workspace_id, id=ann.id, now=now())
        await wait_until(room.are("sent"))
    assert not smtp.messages[0].data.startswith(SIGNATURE)
