"""Secrets at rest: AES-256-GCM (NIST SP 800-38D), keys derived from SECRET_KEY by HKDF (RFC 5869), one a purpose."""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.errors import ConfigurationError

VERSION = b"\x01"
UNREADABLE: Final = (
    "The stored password cannot be read: SECRET_KEY is not the one it was saved under. "
    "Give the password again, or set the old key."
)


def derive(secret_key: str, purpose: str) -> bytes:
    """32 bytes for one purpose."""
    return HKDF(hashes.SHA256(), 32, salt=None, info=f"paceline/{purpose}".encode()).derive(secret_key.encode())


def seal(secret_key: str, plain: str, *, bound_to: bytes) -> bytes:
    """Version, nonce (12 bytes), ciphertext with tag. `bound_to` (a row's id) keeps it from moving to another row."""
    nonce = os.urandom(12)
    return VERSION + nonce + AESGCM(derive(secret_key, "at-rest")).encrypt(nonce, plain.encode(), bound_to)


def unseal(secret_key: str, sealed: bytes, *, bound_to: bytes) -> str:
    """Raises ConfigurationError where SECRET_KEY is not the one that sealed it."""
    if sealed[:1] != VERSION:
        raise ConfigurationError("A stored secret has an unknown form: it was written by a newer Paceline.")
    try:
        return AESGCM(derive(secret_key, "at-rest")).decrypt(sealed[1:13], sealed[13:], bound_to).decode()
    except InvalidTag:
        raise ConfigurationError(UNREADABLE) from None


def keyed_hash(secret_key: str, value: str, *, purpose: str) -> bytes:
    """HMAC-SHA-256: equal values can be recognised without keeping them."""
    return hmac.new(derive(secret_key, purpose), value.encode(), hashlib.sha256).digest()
