"""The environment, read once: defaults as the product page lists them, else an error that names the variable."""

from __future__ import annotations

import pytest

from app.errors import ConfigurationError
from app.settings import load

NEEDED = {"DATABASE_URL": "postgresql://db/paceline", "REDIS_URL": "redis://cache/0", "SECRET_KEY": "k" * 32}


def test_defaults_are_those_of_the_product_page() -> None:
    settings = load(NEEDED)
    assert settings.base_url == "http://127.0.0.1:8000"
    assert settings.oidc_issuer == "https://accounts.google.com"
    assert settings.allowed_domains == ()
    assert settings.max_emails_per_hour == 200
    assert settings.workspace_max_emails_per_hour is None
    assert settings.min_delay_ms == 2000
    assert settings.sender_concurrency == 5
    assert settings.worker_concurrency == 100
    assert settings.api_rate_limit == 50.0
    assert settings.rate_window_seconds == 3600.0
    assert settings.lease_seconds == 30.0
    assert settings.smtp_allow_private is False
    assert settings.google_client_id is None


@pytest.mark.parametrize("name", NEEDED)
@pytest.mark.parametrize("absent", ["", "   ", None])
def test_a_needed_variable_that_is_absent_is_named(name: str, absent: str | None) -> None:
    environ = {key: value for key, value in NEEDED.items() if key != name}
    if absent is not None:
        environ[name] = absent
    with pytest.raises(ConfigurationError, match=f"^{name} is not set"):
        load(environ)


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("SECRET_KEY", "k" * 31),
        ("MAX_EMAILS_PER_HOUR", "0"),
        ("MAX_EMAILS_PER_HOUR", "2.5"),
        ("MAX_EMAILS_PER_HOUR", "²"),
        ("WORKSPACE_MAX_EMAILS_PER_HOUR", "-1"),
        ("MIN_DELAY_MS", "soon"),
        ("SENDER_CONCURRENCY", "0"),
        ("WORKER_CONCURRENCY", "0"),
        ("RATE_WINDOW_SECONDS", "0.5"),
        ("RATE_WINDOW_SECONDS", "inf"),
        ("RATE_WINDOW_SECONDS", "nan"),
        ("LEASE_SECONDS", "0"),
        ("API_RATE_LIMIT", "0"),
        ("SMTP_ALLOW_PRIVATE", "perhaps"),
        ("DNS_SERVER", "dns.example.com:53"),
        ("DNS_SERVER", "2001:db8::53"),
        ("DNS_SERVER", "2001:db8::1:53"),
        ("DNS_SERVER", "::1"),
        ("DNS_SERVER", "192.0.2.53:0"),
    ],
)
def test_a_wrong_value_is_an_error_that_names_its_variable(name: str, raw: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{name}"):
        load(NEEDED | {name: raw})


def test_a_secret_is_never_in_its_error_message() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(NEEDED | {"SECRET_KEY": "hunter2"})
    assert "hunter2" not in caught.value.message


@pytest.mark.parametrize(("raw", "limit"), [("none", None), ("NONE", None), ("12.5", 12.5), ("", 50.0)])
def test_the_request_limit_may_be_none(raw: str, limit: float | None) -> None:
    assert load(NEEDED | {"API_RATE_LIMIT": raw}).api_rate_limit == limit


@pytest.mark.parametrize(
    ("raw", "server"), [("192.0.2.53", "192.0.2.53:53"), ("192.0.2.53:5353", "192.0.2.53:5353"), ("[::1]", "::1:53")]
)
def test_a_name_server_has_a_port(raw: str, server: str) -> None:
    assert load(NEEDED | {"DNS_SERVER": raw}).dns_server == server


def test_an_empty_variable_counts_as_absent() -> None:
    assert load(NEEDED | {"MIN_DELAY_MS": "", "SMTP_ALLOW_PRIVATE": " "}) == load(NEEDED)


def test_zero_is_a_gap() -> None:
    assert load(NEEDED | {"MIN_DELAY_MS": "0"}).min_delay_ms == 0


def test_domains_are_compared_in_lower_case() -> None:
    assert load(NEEDED | {"ALLOWED_DOMAINS": " Example.com,, b.org "}).allowed_domains == ("example.com", "b.org")


def test_a_base_url_loses_its_last_slash() -> None:
    assert load(NEEDED | {"BASE_URL": "https://mail.example.com/"}).base_url == "https://mail.example.com"
