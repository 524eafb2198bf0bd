"""Signing a sender's mail: keys are made or given, their records are seen in a real DNS, keys take over and go."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from litestar import Litestar

from app.contract.sender_dns import NewDkim
from app.errors import ConfigurationError
from app.mail.signing_keys import make_key
from app.services import sender_dkim
from app.settings import Settings
from tests.support.dns_server import DnsServer
from tests.support.tenants import Api


async def a_sender(api: Api, email: str = "ann@mail.example.com", **more: Any) -> str:
    sender = await api.ok("POST", "/senders", json={"from_email": email, "host": "smtp.example.com", **more})
    return str(sender["id"])


async def set_up(api: Api, id: str, **wanted: Any) -> Any:
    return await api.ok("POST", f"/senders/{id}/dkim", json=wanted)


def publish(dns: DnsServer, key: Any) -> None:
    dns.add(key["record"]["name"], "TXT", key["record"]["value"])


async def test_a_key_signs_once_its_record_is_seen(api: Api, dns: DnsServer) -> None:
    id = await a_sender(api)
    off = await api.ok("GET", f"/senders/{id}/dkim")
    assert off == {"object": "sender_dkim", "sender_id": id, "state": "off", "active": None, "waiting": None}
    problems = await api.refused(409, "POST", f"/senders/{id}/dkim/check")
    assert "set DKIM up first" in problems[""]

    made = await set_up(api, id)
    key = made["waiting"]
    assert (made["state"], made["active"], key["domain"]) == ("waiting", None, "mail.example.com")
    assert key["record"]["name"] == f"{key['selector']}._domainkey.mail.example.com"
    assert key["record"]["value"].startswith("v=DKIM1; k=rsa; p=MIIBIjAN")
    assert (await api.ok("GET", f"/senders/{id}"))["dkim"] == "waiting"

    looked = await api.ok("POST", f"/senders/{id}/dkim/check")
    assert looked["state"] == "waiting"
    assert (looked["waiting"]["finding"], looked["waiting"]["active_at"]) == ("There is no such record.", None)
    publish(dns, key)
    seen = await api.ok("POST", f"/senders/{id}/dkim/check")
    assert (seen["state"], seen["waiting"], seen["active"]["finding"]) == ("active", None, None)
    assert seen["active"]["record"] == key["record"]
    assert (await api.ok("GET", "/senders"))["data"][0]["dkim"] == "active"

    dns.forget()
    gone = (await api.ok("POST", f"/senders/{id}/dkim/check"))["active"]
    assert gone["finding"] == "There is no such record.", "and it signs on: that is as good as no signature"

    removed = await api.ok("DELETE", f"/senders/{id}/dkim")
    assert removed == off
    assert (await api.ok("GET", f"/senders/{id}"))["dkim"] == "off"


async def test_a_new_key_takes_over_only_when_it_is_seen(api: Api, dns: DnsServer) -> None:
    id = await a_sender(api)
    old = (await set_up(api, id))["waiting"]
    publish(dns, old)
    await api.ok("POST", f"/senders/{id}/dkim/check")
    rotated = await set_up(api, id)
    assert rotated["state"] == "active"
    assert rotated["active"]["selector"] == old["selector"] != rotated["waiting"]["selector"]
    assert (await api.ok("POST", f"/senders/{id}/dkim/check"))["active"]["selector"] == old["selector"]
    discarded = await api.ok("DELETE", f"/senders/{id}/dkim?only_waiting=true")
    assert (discarded["active"], discarded["waiting"]) == (rotated["active"], None)
    rotated = await set_up(api, id)
    publish(dns, rotated["waiting"])
    after = await api.ok("POST", f"/senders/{id}/dkim/check")
    assert (after["active"]["selector"], after["waiting"]) == (rotated["waiting"]["selector"], None)


async def test_senders_of_one_domain_share_a_key(api: Api, dns: DnsServer) -> None:
    first, second = await a_sender(api), await a_sender(api, "bob@mail.example.com")
    elsewhere = await a_sender(api, "ann@other.example.com")
    publish(dns, (await set_up(api, first))["waiting"])
    mine = (await api.ok("POST", f"/senders/{first}/dkim/check"))["active"]
    theirs = await set_up(api, second)
    assert theirs["state"] == "active"
    assert theirs["active"]["record"] == mine["record"]
    assert (await set_up(api, elsewhere))["state"] == "waiting"
    assert (await set_up(api, second))["waiting"]["selector"] != mine["selector"], "asked again, it is a new one"


async def test_a_key_of_ones_own(api: Api, app: Litestar, dns: DnsServer) -> None:
    id, pair = await a_sender(api), make_key()
    made = await set_up(api, id, domain="Example.com.", selector="S1", private_key=pair.private)
    assert made["waiting"]["record"] == {
        "type": "TXT",
        "name": "s1._domainkey.example.com",
        "value": f"v=DKIM1; k=rsa; p={pair.public}",
    }
    secret = pair.private.split("\n")[3]
    for path in (f"/senders/{id}/dkim", f"/senders/{id}", "/senders"):
        assert secret not in (await api.get(path)).text
    async with app.state.pool.connection() as conn:
        row = await (await conn.execute("select private_key from dkim_keys where sender_id = %s", [id])).fetchone()
    assert secret.encode() not in bytes(row["private_key"])


REFUSED: tuple[tuple[Any, str, str], ...] = (
    ({"private_key": "secret"}, "private_key", "as PEM"),
    ({"private_key": "x" * 9000}, "private_key", "5000"),
    ({"domain": "example.org"}, "domain", "give mail.example.com, or a domain above it"),
    ({"domain": "com"}, "domain", "or a domain above it"),
    ({"domain": "ail.example.com"}, "domain", "or a domain above it"),
    ({"domain": "a b"}, "domain", "no valid host name"),
    ({"selector": "a b"}, "selector", "letters, digits and hyphens"),
    ({"selector": "a._domainkey.example.com."}, "selector", "letters, digits and hyphens"),
    ({"selector": "a;d=evil"}, "selector", "letters, digits and hyphens"),
    ({"key": "x"}, "key", ""),
)


async def test_what_cannot_be_is_refused_by_name(api: Api) -> None:
    id = await a_sender(api)
    for wanted, path, said in REFUSED:
        problems = await api.refused(422, "POST", f"/senders/{id}/dkim", json=wanted)
        assert said in problems[path], wanted
    assert (await api.ok("GET", f"/senders/{id}/dkim"))["state"] == "off"


READ: tuple[tuple[list[str], str], ...] = (
    (["hello"], "holds no key"),
    (["{right}", "v=DKIM1; p=abc"], "2 records"),
    (["{right}; ="], "cannot be read"),
    (["v=DKIM1; k=rsa; p="], "was withdrawn"),
    (["v=DKIM1; k=rsa; p=MIIB"], "another key"),
    (["v=DKIM2; {p}"], "v=DKIM1"),
    (["k=ed25519; {p}"], "another key"),
    (["{right}; h=sha1"], "hashes"),
    (["{right}; s=tlsrpt"], "not for email"),
)
TAKEN: tuple[list[str], ...] = (
    ["{right}; n=\u0000\u001b[31m" + "x" * 5000],
    ["  k = rsa ;{p} ; t=s;"],
    ["{right}", "google-site-verification=1"],
)


async def test_the_record_is_read_as_receivers_do(api: Api, dns: DnsServer) -> None:
    id = await a_sender(api)
    for texts, finding in (*READ, *((texts, None) for texts in TAKEN)):
        await api.ok("DELETE", f"/senders/{id}/dkim")
        record = (await set_up(api, id))["waiting"]["record"]
        p = "p=" + record["value"].partition("p=")[2]
        dns.forget()
        dns.add(record["name"], "TXT", *(t.replace("{right}", record["value"]).replace("{p}", p) for t in texts))
        found = await api.ok("POST", f"/senders/{id}/dkim/check")
        if finding is None:
            assert found["state"] == "active", texts
        else:
            assert finding in found["waiting"]["finding"], texts


async def test_a_name_server_in_trouble_is_no_verdict(api: Api, dns: DnsServer) -> None:
    id = await a_sender(api)
    record = (await set_up(api, id))["waiting"]["record"]
    dns.fail(record["name"])
    found = await api.ok("POST", f"/senders/{id}/dkim/check")
    assert "did not answer" in found["waiting"]["finding"]


async def test_another_address_needs_another_key(api: Api, dns: DnsServer) -> None:
    id = await a_sender(api)
    await set_up(api, id, domain="example.com")
    await api.ok("PATCH", f"/senders/{id}", json={"from_email": "ann@sales.example.com"})
    problems = await api.refused(422, "PATCH", f"/senders/{id}", json={"from_email": "ann@example.net"})
    assert "remove DKIM first" in problems["from_email"]
    await api.ok("DELETE", f"/senders/{id}/dkim")
    await api.ok("PATCH", f"/senders/{id}", json={"from_email": "ann@example.net"})


async def test_a_deleted_sender_leaves_no_key(api: Api, app: Litestar) -> None:
    id = await a_sender(api)
    await set_up(api, id)
    await api.ok("DELETE", f"/senders/{id}")
    async with app.state.pool.connection() as conn:
        assert await (await conn.execute("select from dkim_keys")).fetchall() == []


async def test_under_another_secret_key_a_key_is_of_no_use(api: Api, app: Litestar, settings: Settings) -> None:
    id = await a_sender(api)
    await set_up(api, id)
    async with app.state.pool.connection() as conn:
        row = await (
            await conn.execute(
                "select sender_id as id, domain as dkim_domain, selector as dkim_selector, private_key as dkim_key"
                " from dkim_keys where sender_id = %s",
                [UUID(id)],
            )
        ).fetchone()
    sender_dkim.signer(settings, row, host="smtp.example.com")
    other = msgspec.structs.replace(settings, secret_key="x" * 32)
    with pytest.raises(ConfigurationError, match="DKIM key cannot be read"):
        sender_dkim.signer(other, row, host="smtp.example.com")


async def test_two_at_once_leave_one_key(api: Api, app: Litestar, settings: Settings) -> None:
    id = await a_sender(api)
    workspace_id, now = api.tenant.workspace_id, datetime.now(UTC)
    made = (
        sender_dkim.set_up(app.state.pool, settings, workspace_id=workspace_id, id=UUID(id), wanted=NewDkim(), now=now)
        for _ in range(3)
    )
    await asyncio.gather(*made)
    found = await sender_dkim.get(app.state.pool, workspace_id=workspace_id, id=UUID(id))
    assert found.waiting is not None
