"""The SMTP envelope and its commands (RFC 5321, 4.1.1). An address that could smuggle in a command is refused here."""

from __future__ import annotations

import re

import msgspec

from app.domain.addresses import PATH_LIMIT
from app.mail.errors import Permanent
from app.mail.smtp_handshake import Features

_UNSAFE = re.compile(r"[\x00-\x20\x7f<>]")


class Envelope(msgspec.Struct, frozen=True):
    """`mail_from` may be empty (the null return path of bounces). Addresses are bare, without angle brackets."""

    mail_from: str
    recipients: tuple[str, ...]
    smtputf8: bool = False


def commands(envelope: Envelope, features: Features, message: bytes) -> tuple[bytes, ...]:
    """MAIL and one RCPT for each recipient, each with its CRLF. Raises Permanent if the server cannot take it."""
    if not envelope.recipients:
        raise Permanent("The message has no recipient.", phase="rcpt")
    if features.size and len(message) > features.size:
        raise Permanent(
            f"The message has {len(message):,} bytes and the server takes at most {features.size:,}.", phase="mail"
        )
    parameters = "" if features.size is None else f" SIZE={len(message)}"  # RFC 1870
    if envelope.smtputf8:
        if not features.smtputf8:
            raise Permanent(_why_not_taken(envelope), phase="mail")
        parameters += " SMTPUTF8"  # RFC 6531
    if not message.isascii():
        if not features.eight_bit:
            raise Permanent("The message has 8-bit text and the server does not offer 8BITMIME.", phase="mail")
        parameters += " BODY=8BITMIME"  # RFC 6152
    encoding = "utf-8" if envelope.smtputf8 else "ascii"
    try:
        mail = f"MAIL FROM:<{_safe(envelope.mail_from)}>{parameters}\r\n".encode(encoding)
        return (mail, *[f"RCPT TO:<{_safe(address)}>\r\n".encode(encoding) for address in envelope.recipients])
    except UnicodeEncodeError:
        raise Permanent("An address is not ASCII and the envelope does not say SMTPUTF8.", phase="mail") from None


def _why_not_taken(envelope: Envelope) -> str:
    """Of a server without SMTPUTF8: the address that it could not be told, and what to do."""
    found = next((each for each in (envelope.mail_from, *envelope.recipients) if not each.isascii()), None)
    what = f"{found} has letters before the @ that are not ASCII" if found else "Its Reply-To is not ASCII"
    return (
        f"{what}, and this sender's mail server does not take such addresses (SMTPUTF8): use another address or server."
    )


def _safe(address: str) -> str:
    if _UNSAFE.search(address) or len(address) > PATH_LIMIT:
        raise Permanent(f"{address[:80]!r} cannot be used as an address.", phase="mail")
    return address


def stuffed(message: bytes) -> bytes:
    """The message as it travels: ends with CRLF, leading dots doubled (RFC 5321, 4.5.2), all else untouched.

    Raises Permanent on a CR or LF that stands alone: servers disagree on it, which lets messages be smuggled in.
    """
    # Without all pairs nothing of either is left: one pass to see it.
    if not message or len(message) - len(message.translate(None, b"\r\n")) != 2 * message.count(b"\r\n"):
        raise Permanent("The message is empty or has a line that does not end with CRLF.", phase="body")
    if b"\r\n." in message:
        message = message.replace(b"\r\n.", b"\r\n..")
    if message.startswith(b"."):
        message = b"." + message
    return message if message.endswith(b"\r\n") else message + b"\r\n"
