"""Signatures that strangers accept: dkimpy's own verifier, and mailauth's, which shares no code with it."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from dkim.canonicalization import CanonicalizationPolicy
from hypothesis import given
from hypothesis import strategies as st

from app.domain.addresses import Address
from app.domain.dkim import record_value, signed_headers
from app.errors import ValidationError
from app.mail.compose import Attachment, Content, compose
from app.mail.signing import PIECE, Signer, body_hash
from app.mail.signing_keys import KeyPair, given_key, make_key
from tests.support.mail_auth import dkimpy, mailauth

NOW = datetime(2025, 3, 1, 9, tzinfo=UTC)  # a verifier refuses what was signed in the future
ANN = Address("Ann", "ann@example.com", "ann@example.com")
BOB = Address("", "bob@example.org", "bob@example.org")
ONE_CLICK = (
    ("List-Unsubscribe", "<https://example.com/u/token>"),
    ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
)
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@pytest.fixture(scope="module")
def key() -> KeyPair:
    return make_key()


def a_signer(key: KeyPair, host: str = "smtp.example.com") -> Signer:
    return Signer(domain="example.com", selector="s1", private_key=key.private, host=host)


def written(content: Content, headers: tuple[tuple[str, str], ...] = ()) -> bytes:
    return compose(content, to=[BOB], message_id="<1@example.com>", date=NOW, headers=headers)


def records(key: KeyPair) -> dict[str, list[str]]:
    """What we would have had published for a key."""
    return {"s1._domainkey.example.com": [record_value(key.public)]}


def signed_tags(message: bytes) -> dict[str, str]:
    head = message.split(b"\r\n\r\n")[0].decode().replace("\r\n ", "")
    return dict(tag.strip().split("=", 1) for tag in head.splitlines()[0].partition(":")[2].split(";") if tag.strip())


MESSAGES = {
    "plain": Content(sender=ANN, subject="Hello", text="Hello Bob,\r\n\r\n.dots\r\n..\r\n  two  spaces \r\n\r\n\r\n"),
    "both": Content(sender=ANN, subject="Grüße", text="Grüße " * 40, html="<p>Grüße</p>\n" * 40),
    "empty": Content(sender=ANN, subject="", text=""),
    "file": Content(
        sender=ANN, subject="File", text="Hi", attachments=(Attachment("a.bin", bytes(range(256)) * 6000),)
    ),
    "unicode": Content(sender=Address("", "änn@example.com", None), subject="Hi", text="Hi"),
}


CHANGES = (
    (b"Subject: ", b"Subject: Re: "),
    (b"<https://example.com", b"<https://evil.example"),
    (b"\r\nFrom: ", b"\r\nFrom: Eve <eve@example.com>\r\nFrom: "),
    (b"\r\n\r\n", b"\r\nReply-To: eve@example.net\r\n\r\n"),
    (b"\r\n\r\n", b"\r\n\r\nMore.\r\n"),
)


async def test_strangers_accept_every_message_as_it_is_and_no_other(key: KeyPair) -> None:
    messages = [written(content, ONE_CLICK) for content in MESSAGES.values()]
    signed = [await a_signer(key).signed(message, now=NOW) for message in messages]
    for before, after in zip(messages, signed, strict=True):
        assert after.endswith(before), "not a byte of the message is changed"
        assert max(map(len, after.split(b"\r\n"))) < 998
    tampered = [signed[0].replace(old, new, 1) for old, new in CHANGES]
    assert signed[0] not in tampered
    forged = a_signer(make_key()).sign(messages[0], now=NOW)

    verdicts = mailauth([*signed, *tampered, forged], records(key))
    assert verdicts[: len(signed)] == ["pass"] * len(signed)
    assert "pass" not in verdicts[len(signed) :]
    assert [dkimpy(message, records(key)) for message in signed] == [True] * len(signed)
    assert not any(dkimpy(message, records(key)) for message in [*tampered, forged])


def test_it_says_when_and_covers_what_one_click_needs(key: KeyPair) -> None:
    tags = signed_tags(a_signer(key).sign(written(MESSAGES["plain"], ONE_CLICK), now=NOW))
    assert (tags["a"], tags["c"], tags["d"], tags["s"]) == ("rsa-sha256", "relaxed/relaxed", "example.com", "s1")
    assert int(tags["t"]) == NOW.timestamp()
    covered = tags["h"].split(":")
    assert {"list-unsubscribe", "list-unsubscribe-post", "message-id", "mime-version", "content-type"} < set(covered)
    assert [covered.count(name) for name in ("from", "to", "cc", "subject", "reply-to")] == [2, 2, 1, 2, 1]


def test_what_a_relay_rewrites_is_left_out() -> None:
    there = ["From", "Date", "Message-ID", "Subject", "X-SES-CONFIGURATION-SET"]
    assert {"date", "message-id"} < set(signed_headers(there))
    by_ses = signed_headers(there, host="email-smtp.eu-west-1.amazonaws.com")
    assert not {"date", "message-id", "x-ses-configuration-set"} & set(by_ses)
    assert {"date", "message-id"} < set(signed_headers(there, host="amazonaws.com.example"))


@given(st.lists(st.sampled_from([b"a", b" ", b"\t", b"\r\n", b"b\r\n", b"\xc3\xa4 "]), max_size=14), st.integers(1, 9))
def test_large_bodies_have_the_hash_of_small_ones(parts: list[bytes], piece: int) -> None:
    """By pieces it is dkimpy's, wherever they begin and end."""
    body = b"".join(parts)
    travels = body if body.endswith(b"\r\n") or not body else body + b"\r\n"
    canonical = CanonicalizationPolicy.from_c_value(b"relaxed/relaxed").canonicalize_body(travels)
    expected = base64.b64encode(hashlib.sha256(canonical).digest()).decode()
    assert body_hash(b"head" + body, 4, piece=piece) == expected
    assert body_hash(b"head" + body, 4, piece=PIECE) == expected


def pem(key: Key, form: PrivateFormat = PrivateFormat.PKCS8, lock: KeySerializationEncryption | None = None) -> str:
    return key.private_bytes(Encoding.PEM, form, lock or NoEncryption()).decode()


def an_rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def test_a_given_key_may_have_either_form() -> None:
    found = an_rsa_key(2048)
    forms = {
        given_key(pem(found, form) + "\n ").public for form in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL)
    }
    assert len(forms) == 1
    assert given_key(pem(found).replace("\n", "\r\n")).private.startswith("-----BEGIN PRIVATE KEY-----")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "as PEM"),
        ("hello", "as PEM"),
        ("-----BEGIN PRIVATE KEY-----\nhello\n-----END PRIVATE KEY-----", "cannot be read"),
        ("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", "no private key"),
        (
            an_rsa_key(2048).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
            "public",
        ),
        (pem(an_rsa_key(2048), lock=BestAvailableEncryption(b"secret")), "has a password"),
        (pem(an_rsa_key(1024)), "1024 bits"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "RSA key"),
        (pem(ed25519.Ed25519PrivateKey.generate()), "RSA key"),
        (pem(an_rsa_key(2048))[:-400], "cannot be read"),
        ("-----BEGIN PRIVATE KEY-----\n" + "A" * 9000, "at most"),
    ],
)
def test_what_is_no_key_to_sign_with_is_named(text: str, said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        given_key(text)
    assert said in caught.value.message
    assert [problem.path for problem in caught.value.problems] == ["private_key"]
    assert text[28:60] == "" or text[28:60] not in caught.value.message
