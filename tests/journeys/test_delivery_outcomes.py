"""What the server says, and when it hangs up, decides what becomes of a message."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tests.support.certificates import make_certificates
from tests.support.mailroom import Mailroom
from tests.support.sending import arrived
from tests.support.smtp_server import Options, SmtpServer, Step
from tests.support.waiting import wait_until
from tests.support.worker_process import worker

GREYLISTED = "450 4.2.0 Greylisted, come back later"


async def test_a_message_that_is_not_taken_for_now_is_deferred_and_tried_again(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    """Once at its recipient, once after the dot: both times nobody got it, and only the second was a dispatch."""
    sender = await room.sender(port=smtp.port)
    smtp.on("rcpt", Step(GREYLISTED))
    smtp.on("dot", Step("451 4.3.0 Try again later"))
    with worker(environment):
        began = await room.now()
        (email_id,) = await room.emails(sender, to=["a@example.com"])
        await wait_until(room.are("deferred", email_id))
        email = await room.email(email_id)
        assert email["reply"].endswith(GREYLISTED)
        assert timedelta(seconds=40) < email["due_at"] - began < timedelta(seconds=100)
        assert await room.ledger() == []

        await room.reschedule(email_id)
        await wait_until(room.are("deferred", email_id))
        await wait_until(lambda: len(smtp.received) == 1)
        await wait_until(lambda: room.all("select from dispatches where outcome = 'rejected'"))
        assert (await room.email(email_id))["due_at"] - began > timedelta(seconds=100), "longer each time"

        await room.reschedule(email_id)
        await wait_until(room.are("sent", email_id))

    assert (await room.email(email_id))["attempts"] == 3
    assert await room.outcomes() == ["rejected", "accepted"]
    assert len(smtp.messages) == 1
    story = [row["type"] for row in await room.all("select type from events where email_id = %s order by id", email_id)]
    assert story == ["email.deferred", "email.deferred", "email.sent"]


async def test_a_message_that_is_refused_for_good_has_failed(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    """An address that does not exist is not tried again, by any message."""
    sender = await room.sender(port=smtp.port)
    smtp.on("rcpt", Step("550 5.1.1 No such user"), match="nobody@example.com", always=True)
    smtp.on("dot", Step("554 5.7.1 We do not like this"), match="somebody@example.com")
    with worker(environment):
        gone, disliked = await room.emails(sender, 2, to=["nobody@example.com", "somebody@example.com"])
        await wait_until(room.are("failed", gone))
        await wait_until(room.are("failed", disliked))
        (again,) = await room.emails(sender, to=["nobody@example.com"])
        await wait_until(room.are("suppressed", again))
        (fine,) = await room.emails(sender, to=["somebody@example.com"])
        await wait_until(room.are("sent", fine))

    suppressed = await room.all("select address, reason, detail from suppressions")
    assert [(row["address"], row["reason"]) for row in suppressed] == [("nobody@example.com", "hard_bounce")]
    assert "No such user" in suppressed[0]["detail"]
    assert "We do not like this" in (await room.email(disliked))["reply"]
    assert await room.outcomes() == ["rejected", "accepted"]


async def test_several_recipients_have_an_outcome_each(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    """Refused for good: the others get it. Refused for now: nobody, until all can."""
    sender = await room.sender(port=smtp.port)
    smtp.on("rcpt", Step("550 5.1.1 No such user"), match="r1-all@example.com")
    smtp.on("rcpt", Step(GREYLISTED), match="r2-later@example.com")
    with worker(environment):
        (some,) = await room.emails(sender, recipients=3, to=["all@example.com"])
        (later,) = await room.emails(sender, recipients=3, to=["later@example.com"])
        await wait_until(room.are("sent", some))
        await wait_until(room.are("deferred", later))
        await room.reschedule(later)
        await wait_until(room.are("sent", later))

    by_first = {message.recipients[0]: message.recipients for message in smtp.messages}
    assert by_first["all@example.com"] == ("all@example.com", "r2-all@example.com")
    assert by_first["later@example.com"] == ("later@example.com", "r1-later@example.com", "r2-later@example.com")
    assert [r["code"] for r in (await room.email(some))["recipients"]] == [250, 550, 250]


async def test_a_connection_lost_after_the_dot_leaves_a_doubt_that_is_never_sent_again(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    sender = await room.sender(port=smtp.port)
    smtp.on("dot", Step(drop=True))
    with worker(environment):
        (doubtful,) = await room.emails(sender, to=["doubt@example.com"])
        await wait_until(room.are("uncertain", doubtful))
    with worker(environment):
        (other,) = await room.emails(sender, to=["other@example.com"])
        await wait_until(room.are("sent", other))

    assert [message.recipients for message in smtp.received] == [("doubt@example.com",), ("other@example.com",)]
    assert await room.outcomes() == ["unknown", "accepted"]
    assert await room.statuses() == {"uncertain": 1, "sent": 1}


async def test_a_connection_lost_in_the_body_only_costs_a_moment(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    sender = await room.sender(port=smtp.port)
    smtp.on("body", Step(drop=True, after_bytes=100))
    with worker(environment):
        (email_id,) = await room.emails(sender, to=["a@example.com"])
        await wait_until(room.are("sent", email_id))

    assert len(smtp.received) == 1
    assert await room.outcomes() == ["accepted"]


async def test_a_server_that_closes_after_every_message_costs_no_pause(
    environment: dict[str, str], room: Mailroom, smtp: SmtpServer
) -> None:
    """A kept connection that is gone is no trouble of the mailbox."""
    sender = await room.sender(port=smtp.port, concurrency=2)
    smtp.on("dot", Step("250 2.0.0 Taken, and goodbye", drop=True), always=True)
    with worker(environment) as process:
        await room.emails(sender, 40)
        await arrived(smtp, 40)
        await wait_until(room.are("sent"))
        assert process.said("mailbox.waits") == []


async def test_a_sender_that_cannot_sign_in_is_paused_and_its_mail_waits(
    environment: dict[str, str], room: Mailroom
) -> None:
    with SmtpServer(Options(username="ada@example.com", password="right")) as smtp:
        sender = await room.sender(port=smtp.port, username="ada@example.com", password="wrong")
        with worker(environment) as process:
            await room.emails(sender, 3)
            await wait_until(lambda: room.all("select from senders where state = 'paused'"))
            await wait_until(lambda: process.said("sender.paused"))
            await wait_until(lambda: smtp.open_sessions == 0)
            sessions = smtp.sessions
            await room.emails(sender, 1)
            await wait_until(lambda: room.all("select from lanes where blocked_reason = 'sender_paused'"))
        assert smtp.sessions == sessions

    (row,) = await room.all("select state_reason from senders where id = %s", sender.id)
    assert "Bad credentials" in row["state_reason"]
    assert await room.statuses() == {"scheduled": 4}
    assert await room.ledger() == []
    assert 3 <= sessions <= 15, "three times, on at most five connections each"


async def test_a_server_like_ethereal_takes_mail_and_says_where_to_see_it(
    environment: dict[str, str], room: Mailroom, tmp_path: Path
) -> None:
    """STARTTLS with a certificate of a private authority, AUTH, and a reply that names the message."""
    certificates = make_certificates(tmp_path)
    options = Options(security="starttls", username="ada@ethereal.email", password="s3cret", ethereal=True)
    with SmtpServer(options, certificates=certificates) as smtp:
        sender = await room.sender(
            port=smtp.port, username="ada@ethereal.email", password="s3cret", security="starttls"
        )
        with worker(environment, SSL_CERT_FILE=str(certificates.authority)):
            (email_id,) = await room.emails(sender)
            (message,) = await arrived(smtp, 1)
            await wait_until(room.are("sent", email_id))

    email = await room.email(email_id)
    assert (message.tls, message.user) == (True, "ada@ethereal.email")
    assert email["reply"].startswith("250 Accepted [STATUS=new MSGID=")
    msgid = email["reply"].partition("MSGID=")[2].rstrip("]")
    assert email["preview_url"] == f"https://ethereal.email/message/{msgid}"
