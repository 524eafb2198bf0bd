"""Names of hosts as people type them."""

from __future__ import annotations

import pytest

from app.domain.hosts import host_name


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("smtp.example.com", "smtp.example.com"),
        ("  SMTP.Example.com. ", "smtp.example.com"),
        ("localhost", "localhost"),
        ("mail_1.example.com", "mail_1.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("192.0.2.1", "192.0.2.1"),
        ("[2001:DB8::1]", "2001:db8::1"),
        ("2001:db8:0::1", "2001:db8::1"),
    ],
)
def test_what_is_a_host(typed: str, host: str) -> None:
    assert host_name(typed) == host
    assert host_name(host) == host


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " . ",
        "a b",
        "smtp://example.com",
        "example.com/path",
        "user@example.com",
        "example.com:25",
        "-a.example",
        "a..example",
        "a.example\r\nQUIT",
        "a\0.example",
        "256.1.1.1",
        "1.2.3",
        "a" * 64 + ".example",
        ".".join(["a" * 60] * 5),
        "ﷺ.example",
    ],
)
def test_what_is_none(typed: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        host_name(typed)
