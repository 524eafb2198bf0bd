"""SPF, DMARC and DKIM records as they are found: what they say, what is wrong with them, how they are mended."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import dmarc, spf
from app.domain.mail_services import service_of
from app.domain.tags import read_tags

SPF = "v=spf1 a mx:mail.example.com/24 ip4:192.0.2.0/24 ip6:2001:db8::1 -include:_spf.Example.com. exp=x.example ?all"


def test_a_record_is_read() -> None:
    record = spf.read(SPF)
    assert [(t.qualifier, t.mechanism, t.value, t.wide) for t in record.terms] == [
        ("+", "a", "", False),
        ("+", "mx", "mail.example.com", True),
        ("+", "ip4", "192.0.2.0/24", True),
        ("+", "ip6", "2001:db8::1", False),
        ("-", "include", "_spf.example.com", False),
        ("?", "all", "", False),
    ]
    assert (record.end, record.redirect, record.lookups) == ("?", None, 3)
    assert [str(network) for network in record.networks] == ["192.0.2.0/24", "2001:db8::1/128"]
    assert spf.read("v=spf1 redirect=_spf.example.com").lookups == 1
    assert spf.read("v=spf1 redirect=_spf.example.com -all").lookups == 0, "never followed"


@pytest.mark.parametrize(
    "text",
    ["v=spf1 ipv4:192.0.2.1", "v=spf1 ip4:192.0.2.256", "v=spf1 include:", "v=spf1 a,mx", "v=spf1 all: -all;",
     "v=spf1 redirect=a.example redirect=b.example"],
)  # fmt: skip
def test_what_receivers_cannot_read_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=r"[“=]"):
        spf.read(text)


def test_only_this_version_counts() -> None:
    assert [spf.is_spf(text) for text in ("v=spf1", "V=SPF1 -all", "v=spf10 -all", "spf2.0/pra")] == [
        True,
        True,
        False,
        False,
    ]


def test_mends() -> None:
    assert spf.with_term("v=spf1  mx -all", "include:x.example") == "v=spf1 include:x.example mx -all"
    assert spf.ending("v=spf1 mx +all", "~all") == "v=spf1 mx ~all"
    assert spf.merged(["v=spf1 mx -all", "v=spf1 a mx ~all"]) == "v=spf1 mx a ~all"
    assert spf.merged(["v=spf1 mx -all", "v=spf1 a -ALL"]) == "v=spf1 mx a -all"


def test_dmarc() -> None:
    said = dmarc.read("v=DMARC1; p=Reject ; sp=none; rua=mailto:a@x.example, mailto:b@x.example; adkim=s; pct=20;")
    assert (said.policy, said.below, said.strict_dkim, said.percent) == ("reject", "none", True, 20)
    assert said.reports == ("mailto:a@x.example", "mailto:b@x.example")
    assert [dmarc.is_dmarc(text) for text in ("v=DMARC1;p=none", "v = DMARC1", "v=dmarc1; p=none", "v=DMARC12")] == [
        True,
        True,
        False,
        False,
    ]
    for wrong in ("v=DMARC1", "v=DMARC1; p=never", "v=DMARC1; p=none; p=reject", "v=DMARC1; p=none; sp=x"):
        with pytest.raises(ValueError, match=r"\."):
            dmarc.read(wrong)


def test_where_dmarc_is_said() -> None:
    assert [*dmarc.names("a.b.example.com")] == [
        "_dmarc.a.b.example.com",
        "_dmarc.b.example.com",
        "_dmarc.example.com",
    ]
    assert [*dmarc.names("example")] == ["_dmarc.example"]
    assert len([*dmarc.names("x." * 100 + "example.com")]) <= dmarc.MOST_NAMES + 1


@given(st.text(max_size=80))
def test_whatever_stands_there_is_read_or_refused(text: str) -> None:
    for read in (spf.read, dmarc.read, read_tags):
        with contextlib.suppress(ValueError):
            read(f"v=spf1 {text}")


def test_services_are_known_by_their_servers() -> None:
    names = {
        "smtp.gmail.com": "Google",
        "smtp-relay.gmail.com": "Google",
        "email-smtp.eu-west-1.amazonaws.com": "Amazon SES",
        "smtp.office365.com": "Microsoft 365",
        "smtp.notgmail.com": None,
        "gmail.com.example": None,
    }
    for host, name in names.items():
        service = service_of(host)
        assert (None if service is None else service.name) == name
