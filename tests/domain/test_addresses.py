"""Addresses as people write them."""

from __future__ import annotations

import unicodedata
from email.header import decode_header, make_header
from email.utils import getaddresses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.addresses import LOCAL_LIMIT, PATH_LIMIT, Address, InvalidAddress, parse
from app.domain.envelopes import written
from app.mail.headers import address_header

LIKELY = st.builds(
    "{}{}@{}.{}".format, st.text(max_size=10), st.text(max_size=3), st.text(max_size=12), st.text(max_size=5)
)


@pytest.mark.parametrize(
    ("text", "name", "email", "ascii_email"),
    [
        ("ada@example.com", "", "ada@example.com", "ada@example.com"),
        ("Ada@Example.COM", "", "Ada@example.com", "Ada@example.com"),
        ("Ada Lovelace <ada@example.com>", "Ada Lovelace", "ada@example.com", "ada@example.com"),
        ("<ada@example.com>", "", "ada@example.com", "ada@example.com"),
        ("Ada<ada@example.com>", "Ada", "ada@example.com", "ada@example.com"),
        ('"Lovelace, Ada \\"AL\\"" <ada@example.com>', 'Lovelace, Ada "AL"', "ada@example.com", "ada@example.com"),
        ("Lovelace, Ada <ada@example.com>", "Lovelace, Ada", "ada@example.com", "ada@example.com"),
        ("  \ufeffada@example.com\u00a0\u200b\n", "", "ada@example.com", "ada@example.com"),
        ("mailto:ada@example.com", "", "ada@example.com", "ada@example.com"),
        ("ada+news@example.com", "", "ada+news@example.com", "ada+news@example.com"),
        ("o'neil_{x}|y@example.co.uk", "", "o'neil_{x}|y@example.co.uk", "o'neil_{x}|y@example.co.uk"),
        ("ada@bücher.example", "", "ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@xn--bcher-kva.example", "", "ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@BÜCHER.example", "", "ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("jörg@example.com", "", "jörg@example.com", None),
        ("用户@例子.广告", "", "用户@例子.广告", None),
        ("root@localhost", "", "root@localhost", "root@localhost"),
        ("a@b.example.test", "", "a@b.example.test", "a@b.example.test"),
        ("Jo\u0308rg <j@example.com>", "Jörg", "j@example.com", "j@example.com"),
    ],
)
def test_what_is_an_address(text: str, name: str, email: str, ascii_email: str | None) -> None:
    found = parse(text)
    assert (found.name, found.email, found.ascii_email) == (name, email, ascii_email)
    assert found.envelope == (ascii_email or email)
    assert found.needs_smtputf8 is (ascii_email is None)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \t ", "empty"),
        ("ada", "no @"),
        ("ada@", "nothing after"),
        ("@example.com", "nothing before"),
        ("ada@@example.com", "more than one @"),
        ("a@example.com, b@example.com", "more than one address"),
        ("a@example.com;b@example.com", "more than one address"),
        ("a@example.com b@example.com", "more than one address"),
        ("ada lovelace@example.com", "space"),
        ("ada@exam ple.com", "space"),
        ("ada@gmail", "gmail.com meant"),
        ("ada@intranet", "no dot"),
        ("ada@example..com", "dot too many"),
        ("ada@example.com.", "dot too many"),
        (".ada@example.com", "dot too many"),
        ("a..da@example.com", "dot too many"),
        ("ada@-example.com", "no valid domain"),
        ("ada@exa_mple.com", "no valid domain"),
        ("ada@xn--.com", "no valid domain"),
        ("ada@example.com,", "no valid domain"),
        ("ada@[127.0.0.1]", "IP address"),
        ("ada@127.0.0.1", "IP address"),
        ('"a b"@example.com', "Name <name@example.com>|quotation marks"),
        ("Ada <ada@example.com", "Name <name@example.com>"),
        ("Ada <ada@example.com> x", "Name <name@example.com>"),
        ("ada\r\nBcc: eve@example.com", "line break"),
        ("ada@example.com\r\nBcc: eve", "line break"),
        ("Ada\nBcc: x <ada@example.com>", "line break"),
        ("a\0da@example.com", "control character"),
        ("a\ud800da@example.com", "control character"),
        ("😀@example.com", "no letter"),
        ("a,b@example.com", "“,” cannot be used"),
        ("l" * 65 + "@example.com", "longer than 64"),
        ("ö" * 33 + "@example.com", "longer than 64"),
        ("a@" + "b" * 64 + ".com", "longer than 63"),
        ("a@" + ".".join(["b" * 60] * 5), "longer than 254"),
        ("n" * 201 + " <ada@example.com>", "longer than 200"),
        ("Ada \u202egpj.exe <ada@example.com>", r"direction of text \(U\+202E\)"),
        ("\u2067Ada\u2069 <ada@example.com>", "direction of text"),
    ],
)
def test_what_is_none_is_told_in_plain_words(text: str, reason: str) -> None:
    with pytest.raises(InvalidAddress, match=reason) as caught:
        parse(text, path="to[0]")
    assert caught.value.problems[0].path == "to[0]"


def test_the_longest_address_is_one() -> None:
    domain = ".".join(["b" * 60] * 3 + ["c" * 2, "com"])
    longest = "a" * 64 + "@" + domain
    assert len(longest) == PATH_LIMIT
    assert parse(longest).email == longest
    with pytest.raises(InvalidAddress, match="longer than 254"):
        parse(longest.replace(".cc.", ".ccc."))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Ada@Example.com", "ada@EXAMPLE.COM", True),
        ("Ada <ada@example.com>", "ada@example.com", True),
        ("ada@bücher.example", "ADA@xn--bcher-kva.example", True),
        ("JÖRG@example.com", "jörg@example.com", True),
        ("jo\u0308rg@example.com", "jörg@example.com", True),
        ("ada+1@example.com", "ada+2@example.com", False),
        ("a.da@example.com", "ada@example.com", False),
        ("straße@example.com", "strasse@example.com", False),
    ],
)
def test_one_mailbox_has_one_key(one: str, other: str, same: bool) -> None:
    assert (parse(one).key == parse(other).key) is same


@given(st.text(max_size=60) | st.text('aZ09+.-_@@<> "\\,;\r\n\t\0öß😀例。\u200b\ufeff', max_size=30) | LIKELY)
def test_any_text_is_an_address_or_a_reason(text: str) -> None:
    try:
        found = parse(text)
    except InvalidAddress as error:
        reason = error.problems[0].message
    else:
        reason = "."
        _can_travel(found)
    assert reason.endswith((".", "?"))


# RFC 5321, 4.1.2 and RFC 6531, 3.3: what a mailbox may be, but for quoted local parts and address literals.
ATEXT = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~"
DOT_STRINGS = st.lists(st.text(ATEXT, min_size=1, max_size=20), min_size=1, max_size=4).map(".".join)
LETTERS = st.text(st.characters(categories=("Ll", "Lo"), max_codepoint=0xFFFF), min_size=1, max_size=8)
LOCALS = DOT_STRINGS | LETTERS.map(lambda text: unicodedata.normalize("NFC", text))
LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True).filter(lambda label: label[2:4] != "--")
DOMAINS = st.builds(
    "{}.{}".format, st.lists(LABELS, min_size=1, max_size=3).map(".".join), st.sampled_from(["com", "xn--p1ai", "рф"])
)
NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cf", "Z")), max_size=40) | st.text(
    '"\\<>()@,;: ab', max_size=30
)


@given(local=LOCALS.filter(lambda local: len(local.encode()) <= LOCAL_LIMIT), domain=DOMAINS, name=NAMES)
def test_every_mailbox_of_the_rfcs_is_read_and_comes_through_a_message(local: str, domain: str, name: str) -> None:
    """As people write it, as it is kept, and as two readers of the standard library find it in a header."""
    name = " ".join(unicodedata.normalize("NFC", name).split())
    found = parse(written(f"{local}@{domain}", name))
    assert found.name == name
    assert found.email.partition("@")[0] == local
    assert found.needs_smtputf8 is not local.isascii()
    assert parse(str(written(found.email, found.name))) == found
    line = address_header("To", [found]).decode().removeprefix("To: ").removesuffix("\r\n")
    ((shown, email),) = getaddresses([line.replace("\r\n ", " ")])
    assert (str(make_header(decode_header(shown))), email) == (name, found.envelope)


def _can_travel(found: Address) -> None:
    assert "\r" not in str(found)
    assert "\n" not in str(found)
    assert not set(found.envelope) & set(" <>\r\n\0")
    assert parse(found.email) == parse(found.envelope)
    assert parse(found.envelope).key == found.key
