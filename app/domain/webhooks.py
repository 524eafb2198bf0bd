"""Webhooks after the Standard Webhooks specification: what can be told, how it is signed, when it is tried again.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md. Pure: chance and time come
in as arguments.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

from app.domain.hosts import host_name


class EventType(StrEnum):
    EMAIL_SCHEDULED = "email.scheduled"
    EMAIL_DEFERRED = "email.deferred"
    EMAIL_SENT = "email.sent"
    EMAIL_UNCERTAIN = "email.uncertain"
    EMAIL_FAILED = "email.failed"
    EMAIL_BOUNCED = "email.bounced"
    EMAIL_CANCELLED = "email.cancelled"
    EMAIL_SUPPRESSED = "email.suppressed"
    CAMPAIGN_STARTED = "campaign.started"
    CAMPAIGN_PAUSED = "campaign.paused"
    CAMPAIGN_COMPLETED = "campaign.completed"
    SENDER_LIMIT_REACHED = "sender.limit_reached"
    SENDER_DISABLED = "sender.disabled"


# Secrets and signatures

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32  # the specification allows 24 to 64
ROTATION: Final = timedelta(hours=24)  # for so long the secret before still signs beside the new one


def written_secret(key: bytes) -> str:
    """As people copy it: `whsec_` and base64."""
    return PREFIX + base64.b64encode(key).decode()


def signature(secret: str, id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the base64 of HMAC-SHA-256 over `id.timestamp.body`. `timestamp`: whole seconds since the epoch."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    mac = hmac.new(key, f"{id}.{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(mac.digest()).decode()}"


def headers(secrets: Sequence[str], *, id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """What a receiver verifies; one signature for each secret in force."""
    return {
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(secret, id, timestamp, body) for secret in secrets),
    }


# When it is tried again

DELAYS: Final = (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 2 * 3600.0, 4 * 3600.0, 8 * 3600.0, 12 * 3600.0)  # seconds
SPREAD: Final = 0.2  # each delay varies by this share, so that what failed together does not come back together
LIFETIME: Final = timedelta(days=3)  # from a delivery's first attempt
DISABLE_AFTER: Final = timedelta(days=3)  # of nothing but failures
LONGEST_ASKED: Final = 3600.0  # seconds that a receiver may ask us to wait by Retry-After

STEADY: Final = 5  # failures in a row until the webhook as a whole waits, whatever else is due
FIRST_PAUSE: Final = 5.0  # seconds
LONGEST_PAUSE: Final = 300.0


def next_delay(attempt: int, *, age: timedelta, jitter: float, asked: float = 0.0) -> float | None:
    """Seconds from the `attempt`-th failure (from 1) to the next attempt; None: the delivery's life ends first.

    `age` is the time since the first attempt, `jitter` in 0..1 a random number, `asked` what the receiver asked for.
    The last attempt is moved up to the end of its life.
    """
    left = (LIFETIME - age).total_seconds()
    if left <= 0:
        return None
    step = DELAYS[min(attempt, len(DELAYS)) - 1]
    wait = max(step * (1.0 + SPREAD * (2.0 * jitter - 1.0)), min(asked, LONGEST_ASKED))
    return min(wait, left)


def pause(failures: int) -> float:
    """Seconds that a webhook rests after so many failures in a row. Then one delivery tries whether it answers."""
    if failures < STEADY:
        return 0.0
    return float(min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(failures - STEADY, 16)))


def is_given_up(failing_since: datetime | None, now: datetime) -> bool:
    """Whether a webhook has failed for so long, and never once not, that it is disabled."""
    return failing_since is not None and now - failing_since >= DISABLE_AFTER


# Endpoints

URL_LIMIT: Final = 2048
_PLAIN: Final = "!$&'()*+,/:;=?@-._~%"  # RFC 3986: what may stand in a path or query as it is


def endpoint_url(text: str) -> str:
    """The URL with its host in ASCII and without a fragment. Raises ValueError that says in plain words what is wrong.

    A name is not looked up here: where it leads may change until it is connected to.
    """
    url = text.strip()
    if len(url) > URL_LIMIT:
        raise ValueError(f"A URL has at most {URL_LIMIT} characters.")
    if any(ord(each) <= 0x20 or ord(each) == 0x7F or each == "\\" for each in url):
        raise ValueError("A URL has no blanks, line breaks, control characters or backslashes.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("This is no valid URL: write it like https://example.com/hooks.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("Give a URL that starts with https://, such as https://example.com/hooks.")
    if "@" in parts.netloc:
        raise ValueError("A URL here has no user or password: check the signature of what comes in instead.")
    if port == 0:
        raise ValueError("A port is a number from 1 to 65535.")
    host = host_name(parts.hostname)
    host = f"[{host}]" if ":" in host else host
    netloc = host if port is None else f"{host}:{port}"
    made = urlunsplit((parts.scheme, netloc, quote(parts.path, safe=_PLAIN), quote(parts.query, safe=_PLAIN), ""))
    if len(made) > URL_LIMIT:
        raise ValueError(f"A URL has at most {URL_LIMIT} characters, counted as they travel.")
    return made
