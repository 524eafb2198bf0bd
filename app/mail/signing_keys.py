"""Keys for DKIM: RSA of 2048 bits and more (RFC 8301). Not Ed25519 (RFC 8463): large receivers do not check it."""

from __future__ import annotations

import base64
from typing import Final

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
TEXT_LIMIT: Final = 8192  # characters


def make_private_key() -> str:
    """A new one, as PEM. Takes a tenth of a second."""
    return _pem(rsa.generate_private_key(public_exponent=65537, key_size=BITS))


def plain_private_key(text: str) -> str:
    """The key that a person gave, as PEM of PKCS #8. Raises ValidationError that says what is wrong with it."""
    return _pem(read_private_key(text))


def public_key(private_key: str) -> str:
    """What the record publishes: base64 of the SubjectPublicKeyInfo (RFC 6376, 3.6.1)."""
    found = read_private_key(private_key).public_key()
    return base64.b64encode(found.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode("ascii")


def read_private_key(text: str) -> rsa.RSAPrivateKey:
    """Raises ValidationError at `private_key`."""
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


def _pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
