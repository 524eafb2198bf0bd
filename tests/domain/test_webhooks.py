"""Webhooks: signatures that the official library trusts, retries that end, URLs that lead where they say."""

from __future__ import annotations

import base64
import os
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from app.domain.webhooks import (
    DELAYS,
    LIFETIME,
    LONGEST_PAUSE,
    SECRET_BYTES,
    EventType,
    endpoint_url,
    headers,
    is_given_up,
    next_delay,
    pause,
    signature,
    written_secret,
)

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


def now() -> int:
    return int(datetime.now(UTC).timestamp())


@given(st.binary(min_size=24, max_size=64), st.binary(max_size=500).map(base64.b64encode), st.uuids())
def test_the_official_library_trusts_what_is_signed(key: bytes, body: bytes, id: object) -> None:
    secret = written_secret(key)
    sent = headers([secret], id=str(id), timestamp=now(), body=body)
    Webhook(secret).verify(body, sent, json_parse=False)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body + b" ", sent, json_parse=False)


def test_the_specifications_own_example() -> None:
    """Of the reference libraries' tests."""
    secret, id = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert signature(secret, id, 1614265330, b'{"test": 2432232314}') == (
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_while_a_secret_rotates_both_are_trusted() -> None:
    new, old = (written_secret(os.urandom(SECRET_BYTES)) for _ in range(2))
    sent = headers([new, old], id="1", timestamp=now(), body=b"{}")
    assert len(sent["webhook-signature"].split(" ")) == 2
    for secret in (new, old):
        assert Webhook(secret).verify(b"{}", sent) == {}
    with pytest.raises(WebhookVerificationError):
        Webhook(written_secret(os.urandom(SECRET_BYTES))).verify(b"{}", sent)


@given(st.floats(0, 1), st.floats(0, 1e9))
def test_a_delivery_is_tried_for_three_days_and_then_no_more(jitter: float, asked: float) -> None:
    age, tries = timedelta(0), 1
    while (wait := next_delay(tries, age=age, jitter=jitter, asked=asked)) is not None:
        assert wait > 0
        age += timedelta(seconds=wait)
        tries += 1
    assert abs(age - LIFETIME) < timedelta(milliseconds=1), "the last attempt is at the end of its life"
    assert 10 <= tries <= 80


def test_retries_spread_and_heed_what_the_receiver_asks() -> None:
    young = timedelta(0)
    assert next_delay(1, age=young, jitter=0.0) == pytest.approx(DELAYS[0] * 0.8)
    assert next_delay(1, age=young, jitter=1.0) == pytest.approx(DELAYS[0] * 1.2)
    assert next_delay(1, age=young, jitter=0.5, asked=90) == 90
    assert next_delay(1, age=young, jitter=0.5, asked=1e9) == 3600, "within reason"
    assert next_delay(99, age=young, jitter=0.5) == DELAYS[-1]


def test_a_webhook_rests_after_failures_in_a_row() -> None:
    assert [pause(n) for n in (0, 1, 4)] == [0, 0, 0]
    assert [pause(n) for n in (5, 6, 7)] == [5, 10, 20]
    assert pause(10_000) == LONGEST_PAUSE


def test_three_days_of_failures_disable() -> None:
    assert not is_given_up(None, NOW)
    assert not is_given_up(NOW - timedelta(days=2, hours=23), NOW)
    assert is_given_up(NOW - timedelta(days=3), NOW)


def test_the_types_are_those_of_the_product() -> None:
    assert {each.value for each in EventType} == {
        *(
            f"email.{status}"
            for status in ("scheduled", "deferred", "sent", "uncertain", "failed", "bounced", "cancelled", "suppressed")
        ),
        *(f"campaign.{state}" for state in ("started", "paused", "completed")),
        "sender.limit_reached",
        "sender.disabled",
    }


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("https://example.com", "https://example.com"),
        (" https://Example.COM:8443/Hooks?key=a%20b#part ", "https://example.com:8443/Hooks?key=a%20b"),
        ("https://münchen.example/ä", "https://xn--mnchen-3ya.example/%C3%A4"),
        ("http://[::1]:80/", "http://[::1]:80/"),
        ("https://example.com/%zz", "https://example.com/%zz"),
    ],
)
def test_urls_are_brought_into_one_form(given: str, made: str) -> None:
    assert endpoint_url(given) == made
    assert endpoint_url(made) == made


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com/hooks",
        "ftp://example.com",
        "https://",
        "https:///hooks",
        "https://user:secret@example.com",
        "https://example.com@evil.example/",
        "https://@example.com/",
        "https://example.com\\@evil.example/",
        "https://example.com/a b",
        "https://example.com/\r\nX: y",
        "https://exam\tple.com",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://example.com:port/",
        "https://[::1/",
        "https://-example.com/",
        "https://exa_mple..com/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://127.1/",
        "https://example.com/" + "x" * 2048,
        "https://example.com/" + "ä" * 1000,
        "javascript:alert(1)",
        "https://example.com\x00",
    ],
)
def test_urls_that_are_none(url: str) -> None:
    with pytest.raises(ValueError, match=r".{20}"):
        endpoint_url(url)
