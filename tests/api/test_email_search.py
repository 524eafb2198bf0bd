"""Search, filters and orders of the lists of messages, against what a plain look at every message gives."""

from __future__ import annotations

import csv
import io
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from litestar import Litestar

from app.services import email_search
from tests.api.test_emails import a_message, add_sender, ahead
from tests.api.test_emails_lists import add_campaign, execute, walk
from tests.support.tenants import Api


@pytest.fixture(autouse=True)
async def sender(api: Api) -> dict[str, Any]:
    return await add_sender(api)


async def add(api: Api, *batch: dict[str, Any]) -> list[str]:
    messages = [a_message(**each) for each in batch]
    return [each["id"] for each in (await api.ok("POST", "/emails/batch", json=messages))["data"]]


def tags(**values: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]


async def end(app: Litestar, id: str, status: str, at: datetime) -> None:
    """Brings a message to where it is sent, in doubt, or otherwise over."""
    sent, ended = (at if status == "sent" else None), (None if status == "uncertain" else at)
    key = UUID(id)
    if status != "cancelled":
        await execute(app, "update emails set status = 'sending', dispatched_at = %s where id = %s", at, key)
    change = "update emails set status = %s::email_status, sent_at = %s, ended_at = %s where id = %s"
    await execute(app, change, status, sent, ended, key)


async def test_every_recipient_is_found_by_the_start_of_the_address(api: Api) -> None:
    one, two, three = await add(
        api,
        {"to": "Zoe@example.org"},
        {"to": "ann@example.org", "cc": ["Cyd <cyd@example.org>"], "bcc": "zoltan@example.org"},
        {"to": ["bob@example.org", "ann@example.org"]},
    )
    assert await walk(api, q="zoe@example.org") == [one]
    assert await walk(api, q="ZO") == [two, one]
    assert await walk(api, q="cyd@") == [two]
    assert await walk(api, q="ann@example.org", limit=1) == [three, two]
    assert await walk(api, q="oe@example.org") == []
    assert await walk(api, q="ann@example.or") == [three, two]
    assert await walk(api, q="ann@example.orgs") == []


async def test_words_of_subjects_tags_and_campaigns(app: Litestar, api: Api, sender: Any) -> None:
    invoice, offer, other = await add(
        api,
        {"subject": "Re: Invoice #4711/b, Überfällig"},
        {"subject": "An offer", "tags": tags(kind="newsletter", plan="pro-2")},
        {"subject": "voices", "tags": tags(plan="free")},
    )
    campaign = await add_campaign(app, api, sender, 3)  # named Spring; "Hello {{ name }} of {{ town }}"
    spring = await walk(api, campaign_id=campaign)
    assert len(spring) == 3
    found = {
        "invoice": [invoice],
        "INV 47": [invoice],
        "über": [invoice],
        "b 4711": [invoice],
        "voice": [other],
        "newsl": [offer],
        "offer pro": [offer],
        "offer free": [],
        "i 4711": [],  # a word of one character is a whole one
        "h of": [],
        "name of": spring,
        "spri": spring,
        "town hello": spring,
        "spring hello": [],
        "": [*spring, other, offer, invoice],
        "  ": [*spring, other, offer, invoice],
    }
    for q, ids in found.items():
        assert await walk(api, q=q, limit=2) == ids, q
    assert await walk(api, q="spring", campaign_id=campaign, limit=2) == spring
    assert await walk(api, q="spring", sort="scheduled_at", limit=2) == spring[::-1]
    await api.ok("PATCH", f"/emails/{offer}", json={"subject": "Another offering", "tags": tags(kind="x")})
    assert await walk(api, q="another off") == [offer]
    assert await walk(api, q="newsl") == []
    assert await walk(api, tag="kind:newsletter") == []


async def test_tags_by_name_and_value(api: Api) -> None:
    both, pro, free, _ = await add(
        api, {"tags": tags(plan="pro", team="a")}, {"tags": tags(plan="pro")}, {"tags": tags(plan="free")}, {}
    )
    assert await walk(api, tag="plan", limit=2) == [free, pro, both]
    assert await walk(api, tag="plan:pro") == [pro, both]
    assert await walk(api, tag="team:a", q="bob@example.org") == [both]
    assert await walk(api, tag="team:a", q="carl@example.org") == []
    for tag in ("pla", "plan:p", "Plan", "pro", "plan:", ":pro", "plan:pro:x"):
        assert await walk(api, tag=tag) == [], tag


async def test_what_was_sent_is_sorted_by_when(app: Litestar, api: Api) -> None:
    ids = await add(api, *({"to": f"r{i}@example.org"} for i in range(7)))
    now = datetime.now(UTC)
    ends = [("sent", 5), ("failed", 1), ("uncertain", 3), ("sent", 3), ("cancelled", 9), ("sent", 0)]
    for id, (status, minutes) in zip(ids, ends, strict=False):  # the last one waits
        await end(app, id, status, now - timedelta(minutes=minutes))
    falling = [ids[5], ids[1], ids[3], ids[2], ids[0], ids[4]]  # of equal times the newer first
    assert await walk(api, sort="sent_at", limit=2) == falling
    assert await walk(api, sort="sent_at", limit=2, status="sent,failed") == [ids[5], ids[1], ids[3], ids[0]]
    assert await walk(api, sort="sent_at", q="r", limit=2) == falling
    assert await walk(api, sort="sent_at", q="r3@") == [ids[3]]
    assert await walk(api, sort="sent_at", q="hello", limit=4) == falling
    since, until = ((now - timedelta(minutes=each)).isoformat() for each in (5, 1))
    assert await walk(api, sort="sent_at", since=since, until=until) == [ids[3], ids[2], ids[0]]
    rows = csv.DictReader(
        io.StringIO((await api.get("/emails/export.csv", params={"sort": "sent_at", "q": "r"})).text.lstrip("\ufeff"))
    )
    assert [row["email"] for row in rows] == [f"r{ids.index(id)}@example.org" for id in falling]


async def test_times_bound_the_other_lists_too(api: Api) -> None:
    early = await add(api, {"scheduled_at": ahead(hours=1)}, {"scheduled_at": ahead(hours=2)})
    middle = datetime.fromisoformat((await api.ok("GET", f"/emails/{early[1]}"))["created_at"]) + timedelta(seconds=1)
    assert await walk(api, until=middle.isoformat()) == early[::-1]
    assert await walk(api, since=middle.isoformat()) == []
    assert await walk(api, since=(middle - timedelta(days=1)).isoformat(), q="bob@", limit=1) == early[::-1]
    assert await walk(api, sort="scheduled_at", until=ahead(minutes=90)) == early[:1]
    assert await walk(api, sort="scheduled_at", since=ahead(minutes=90), q="bob@") == early[1:]
    assert "offset" in (await api.refused(422, "GET", "/emails", params={"since": "2026-01-01T00:00"}))["since"]


@pytest.mark.parametrize(("many", "step", "furthest"), [(2000, 200, 5000), (0, 1, 3), (0, 1, 1000), (2, 2, 9)])
async def test_much_and_little_are_found_alike(
    app: Litestar, api: Api, sender: Any, monkeypatch: pytest.MonkeyPatch, many: int, step: int, furthest: int
) -> None:
    """Whatever the way that a search takes, it gives what a look at every message gives, page by page."""
    for name, value in (
        ("MANY_BY_ID", many),
        ("MANY", many),
        ("FIRST_STEP", step),
        ("NEAR", furthest),
        ("FURTHEST", furthest),
        ("FURTHEST_BY_ID", furthest),
    ):
        monkeypatch.setattr(email_search, name, value)
    other = await add_sender(api, from_email="other@example.com")
    messages = [
        {
            "to": f"{'ab'[i % 2]}{i % 3}@example.org",
            "cc": [f"{'ab'[i % 2]}{n}@example.net" for n in range(i % 4)],  # found by several, it is there once
            "subject": f"Note {i} {'spring' if i % 5 == 0 else ''}",
            "from": "other@example.com" if i % 4 == 0 else "ann@example.com",
            "scheduled_at": ahead(minutes=10 + i % 3),
            "tags": tags(third=str(i % 3)),
        }
        for i in range(18)
    ]
    ids = await add(api, *messages)
    campaign = await add_campaign(app, api, sender, 5)
    for i, id in enumerate(ids[:9]):
        await end(app, id, ["sent", "failed", "cancelled"][i % 3], datetime.now(UTC) - timedelta(minutes=i % 4))
    matching: dict[str, Any] = {
        "a": lambda i: i % 2 == 0,
        "b1@example.org": lambda i: i % 2 == 1 and i % 3 == 1,
        "note": lambda i: True,
        "note spr": lambda i: i % 5 == 0,
        "note 1": lambda i: i % 3 == 1,  # by the tag; those of 11 and 12 only begin so
        "nothing": lambda i: False,
    }
    plain = {sort: await walk(api, sort=sort) for sort in ("created_at", "scheduled_at", "sent_at")}
    assert [len(each) for each in plain.values()] == [23, 14, 9]
    for sort, (q, matches) in itertools.product(plain, matching.items()):
        expected = [id for id in plain[sort] if id in ids and matches(ids.index(id))]
        assert await walk(api, sort=sort, q=q, limit=4) == expected, (sort, q)
        of_other = [id for id in expected if ids.index(id) % 4 == 0]
        assert await walk(api, sort=sort, q=q, sender_id=other["id"], limit=3) == of_other, (sort, q)
        tagged = [id for id in expected if ids.index(id) % 3 == 2]
        assert await walk(api, sort=sort, q=q, tag="third:2", limit=3) == tagged, (sort, q)
    both = [id for id in plain["created_at"] if id not in ids or ids.index(id) % 5 == 0]
    assert await walk(api, q="spring", limit=4) == both  # by their subject, and by their campaign's name
    assert await walk(api, q="spring", status="failed", limit=4) == []
    assert await walk(api, q="spring", campaign_id=campaign, limit=2) == both[:5]


HOSTILE = [
    "%", "_", "\\", "'", '"', "a' or true --", "it''s", "'; drop table emails; --", "a:*", "a & b", "!a", "(((",
    "a | b", "<->", "<2>", ":*", "':*", "\\':*", "a\\", "*", "[a-z]+", ".*", "(?i)a", "\u0301",
    "\U0010ffff", "\U0010ffff@", "\ufdd0", "ﷺ", "ı", "İ@", "ß",
    "🦊", "\u200b", "a" * 200, "é" * 200, "a " * 100, "漢字", "{}", "null", "true",
]  # fmt: skip


async def test_of_many_parts_the_first_are_read(app: Litestar, api: Api, sender: Any) -> None:
    """A list of more lanes and statuses than a page has messages."""
    ids = await add(api, *({"to": f"r{i}@example.org", "scheduled_at": ahead(hours=1)} for i in range(9)))
    for _ in range(6):
        await add_campaign(app, api, sender, 2)
        ids += (await walk(api))[1::-1]
    now = datetime.now(UTC)
    for i, id in enumerate(ids[::2]):
        await end(app, id, ["sent", "failed", "uncertain", "cancelled"][i % 4], now - timedelta(minutes=i * 7 % 11))
    for sort in ("created_at", "scheduled_at", "sent_at"):
        plain = await walk(api, sort=sort)
        assert await walk(api, sort=sort, sender_id=sender["id"], limit=1) == plain
        assert await walk(api, sort=sort, q="spring", limit=2) == [id for id in plain if id in ids[9:]]


async def test_no_text_breaks_a_search(api: Api) -> None:
    [id] = await add(api, {"subject": "".join(HOSTILE), "to": "x@example.org", "tags": tags(a="b")})
    for text in HOSTILE:
        for sort in ("created_at", "scheduled_at"):
            found = (await api.ok("GET", "/emails", params={"q": text, "tag": text, "sort": sort}))["data"]
            assert found == [], text
        await api.ok("GET", "/emails", params={"q": text})
        assert (await api.get("/emails/export.csv", params={"q": text})).status_code == 200
    for name in ("q", "tag"):
        assert name in await api.refused(422, "GET", "/emails", params={name: "a\x00b"})
        assert name in await api.refused(422, "GET", "/emails/export.csv", params={name: "a" * 10_000})
    assert await walk(api, q="漢字") == [id]
    assert await walk(api, q="x@example.org") == [id]


async def test_long_and_odd_subjects_are_taken_and_found(api: Api) -> None:
    long = "x" * 900
    ids = await add(api, {"subject": f"{long} end"}, {"subject": "' \\ \U0010ffff :* & | !"}, {"subject": "ab " * 300})
    assert await walk(api, q=long[:200]) == [ids[0]]
    assert await walk(api, q="ab ab ab") == [ids[2]]


async def test_a_search_finds_nothing_of_another_workspace(app: Litestar, api: Api, stranger: Api, sender: Any) -> None:
    campaign = await add_campaign(app, api, sender, 2)
    await add(api, {"subject": "Secret", "tags": tags(plan="pro")})
    await add_sender(stranger, from_email="zoe@example.com", host="smtp2.example.com")
    theirs = (await stranger.ok("POST", "/emails", json=a_message(**{"from": "zoe@example.com"})))["id"]
    for query in ({"q": "secret"}, {"q": "spring"}, {"tag": "plan:pro"}, {"campaign_id": campaign}, {"q": "c0@"}):
        for sort in ("created_at", "scheduled_at"):
            assert await walk(api, **query, sort=sort) != []
            assert await walk(stranger, **query, sort=sort) == [], query
        assert await walk(stranger, **query, sort="sent_at") == []
    assert await walk(stranger, q="bob@example.org") == [theirs]
    assert await walk(stranger, sender_id=sender["id"]) == []
    assert await walk(stranger, sender_id=sender["id"], sort="sent_at") == []
