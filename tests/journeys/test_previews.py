"""What a preview shows is what arrives, byte for byte; a test arrives as ordinary mail: by a real worker and SMTP."""

from __future__ import annotations

import email
import email.policy
import io
import re
from uuid import UUID

import pytest

from app.contract.campaign_previews import PreviewCampaign, SendTest
from app.contract.campaigns import NewCampaign
from app.db.pool import Pool
from app.services import campaign_preview, campaign_runs, campaigns, imports
from app.settings import Settings
from tests.support.mailroom import Mailroom
from tests.support.outreach import add_sender, now
from tests.support.sending import arrived
from tests.support.smtp_server import SmtpServer
from tests.support.worker_process import worker

LIST = """email;name;Stadt;note
ann@x.example;Ann;Bern;short
not an address;;;
Bob.Ünal@x.example;"Ünal, Bob";Ürümqi;a <b> & "c"
ann@X.example;Ann again;;
cy@bücher.example;Кирилл Лавров;Санкт-Петербург;.
dee@x.example;;;=?utf-8?q?no?=
"""
SUBJECT = (
    "Grüße aus {{ stadt | default('der Ferne') }}, {{ name }} — a subject that is long enough to be folded {{ note }}"
)
TEXT = "Hallo {{ name }},\r\n.\r\n..dots, {{ note }}\nПривет из города {{ stadt }}! " + "Слово " * 60 + "\rÄnde"
HTML = (
    "<p>Hallo {{ name }} = {{ note }}</p>\n"
    + "<i>x</i>" * 200
    + "{% if stadt %}<b>{{ stadt }}</b>{% endif %}<a href='{{ unsubscribe_url }}'>out</a>"
)


# Without a text of its own, and with style sheets.
STYLED = (
    "<!DOCTYPE html><style>p, td { color: {{ stadt | default('red') }} } a:hover { color: blue }</style>"
    "<table><tr>{% if stadt %}<td>{{ stadt }}</td>{% endif %}<td>&lt;{{ note }}&gt;</td></tr></table>"
    "<p>Hallo {{ name }}&nbsp;&ndash; <a href='{{ unsubscribe_url }}'>out</a></p>" + "<p>Ein Wort – ja</p>" * 60
)


def without_what_differs(data: bytes) -> bytes:
    """The line breaks of quoted-printable stay where they are."""
    data = re.sub(rb"(?m)^(Date|Message-ID): .*\r$", rb"\1: -\r", data)
    return re.sub(rb"(?<=/u/)(?:(?:=\r\n)?[\w-]){64}", lambda found: re.sub(rb"[\w-]", b"x", found[0]), data)


async def drafted(room: Mailroom, *senders: UUID, html: str = HTML, text: str | None = TEXT) -> UUID:
    data = LIST.encode()
    listed = await imports.parse(
        room.pool,
        workspace_id=room.workspace_id,
        file=io.BytesIO(data),
        size=len(data),
        filename="people.csv",
        columns=None,
    )
    assert (listed.valid, listed.invalid_count, listed.duplicates) == (4, 1, 1)
    made = await campaigns.create(
        room.pool,
        workspace_id=room.workspace_id,
        created_by=None,
        wanted=NewCampaign(sender_ids=list(senders), subject=SUBJECT, text=text, html=html, import_id=listed.import_id),
        permissive=False,
        key=None,
        now=now(),
    )
    return made.id


@pytest.mark.parametrize(("html", "text"), [(HTML, TEXT), (STYLED, None), (STYLED, "")])
async def test_every_recipient_gets_what_the_preview_shows(
    environment: dict[str, str], pool: Pool, settings: Settings, smtp: SmtpServer, html: str, text: str | None
) -> None:
    room = await Mailroom.open(pool, settings)
    first = await add_sender(room, smtp.port, from_name="Jörg, Team", reply_to="Antwort <re@example.com>")
    second = await add_sender(room, smtp.port, from_email="bea@example.org")
    campaign_id = await drafted(room, first.id, second.id, html=html, text=text)
    of = {"workspace_id": room.workspace_id, "id": campaign_id}
    shown = [
        await campaign_preview.preview(pool, settings, **of, wanted=PreviewCampaign(index=index), now=now())
        for index in range(4)
    ]
    assert [each.sender_id for each in shown] == [first.id, second.id, first.id, second.id]
    await campaign_runs.schedule(pool, **of, key=None, now=now())
    with worker(environment):
        received = {message.recipients[0]: message for message in await arrived(smtp, 4)}
    for preview in shown:
        address = preview.recipient.email
        (message,) = [each for to, each in received.items() if to.partition("@")[0] == address.partition("@")[0]]
        source = preview.source.encode()
        assert without_what_differs(source) == without_what_differs(message.data), address
        parsed = email.message_from_bytes(message.data, policy=email.policy.default)
        assert parsed.get_content_type() == ("text/html" if text == "" else "multipart/alternative")
        assert (preview.text is None) == (text == "")
        assert max(map(len, message.data.partition(b"\r\n\r\n")[2].split(b"\r\n"))) <= 76
        assert source != message.data, "Date, Message-ID and the link are this message's own"


async def test_a_test_arrives_and_counts_like_ordinary_mail(
    environment: dict[str, str], pool: Pool, settings: Settings, smtp: SmtpServer
) -> None:
    room = await Mailroom.open(pool, settings)
    sender = await add_sender(room, smtp.port, hourly_limit=2)
    campaign_id = await drafted(room, sender.id)
    wanted = SendTest(to=["me@example.com", "you@example.com"])
    of = {"workspace_id": room.workspace_id, "id": campaign_id}
    with worker(environment):
        sent = await campaign_preview.send_test(pool, settings, **of, wanted=wanted, now=now())
        messages = await arrived(smtp, 2)
    assert {message.recipients[0] for message in messages} == {"me@example.com", "you@example.com"}
    for message in messages:
        parsed = email.message_from_bytes(message.data, policy=email.policy.default)
        assert parsed["Subject"].startswith("[Test] Grüße aus Bern, Ann")
        assert b"List-Unsubscribe" not in message.data
        assert b"/u/preview" in message.data.replace(b"=\r\n", b"")
    assert len(await room.ledger(*(each.id for each in sent.data))) == 2
    assert (await campaigns.get(pool, **of, now=now())).state == "draft"
