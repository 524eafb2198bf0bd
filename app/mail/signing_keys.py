"""Keys for DKIM: RSA of 2048 bits and more (RFC 8301). Not Ed25519 (RFC 8463): large receivers do not check it."""

from __future__ import annotations

import base64
from typing import Final

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from app.errors import ValidationError

BITS: Final = 2048  # of a key made here
LEAST_BITS: Final = 2048
MOST_BITS: Final = 4096  # RFC 8301, 3.2: what every verifier has to manage
TEXT_LIMIT: Final = 5000  # characters; a longer key would take seconds to prove


class KeyPair(msgspec.Struct, frozen=True):
    """`private`: PEM of PKCS #8. `public`: base64 of the SubjectPublicKeyInfo, as in the record (RFC 6376, 3.6.1)."""

    private: str
    public: str

    def __repr__(self) -> str:
        return "KeyPair()"


def make_key() -> KeyPair:
    """A new one. Takes a tenth of a second."""
    return _pair(rsa.generate_private_key(public_exponent=65537, key_size=BITS))


def given_key(text: str) -> KeyPair:
    """The one that a person gave, once it is proved to be a sound one, which takes as long. Raises ValidationError at
    `private_key` that says what is wrong with it."""
    why = _why_no_key(text)
    if why is not None:
        raise ValidationError.at("private_key", why)
    try:
        key = load_pem_private_key(text.strip().encode("ascii") + b"\n", password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValidationError.at(
            "private_key", "This private key cannot be read: it is damaged, or of a kind that is not known here."
        ) from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValidationError.at(
            "private_key", "DKIM wants an RSA key: many receivers do not check others. Give one of 2048 bits."
        )
    if not LEAST_BITS <= key.key_size <= MOST_BITS:
        raise ValidationError.at(
            "private_key", f"The key has {key.key_size} bits; it is to have {LEAST_BITS} to {MOST_BITS}."
        )
    return _pair(key)


def stored_key(private: str) -> rsa.RSAPrivateKey:
    """To sign with. It was proved when it came in."""
    key = load_pem_private_key(private.encode("ascii"), password=None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, rsa.RSAPrivateKey)  # noqa: S101  # no other is ever stored
    return key


def _why_no_key(text: str) -> str | None:
    if len(text) > TEXT_LIMIT:
        return f"A private key has at most {TEXT_LIMIT:,} characters."
    if "PUBLIC KEY-----" in text:
        return "This is a public key. Give the private one; its public half is worked out here."
    if "-----BEGIN" not in text or not text.isascii():
        return "Give the private key as PEM: it begins with -----BEGIN PRIVATE KEY-----."
    if "ENCRYPTED" in text:
        return "This private key has a password. Take it off first: openssl pkey -in key.pem -out plain.pem."
    if "PRIVATE KEY-----" not in text:
        return "This is no private key: it begins with -----BEGIN PRIVATE KEY-----."
    return None


def _pair(key: rsa.RSAPrivateKey) -> KeyPair:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return KeyPair(private.decode("ascii"), base64.b64encode(public).decode("ascii"))
