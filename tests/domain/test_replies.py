"""What a server's reply means for the message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.replies import TEXT_LIMIT, Phase, Reply, Verdict, classify, preview_url, read_reply


def reply(text: str) -> Reply:
    code, _, rest = text.partition(" ")
    return read_reply(int(code), [rest.encode()])


@pytest.mark.parametrize(
    ("text", "phase", "verdict"),
    [
        ("250 2.1.5 OK", "rcpt", Verdict.ACCEPTED),
        ("251 User not local; will forward", "rcpt", Verdict.ACCEPTED),
        ("252 Cannot verify", "rcpt", Verdict.ACCEPTED),
        ("421 4.3.2 Closing", "mail", Verdict.TEMPORARY),
        ("450 4.7.1 Greylisted", "rcpt", Verdict.TEMPORARY),
        ("452 4.2.2 Mailbox full", "rcpt", Verdict.TEMPORARY),
        ("454 4.7.0 Temporary authentication failure", "auth", Verdict.TEMPORARY),
        ("354 Go ahead", "rcpt", Verdict.TEMPORARY),
        ("550 5.1.1 The email account that you tried to reach does not exist", "rcpt", Verdict.HARD_BOUNCE),
        ("550 No such user here", "rcpt", Verdict.HARD_BOUNCE),
        ("550 5.5.0 Requested action not taken: mailbox unavailable", "rcpt", Verdict.HARD_BOUNCE),
        ("553 Unknown recipient", "rcpt", Verdict.HARD_BOUNCE),
        ("554 5.2.1 Mailbox disabled", "rcpt", Verdict.HARD_BOUNCE),
        ("556 5.1.10 Null MX", "rcpt", Verdict.HARD_BOUNCE),
        ("550 5.1.1 User unknown", "dot", Verdict.HARD_BOUNCE),
        ("550 5.2.2 Mailbox full", "rcpt", Verdict.PERMANENT),
        ("550 5.7.1 Blocked", "rcpt", Verdict.PERMANENT),
        ("550 Blocked by spamhaus", "rcpt", Verdict.PERMANENT),
        ("550 Relaying denied", "rcpt", Verdict.PERMANENT),
        ("553 Sender address rejected: not logged in", "rcpt", Verdict.PERMANENT),
        ("550 Message looks wrong", "dot", Verdict.PERMANENT),
        ("550 No such sender", "mail", Verdict.PERMANENT),
        ("550 5.1.1 Bad sender", "mail", Verdict.PERMANENT),
        ("552 5.3.4 Message too big", "mail", Verdict.PERMANENT),
        ("552 Too many recipients", "rcpt", Verdict.TEMPORARY),
        ("552 5.2.2 Over quota", "rcpt", Verdict.PERMANENT),
        ("554 5.7.1 Spam", "dot", Verdict.PERMANENT),
        ("530 5.7.0 Authentication required", "mail", Verdict.AUTH),
        ("535 5.7.8 Bad credentials", "auth", Verdict.AUTH),
        ("501 5.5.2 Cannot decode", "auth", Verdict.AUTH),
        ("550 5.7.8 Sign in first", "mail", Verdict.AUTH),
    ],
)
def test_what_replies_mean(text: str, phase: Phase, verdict: Verdict) -> None:
    assert classify(reply(text), phase) is verdict


@given(
    st.integers(0, 999),
    st.none() | st.from_regex(r"[245]\.\d{1,3}\.\d{1,3}", fullmatch=True),
    st.text(),
    st.sampled_from(["mail", "rcpt", "data", "dot", "auth"]),
)
def test_the_code_decides_between_taken_later_and_never(
    code: int, enhanced: str | None, text: str, phase: Phase
) -> None:
    verdict = classify(Reply(code, enhanced, text), phase)
    assert (verdict is Verdict.ACCEPTED) == (200 <= code < 300)
    if verdict in (Verdict.PERMANENT, Verdict.HARD_BOUNCE, Verdict.AUTH):
        assert 500 <= code < 600
    if verdict is Verdict.HARD_BOUNCE:
        assert phase in ("rcpt", "data", "dot")


def test_a_reply_of_several_lines_is_one_line_of_text() -> None:
    found = read_reply(550, [b"5.1.1 No such", b"5.1.1 user.", b" See https://example.com"])
    assert found == Reply(550, "5.1.1", "No such user.  See https://example.com")
    assert str(found) == "550 5.1.1 No such user.  See https://example.com"


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_any_bytes_make_a_printable_bounded_text(lines: list[bytes]) -> None:
    found = read_reply(250, lines)
    assert len(found.text) <= TEXT_LIMIT
    assert not any(character < " " or "\x7f" <= character <= "\x9f" for character in found.text)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        (
            "250 Accepted [STATUS=new MSGID=ZxY1-AbC.dEf_9~AAAAAQ]",
            "https://ethereal.email/message/ZxY1-AbC.dEf_9~AAAAAQ",
        ),
        ("250 2.0.0 OK queued as 12345", None),
        ("554 Rejected [MSGID=abc]", None),
        ("250 Accepted [STATUS=new MSGID=<script>]", None),
        ("250 Accepted XMSGID=abc", None),
    ],
)
def test_ethereals_answer_becomes_a_link(text: str, url: str | None) -> None:
    assert preview_url(reply(text)) == url


def test_the_test_inbox_has_links_of_its_own() -> None:
    found = reply("250 Accepted [STATUS=new MSGID=abc]")
    assert preview_url(found, "http://127.0.0.1:8125/") == "http://127.0.0.1:8125/message/abc"
