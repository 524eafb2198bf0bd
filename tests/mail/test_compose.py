"""Messages: parsed, they equal what the standard library makes of the same parts; as bytes, they obey the RFCs."""

from __future__ import annotations

import base64
import datetime as dt
import email
import email.policy
import re
from email.header import decode_header, make_header
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.utils import getaddresses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.addresses import Address, parse
from app.domain.attachments import why_not_named
from app.errors import ValidationError
from app.mail.compose import Attachment, Content, Skeleton, compose
from app.mail.encodings import encode_bytes
from app.mail.envelope import stuffed

DATE = dt.datetime(2026, 3, 1, 12, 30, 5, tzinfo=dt.timezone(dt.timedelta(hours=1)))
ADA = parse("Ada Lovelace <ada@example.com>")
BOB = parse("bob@example.com")
_AS_IT_IS = email.policy.default.clone(refold_source="none")
MESSAGE_ID = "<018f3c@mail.example.com>"

# What people type: letters of all scripts, signs, emoji, line breaks; no other control characters.
CHARACTERS = st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"))
LINES = st.lists(st.text(CHARACTERS, max_size=120), max_size=8).map("\n".join)
SUBJECTS = st.text(CHARACTERS, max_size=150).map(lambda text: " ".join(text.split()))
NAMES = st.text(CHARACTERS, max_size=60).map(lambda text: " ".join(text.split()))
EMAILS = st.from_regex(r"[a-z0-9+_]{1,40}@[a-z]{1,20}\.(com|example|org)", fullmatch=True)
ADDRESSES = st.builds(lambda name, mail: Address(name, mail, mail), NAMES, EMAILS)
FILES = st.builds(
    Attachment,
    st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters='/\\"'), min_size=1, max_size=40),
    st.binary(max_size=300),
    st.sampled_from([None, "application/pdf", "text/csv", "image/png"]),
)


def read(message: bytes) -> EmailMessage:
    parsed = email.message_from_bytes(message, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def reference(
    content: Content, to: tuple[Address, ...], subject: str, text: str | None, html: str | None
) -> EmailMessage:
    """The same message, made by the standard library alone."""
    made = EmailMessage(policy=email.policy.SMTP)
    made["From"] = _stdlib(content.sender)
    made["To"] = [_stdlib(each) for each in to]
    if content.reply_to:
        made["Reply-To"] = [_stdlib(each) for each in content.reply_to]
    made["Subject"] = subject
    made["Date"] = DATE
    made["Message-ID"] = MESSAGE_ID
    if text is not None or html is None:
        made.set_content(text or "", cte="quoted-printable")
        if html is not None:
            made.add_alternative(html, subtype="html", cte="quoted-printable")
    else:
        made.set_content(html, subtype="html", cte="quoted-printable")
    for file in content.attachments:
        kind, subtype = (file.content_type or "application/octet-stream").split("/")
        made.add_attachment(file.content, maintype=kind, subtype=subtype, filename=file.filename)
    return made


def _stdlib(address: Address) -> HeaderAddress:
    return HeaderAddress(address.name, addr_spec=address.email)


def parts(message: EmailMessage) -> list[tuple[str, str | None, str | bytes]]:
    """Each leaf's type, file name and content; the line break that every text ends with is not part of it."""
    found: list[tuple[str, str | None, str | bytes]] = []
    for part in message.walk():
        if not part.is_multipart():
            assert isinstance(part, EmailMessage)
            inner = part.get_content() if part.get_content_disposition() is None else part.get_payload(decode=True)
            assert isinstance(inner, str | bytes)
            if isinstance(inner, str):
                inner = inner.replace("\r\n", "\n").removesuffix("\n")
            found.append((part.get_content_type(), part.get_filename(), inner))
    return found


def addresses(message: EmailMessage, name: str) -> list[tuple[str, str]]:
    """Names and addresses. Python's own reader puts a space between two encoded words of a name; this one does not."""
    raw = email.message_from_bytes(message.as_bytes(policy=_AS_IT_IS))[name]
    return [(str(make_header(decode_header(each))), mail) for each, mail in getaddresses([str(raw)])]


@given(
    sender=ADDRESSES,
    to=st.lists(ADDRESSES, min_size=1, max_size=4).map(tuple),
    reply_to=st.lists(ADDRESSES, max_size=2).map(tuple),
    subject=SUBJECTS,
    text=st.none() | LINES,
    html=st.none() | LINES,
    files=st.lists(FILES, max_size=2).map(tuple),
)
def test_parsed_it_equals_the_standard_librarys(
    sender: Address,
    to: tuple[Address, ...],
    reply_to: tuple[Address, ...],
    subject: str,
    text: str | None,
    html: str | None,
    files: tuple[Attachment, ...],
) -> None:
    files = tuple(
        Attachment(file.filename, file.content, file.content_type or "application/octet-stream") for file in files
    )
    content = Content(sender=sender, subject=subject, text=text, html=html, reply_to=reply_to, attachments=files)
    raw = compose(content, to=to, message_id=MESSAGE_ID, date=DATE)
    theirs = reference(content, to, subject, text, html)
    ours = read(raw)
    assert ours["Subject"] == subject
    assert addresses(ours, "From") == [(sender.name, sender.email)]
    assert addresses(ours, "To") == [(each.name, each.email) for each in to]
    assert ("Reply-To" in ours) == bool(reply_to)
    assert ours["Date"].datetime == DATE
    assert ours["Message-ID"] == MESSAGE_ID
    assert [part.get_content_type() for part in ours.walk()] == [part.get_content_type() for part in theirs.walk()]
    assert parts(ours) == parts(theirs)
    assert not any(part.defects for part in ours.walk())
    _obeys(raw)


def _obeys(raw: bytes) -> None:
    """RFC 5322, 2.1.1 and 2.3: ASCII, CRLF alone, lines of 998 octets at most; and it can be handed in as it is."""
    assert raw.isascii()
    assert raw.endswith(b"\r\n")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert stuffed(raw).replace(b"\r\n..", b"\r\n.") == raw
    head = raw.partition(b"\r\n\r\n")[0]
    for line in head.split(b"\r\n"):
        assert re.match(rb"[!-9;-~]+: |[ \t]+[!-~]|[!-9;-~]+: ?$", line), line
        if b"=?utf-8?b?" in line:
            assert len(line) <= 78
        for word in re.findall(rb"=\?[^ ]*\?=", line):
            assert len(word) <= 75
        for payload in re.findall(rb"=\?utf-8\?b\?([^?]*)\?=", line):
            assert base64.b64decode(payload).decode()  # no character is split between two words


@given(subject=SUBJECTS, text=LINES, html=LINES, name=NAMES, value=LINES)
def test_a_filled_skeleton_equals_a_message_made_alone(
    subject: str, text: str, html: str, name: str, value: str
) -> None:
    def tagged(source: str) -> str:
        return source.replace("{", "").replace("}", "") + "{{ value }} — {{ value }}"

    content = Content(sender=ADA, subject=tagged(subject), text=tagged(text), html=tagged(html), templated=True)
    to = (Address(name, BOB.email, BOB.ascii_email),)
    raw = Skeleton(content).fill(to=to, message_id=MESSAGE_ID, date=DATE, variables={"value": value})
    ours = read(raw)
    plain = tagged(text).replace("{{ value }}", value)
    assert parts(ours)[0] == ("text/plain", None, plain.removesuffix("\n"))
    escaped = (
        value.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace('"', "&#34;")
        .replace("'", "&#39;")
    )
    assert parts(ours)[1] == ("text/html", None, tagged(html).replace("{{ value }}", escaped).removesuffix("\n"))
    assert addresses(ours, "To") == [(name, BOB.email)]
    _obeys(raw)


@given(st.text(max_size=400), st.text(max_size=200))
def test_no_value_breaks_out_of_its_header(value: str, name: str) -> None:
    content = Content(sender=ADA, subject="{{ value }}", text="{{ value }}", templated=True)
    to = (Address(name, "bob@example.com", "bob@example.com"),)
    raw = Skeleton(content).fill(to=to, message_id=MESSAGE_ID, date=DATE, variables={"value": value})
    ours = read(raw)
    assert sorted(ours.keys()) == [
        "Content-Transfer-Encoding", "Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Subject", "To",
    ]  # fmt: skip
    assert [each.addr_spec for each in ours["To"].addresses] == ["bob@example.com"]
    _obeys(raw)


def test_braces_are_text_unless_the_content_is_a_template() -> None:
    content = Content(sender=ADA, subject="{{ a }}", text="{% b %}", html="{# c #}")
    ours = read(compose(content, to=(BOB,), message_id=MESSAGE_ID, date=DATE))
    assert ours["Subject"] == "{{ a }}"
    assert [part[2] for part in parts(ours)] == ["{% b %}", "{# c #}"]


@pytest.mark.parametrize("text", ["=?utf-8?q?x?=", "a =?utf-8?b?eA==?= b", '"=?', '=?utf-8?b?eA==?= \\"'])
def test_what_looks_encoded_is_read_as_it_was_written(text: str) -> None:
    content = Content(sender=Address(text, ADA.email, ADA.ascii_email), subject=text, text="x")
    raw = compose(content, to=(BOB,), message_id=MESSAGE_ID, date=DATE)
    assert text.encode() not in raw.partition(b"\r\n\r\n")[0]
    assert read(raw)["Subject"] == text
    assert addresses(read(raw), "From") == [(text, ADA.email)]


def test_every_kind_of_line_break_is_one() -> None:
    raw = compose(
        Content(sender=ADA, subject="x", text="a\r\nb\rc\nd\n\n"), to=(BOB,), message_id=MESSAGE_ID, date=DATE
    )
    assert raw.endswith(b"\r\n\r\na\r\nb\r\nc\r\nd\r\n\r\n")


def test_copies_are_shown_and_blind_copies_have_no_place() -> None:
    content = Content(sender=ADA, subject="x", text="x")
    ours = read(compose(content, to=(BOB,), cc=(ADA, BOB), message_id=MESSAGE_ID, date=DATE))
    assert addresses(ours, "Cc") == [("Ada Lovelace", "ada@example.com"), ("", "bob@example.com")]
    assert "Bcc" not in ours


def test_own_headers_and_those_of_a_recipient_are_written() -> None:
    content = Content(
        sender=ADA, subject="x", text="x", headers=(("X-Campaign", "Frühling"), ("References", "<a@b> " * 30))
    )
    raw = compose(
        content, to=(BOB,), message_id=MESSAGE_ID, date=DATE, headers=(("List-Unsubscribe", "<https://x.example/u/1>"),)
    )
    ours = read(raw)
    assert ours["X-Campaign"] == "Frühling"
    assert ours["References"] == ("<a@b> " * 30).strip()
    assert ours["List-Unsubscribe"] == "<https://x.example/u/1>"
    _obeys(raw)


@pytest.mark.parametrize("name", ["Bcc", "Content-Type", "DKIM-Signature", "X\r\nBcc", "Received"])
def test_a_header_that_may_not_be_set_is_refused(name: str) -> None:
    content = Content(sender=ADA, subject="x", text="x", headers=((name, "x"),))
    with pytest.raises(ValidationError):
        Skeleton(content)


def test_an_address_that_needs_smtputf8_is_written_as_it_is() -> None:
    joerg = parse("Jörg <jörg@exämple.de>")
    raw = compose(Content(sender=ADA, subject="Grüße", text="x"), to=(joerg,), message_id=MESSAGE_ID, date=DATE)
    assert "<jörg@exämple.de>".encode() in raw
    assert not raw.isascii()
    domain_only = parse("bob@exämple.de")
    raw = compose(Content(sender=ADA, subject="x", text="x"), to=(domain_only,), message_id=MESSAGE_ID, date=DATE)
    assert b"bob@xn--exmple-cua.de" in raw


def test_text_in_another_script_travels_as_base64_and_latin_text_stays_readable() -> None:
    chinese = compose(Content(sender=ADA, subject="x", text="你好" * 100), to=(BOB,), message_id=MESSAGE_ID, date=DATE)
    german = compose(
        Content(sender=ADA, subject="x", text="Schöne Grüße aus dem Norden und bis bald, " * 9),
        to=(BOB,),
        message_id=MESSAGE_ID,
        date=DATE,
    )
    assert read(chinese)["Content-Transfer-Encoding"] == "base64"
    assert b"Sch=C3=B6ne" in german
    assert read(chinese).get_content().strip() == "你好" * 100


@pytest.mark.parametrize("filename", ["", "a/b", "..\\x", "a\r\nb", "x" * 201])
def test_a_file_name_that_misleads_is_refused(filename: str) -> None:
    with pytest.raises(ValidationError):
        Skeleton(Content(sender=ADA, subject="x", attachments=(Attachment(filename, b""),)))


@pytest.mark.parametrize("kind", ["message/rfc822", "multipart/mixed"])
def test_a_message_as_a_file_travels_as_plain_bytes(kind: str) -> None:
    content = Content(
        sender=ADA, subject="x", text="x", attachments=(Attachment("mail.eml", b"Subject: y\r\n\r\nz", kind),)
    )
    ours = read(compose(content, to=(BOB,), message_id=MESSAGE_ID, date=DATE))
    assert parts(ours)[1] == ("application/octet-stream", "mail.eml", b"Subject: y\r\n\r\nz")


LOGO = Attachment("logo.png", b"PNG", content_id="logo")
OFFER = Attachment("offer.pdf", b"%PDF")


def shape(part: EmailMessage) -> object:
    """The types of the parts within each other."""
    if not part.is_multipart():
        return part.get_content_type()
    return [part.get_content_subtype(), *(shape(each) for each in part.iter_parts() if isinstance(each, EmailMessage))]


@pytest.mark.parametrize(
    ("text", "html", "files", "expected"),
    [
        ("t", None, (OFFER,), ["mixed", "text/plain", "application/pdf"]),
        (None, "h", (LOGO,), ["related", "text/html", "image/png"]),
        ("t", "h", (LOGO,), ["alternative", "text/plain", ["related", "text/html", "image/png"]]),
        (None, "h", (LOGO, OFFER), ["mixed", ["related", "text/html", "image/png"], "application/pdf"]),
        (
            "t",
            "h",
            (OFFER, LOGO),
            ["mixed", ["alternative", "text/plain", ["related", "text/html", "image/png"]], "application/pdf"],
        ),
        ("t", None, (LOGO,), ["mixed", "text/plain", "image/png"]),
    ],
)
def test_files_stand_where_readers_look_for_them(
    text: str | None, html: str | None, files: tuple[Attachment, ...], expected: object
) -> None:
    content = Content(sender=ADA, subject="x", text=text, html=html, attachments=files)
    raw = compose(content, to=(BOB,), message_id=MESSAGE_ID, date=DATE)
    ours = read(raw)
    assert shape(ours) == expected
    assert {part[1]: part[2] for part in parts(ours) if part[1]} == {file.filename: file.content for file in files}
    shown = [part for part in ours.walk() if part["Content-ID"]]
    assert [part["Content-ID"] for part in shown] == ["<logo>"] * (LOGO in files)
    assert [part.get_content_disposition() for part in shown] == (["inline"] if html else ["attachment"]) * len(shown)
    assert not any(part.defects for part in ours.walk())
    _obeys(raw)


@given(
    name=st.text(CHARACTERS, min_size=1, max_size=200).filter(lambda name: why_not_named(name) is None),
    cid=st.from_regex(r"[A-Za-z0-9._@=?-]{1,128}", fullmatch=True),
    kind=st.sampled_from([None, "text/calendar; method=REQUEST; charset=utf-8", "text/html", "image/svg+xml"]),
)
def test_any_name_that_is_allowed_arrives_as_it_is(name: str, cid: str, kind: str | None) -> None:
    files = (Attachment(name, b"content", kind, cid),)
    content = Content(sender=ADA, subject="x", html="h", attachments=files)
    raw = compose(content, to=(BOB,), message_id=MESSAGE_ID, date=DATE)
    *_, part = read(raw).walk()
    assert part.get_filename() == name.strip()
    assert part["Content-ID"] == f"<{cid}>"
    assert part.get_payload(decode=True) == b"content"
    if kind is not None and ";" in kind:
        assert dict(part["Content-Type"].params) == {"method": "REQUEST", "charset": "utf-8"}
    _obeys(raw)


@pytest.mark.parametrize("name", ["=?utf-8?q?a?=.bin", "two  spaces.txt", "=? " * 60 + "'%22.txt", "=?ü?=  .bin"])
def test_a_name_that_readers_would_take_for_another_is_written_so_that_none_can(name: str) -> None:
    for cid in (None, "logo"):
        content = Content(sender=ADA, subject="x", html="h", attachments=(Attachment(name, b"content", None, cid),))
        raw = compose(content, to=(BOB,), message_id=MESSAGE_ID, date=DATE)
        *_, part = read(raw).walk()
        assert part.get_filename() == name
        assert part.get_payload(decode=True) == b"content"
        head = raw.partition(b"filename")[2].partition(b"Content-")[0]
        assert b"=?" not in head
        assert b"  " not in head
        _obeys(raw)


def test_a_file_that_is_encoded_already_travels_as_it_is() -> None:
    octets = bytes(range(256)) * 20
    lines = b"".join(encode_bytes(octets[i : i + 570]) for i in range(0, len(octets), 570))
    plain, encoded = Attachment("a.bin", octets), Attachment("a.bin", lines, is_encoded=True)
    for file in (plain, encoded, Attachment("a.bin", b""), Attachment("a.bin", b"", is_encoded=True)):
        content = Content(sender=ADA, subject="x", text="t", attachments=(file,))
        raw = compose(content, to=(BOB,), message_id=MESSAGE_ID, date=DATE)
        assert parts(read(raw))[1][2] == (octets if file.content else b"")
        _obeys(raw)


@pytest.mark.parametrize("message_id", ["x@y", "<x y@z>", "<x@y>\r\nBcc: <a@b>", "<@y>", "", "<ä@b>"])
def test_a_message_id_that_is_none_is_refused(message_id: str) -> None:
    with pytest.raises(ValidationError):
        compose(Content(sender=ADA, subject="x", text="x"), to=(BOB,), message_id=message_id, date=DATE)


def test_the_same_words_make_the_same_bytes() -> None:
    """What is previewed is what is sent: nothing in the layout is drawn by lot."""
    content = Content(
        sender=ADA,
        subject="Hi",
        text="--=_0\r\nNo boundary: é",
        html="<img src=cid:a>",
        attachments=(Attachment("a.png", b"\x89PNG", content_id="a"), Attachment("b.txt", b"--=_1")),
    )
    first, second = (compose(content, to=[BOB], message_id=MESSAGE_ID, date=DATE) for _ in range(2))
    assert first == second
    boundaries = [part.get_boundary() for part in read(first).walk() if part.is_multipart()]
    assert len(boundaries) == len(set(boundaries)) == 3
