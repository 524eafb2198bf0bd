"""Headers that a caller adds: refused with their path, or read back as they were given, and nothing else with them."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
from email.message import EmailMessage

from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.addresses import parse
from app.domain.headers import VALUE_LIMIT
from app.errors import ValidationError
from app.mail.compose import Content, compose

DATE = dt.datetime(2026, 3, 1, 12, 30, 5, tzinfo=dt.UTC)
ANN = parse("ann@example.com")
OWN = {"from", "to", "subject", "date", "message-id", "mime-version", "content-type", "content-transfer-encoding"}
LETTERS = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
# What smuggles: line breaks of every kind, folding, ends of a header, of all headers, of an encoded word.
BREAKS = st.sampled_from(
    ["\r\n", "\n", "\r", "\r\n\r\n", "\n ", "\r\n\t", "\0", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"]
)
SMUGGLED = st.builds("{}{}Bcc: eve@example.org{}".format, LETTERS, BREAKS, BREAKS | st.just("") | LETTERS)
HEADS = (
    st.from_regex(r"[!-9;-~]{1,30}", fullmatch=True)
    | st.text(max_size=20)
    | st.sampled_from(["Bcc", "X-A\r\nBcc", "Subject"])
)


def read(raw: bytes) -> EmailMessage:
    found = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


@given(name=HEADS, value=LETTERS | SMUGGLED)
@example("X-A", "=?utf-8?q?=0D=0ABcc:_eve@example.org?=")
@example("X-A", "a" * VALUE_LIMIT)
@example("X-A", "ä" * VALUE_LIMIT)
@example("References", "<a@b>" * 700)
def test_a_header_is_refused_or_arrives_as_it_is_and_alone(name: str, value: str) -> None:
    content = Content(sender=ANN, subject="Hello", text="Hi", headers=((name, value),))
    try:
        raw = compose(content, to=(ANN,), message_id="<a@example.com>", date=DATE)
    except ValidationError as error:
        (problem,) = error.problems
        assert problem.path.startswith("headers.")
        assert problem.path.isprintable()
        assert problem.message
        return
    found = read(raw)
    assert {each.lower() for each in found} == OWN | {name.lower()}
    assert len(found.keys()) == len(OWN) + 1
    assert not any(part.defects for part in found.walk())
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert raw.isascii()
    assert found.get_content().split() == ["Hi"]
    assert str(found[name]).split() == value.split()
