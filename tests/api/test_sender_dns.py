"""The DNS check of a sender, against a real name server: what is found, what is wrong with it, how to mend it."""

from __future__ import annotations

from typing import Any

import pytest

from app.services import sender_dns
from tests.support.dns_server import DnsServer
from tests.support.tenants import Api

GOOGLE = "v=spf1 include:_spf.google.com ~all"
DOMAIN = "mail.example.com"
Checks = dict[str, dict[str, Any]]


async def a_sender(api: Api, host: str = "smtp.gmail.com") -> str:
    return str((await api.ok("POST", "/senders", json={"from_email": f"ann@{DOMAIN}", "host": host}))["id"])


async def check(api: Api, id: str) -> Checks:
    report = await api.ok("POST", f"/senders/{id}/dns-check")
    assert (report["domain"], report["sender_id"]) == (DOMAIN, id)
    checks = {each["check"]: each for each in report["checks"]}
    assert list(checks) == ["spf", "dkim", "dmarc"]
    assert report["ok"] == all(each["state"] == "ok" for each in report["checks"])
    for each in report["checks"]:
        assert each["state"] == "ok" or each["mend"], "what is wrong has its mend"
    return checks


def google(dns: DnsServer) -> None:
    """All as Google's own help pages ask for it."""
    dns.add("_spf.google.com", "TXT", "v=spf1 include:_netblocks.google.com ~all")
    dns.add("_netblocks.google.com", "TXT", "v=spf1 ip4:192.0.2.0/24 ~all")
    dns.add(f"google._domainkey.{DOMAIN}", "TXT", "v=DKIM1; k=rsa; p=MIIB")


async def test_nothing_is_there(api: Api) -> None:
    checks = await check(api, await a_sender(api))
    assert {name: each["state"] for name, each in checks.items()} == dict.fromkeys(("spf", "dkim", "dmarc"), "missing")
    assert checks["spf"]["record"] == {"type": "TXT", "name": DOMAIN, "value": GOOGLE}
    assert checks["dkim"]["name"] == f"google._domainkey.{DOMAIN}"
    assert "Admin console" in checks["dkim"]["mend"]
    assert checks["dmarc"]["record"] == {
        "type": "TXT",
        "name": f"_dmarc.{DOMAIN}",
        "value": f"v=DMARC1; p=none; rua=mailto:dmarc-reports@{DOMAIN}",
    }


async def test_all_is_well(api: Api, dns: DnsServer) -> None:
    google(dns)
    dns.add(DOMAIN, "TXT", "google-site-verification=1", GOOGLE)
    dns.add("_dmarc.example.com", "TXT", "v=DMARC1; p=none; sp=reject; rua=mailto:d@example.com")
    checks = await check(api, await a_sender(api))
    assert {each["state"] for each in checks.values()} == {"ok"}
    assert checks["spf"]["found"] == [GOOGLE]
    assert checks["dmarc"]["name"] == "_dmarc.example.com"
    assert "refuse it" in checks["dmarc"]["message"], "the policy for domains below it"


async def test_spf_that_receivers_take_none_of(api: Api, dns: DnsServer) -> None:
    google(dns)
    dns.add("loop.example", "TXT", "v=spf1 include:loop.example ~all")
    dns.add("round.example", "TXT", "v=spf1 redirect=round.example")
    dns.add("two.example", "TXT", "v=spf1 -all", "v=spf1 ~all")
    many = "v=spf1 " + " ".join(f"a:h{i}.example.com" for i in range(11)) + " ~all"
    id = await a_sender(api)
    for records, message, record in (
        ([GOOGLE, "v=spf1 mx -all"], "2 SPF records", "v=spf1 include:_spf.google.com mx ~all"),
        (["v=spf1 ip4:300.1.1.1 ~all"], "no valid address", None),
        (["v=spf1 include:loop.example ~all"], "more than 10 questions", None),
        (["v=spf1 redirect=round.example"], "more than 10 questions", None),
        ([many], "more than 10 questions", None),
        (["v=spf1 include:gone.example ~all"], "gone.example, which has no SPF record", None),
        (["v=spf1 include:two.example ~all"], "more than one SPF record", None),
        ([f"v=spf1 include:{'a' * 64}.example ~all"], "cannot be looked up", None),
        (["v=spf1 include:_spf.google.com +all"], "everybody may send", GOOGLE),
        (["v=spf1 mx -all"], "does not name the servers of Google", "v=spf1 include:_spf.google.com mx -all"),
    ):
        dns.remove(DOMAIN, "TXT")
        dns.add(DOMAIN, "TXT", *records)
        spf = (await check(api, id))["spf"]
        assert (spf["state"], message in spf["message"]) == ("error", True), (records, spf)
        assert (spf["record"] or {}).get("value") == record
        assert spf["found"] == ([] if "looked up" in message else records)


async def test_spf_of_ones_own_server(api: Api, dns: DnsServer) -> None:
    dns.add("smtp.example.net", "A", "192.0.2.25")
    dns.add("smtp.example.net", "AAAA", "2001:db8::25")
    dns.add(DOMAIN, "MX", "10 smtp.example.net.")
    dns.add("out.example.net", "A", "192.0.2.26")
    dns.add("hosted.example", "TXT", "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all")
    id = await a_sender(api, "smtp.example.net")
    for record, state in (
        ("v=spf1 mx -all", "ok"),
        ("v=spf1 a:smtp.example.net -all", "ok"),
        ("v=spf1 ip4:192.0.2.25 ip6:2001:db8::25 ~all", "ok"),
        ("v=spf1 redirect=hosted.example", "ok"),
        ("v=spf1 include:hosted.example ~all", "ok"),
        ("v=spf1 exists:%{i}.allowed.example ~all", "ok"),  # nobody but a receiver can tell
        ("v=spf1 ip4:192.0.2.25 ~all", "warning"),  # not by IPv6
        ("v=spf1 -ip4:192.0.2.0/24 ip6:2001:db8::25 ~all", "warning"),
        ("v=spf1 a:out.example.net -all", "warning"),
        ("v=spf1 mx", "warning"),
        ("v=spf1 mx ?all", "warning"),
    ):
        dns.remove(DOMAIN, "TXT")
        dns.add(DOMAIN, "TXT", record)
        spf = (await check(api, id))["spf"]
        assert spf["state"] == state, (record, spf)
    assert (await check(api, id))["spf"]["record"]["value"] == "v=spf1 mx ~all"


async def test_a_policy_that_hits_ones_own_mail(api: Api, dns: DnsServer) -> None:
    dns.add(f"_dmarc.{DOMAIN}", "TXT", "v=DMARC1; p=reject; rua=mailto:d@example.com")
    id = await a_sender(api)
    assert (await check(api, id))["dmarc"]["state"] == "error"
    google(dns)
    assert (await check(api, id))["dmarc"]["state"] == "ok"
    # SES puts its own address into MAIL FROM: SPF does not speak for this domain then.
    ses = await api.ok(
        "POST",
        "/senders",
        json={"from_email": f"ses@{DOMAIN}", "host": "email-smtp.eu-west-1.amazonaws.com"},
    )
    dns.add(DOMAIN, "TXT", "v=spf1 include:amazonses.com ~all")
    dns.add("amazonses.com", "TXT", "v=spf1 ip4:192.0.2.0/24 -all")
    checks = await check(api, ses["id"])
    assert [checks[name]["state"] for name in ("spf", "dkim", "dmarc")] == ["ok", "warning", "error"]


async def test_dmarc_that_asks_for_nothing_or_cannot_be_read(api: Api, dns: DnsServer) -> None:
    google(dns)
    id = await a_sender(api)
    for records, state, said in (
        (["v=DMARC1; p=none"], "warning", "nobody is told"),
        (["v=DMARC1; p=quarantine; pct=25"], "ok", "into spam when mail fails both SPF and DKIM, for 25 %"),
        (["v=DMARC1; p=none", "v=DMARC1; p=reject"], "error", "2 DMARC records"),
        (["v=DMARC1; p=never"], "error", "cannot be read"),
        (["v=DMARC1; p=reject; " + "x=" + "y" * 20_000], "ok", "refuse it"),
        (["v=spf1 -all", "hello"], "missing", "no DMARC record"),
    ):
        dns.remove(f"_dmarc.{DOMAIN}", "TXT")
        dns.add(f"_dmarc.{DOMAIN}", "TXT", *records)
        dmarc = (await check(api, id))["dmarc"]
        assert (dmarc["state"], said in dmarc["message"]) == (state, True), (records, dmarc)
        assert all(len(text) <= 1000 for text in dmarc["found"])


async def test_ones_own_signature(api: Api, dns: DnsServer) -> None:
    id = await a_sender(api, "smtp.example.net")
    assert "does not sign" in (await check(api, id))["dkim"]["message"]
    key = (await api.ok("POST", f"/senders/{id}/dkim", json={"domain": "example.com"}))["waiting"]
    waiting = (await check(api, id))["dkim"]
    assert (waiting["state"], waiting["record"]) == ("missing", key["record"])
    dns.add(key["record"]["name"], "TXT", key["record"]["value"])
    seen = (await check(api, id))["dkim"]
    assert (seen["state"], seen["message"]) == ("warning", "The record is there. Nothing is signed yet.")
    await api.ok("POST", f"/senders/{id}/dkim/check")
    assert (await check(api, id))["dkim"]["state"] == "ok"
    dns.add("_dmarc.example.com", "TXT", "v=DMARC1; p=reject; adkim=s")
    strict = (await check(api, id))["dmarc"]
    assert (strict["state"], "adkim=s" in strict["message"]) == ("warning", True)
    dns.remove(key["record"]["name"], "TXT")
    dns.add(key["record"]["name"], "TXT", "v=DKIM1; p=")
    gone = (await check(api, id))["dkim"]
    assert (gone["state"], gone["record"]) == ("error", key["record"])
    assert "withdrawn" in gone["message"]


async def test_name_servers_in_trouble(api: Api, dns: DnsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender_dns, "SECONDS", 0.5)
    google(dns)
    dns.fail(DOMAIN)
    dns.silence(f"_dmarc.{DOMAIN}")
    checks = await check(api, await a_sender(api))
    assert [checks[name]["state"] for name in ("spf", "dkim", "dmarc")] == ["error", "ok", "error"]
    assert "did not answer" in checks["spf"]["message"]
    assert "took too long" in checks["dmarc"]["message"]


async def test_what_stands_there_is_shown_without_its_tricks(api: Api, dns: DnsServer) -> None:
    google(dns)
    dns.add(DOMAIN, "TXT", "v=spf1 include:_spf.google.com x=\u001b[31m\u0000\u202e\n<script> ~all")
    spf = (await check(api, await a_sender(api)))["spf"]
    assert "\u001b" not in spf["found"][0]
    assert not set("\u0000\u202e\n") & set(spf["found"][0])


async def test_a_stranger_may_not_ask(api: Api, stranger: Api) -> None:
    await stranger.refused(404, "POST", f"/senders/{await a_sender(api)}/dns-check")
