"""Forecasts over the API: what is asked about, what is seen, what is refused."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.tenants import Api

OPEN = {"hourly_limit": None, "min_delay_ms": 0, "host": "127.0.0.1"}


async def add_sender(api: Api, email: str = "ann@example.com", **changes: Any) -> str:
    made = await api.ok("POST", "/senders", json={"from_email": email} | OPEN | changes)
    return str(made["id"])


async def estimate(api: Api, **asked: Any) -> Any:
    return await api.ok("POST", "/campaigns/estimate", json=asked)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def test_a_plain_delay(api: Api) -> None:
    sender = await add_sender(api)
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=5)
    told = await estimate(api, sender_ids=[sender], count=1801, delay_seconds=2, start_at=start.isoformat())
    assert told["object"] == "estimate"
    assert told["count"] == 1801
    assert moment(told["first_send_at"]) == start
    assert abs(moment(told["last_send_at"]) - start - timedelta(hours=1)) < timedelta(seconds=1)
    assert sum(bucket["count"] for bucket in told["buckets"]) == 1801
    assert told["bucket_seconds"] == 3600
    assert [limit["limit"] for limit in told["binding_limits"]] == ["delay"]
    assert told["assumptions"]


async def test_a_million_in_good_time(api: Api) -> None:
    sender = await add_sender(api, hourly_limit=200, min_delay_ms=2000, daily_limit=2000)
    window = {"days": ["mon", "tue", "wed", "thu", "fri"], "start": "09:00", "end": "17:00"}
    began = time.monotonic()
    told = await estimate(api, sender_ids=[sender], count=1_000_000, window=window, timezone="Europe/Berlin")
    assert time.monotonic() - began < 5  # seconds; the figure is in bench/
    assert sum(bucket["count"] for bucket in told["buckets"]) == 1_000_000
    assert {limit["limit"] for limit in told["binding_limits"]} >= {"window", "mailbox_hour"}


async def test_what_waits_on_the_mailbox_comes_first(api: Api) -> None:
    sender = await add_sender(api, hourly_limit=100)
    alone = await estimate(api, sender_ids=[sender], count=50)
    made = await api.ok(
        "POST",
        "/campaigns",
        json={
            "sender_ids": [sender],
            "subject": "x",
            "text": "x",
            "recipients": [f"r{i}@x.example" for i in range(300)],
        },
    )
    await api.ok("POST", f"/campaigns/{made['id']}/schedule")
    behind = await estimate(api, sender_ids=[sender], count=50)
    late = moment(behind["first_send_at"]) - moment(alone["first_send_at"])
    assert timedelta(hours=3) < late < timedelta(hours=3.2)
    running = await estimate(api, campaign_id=made["id"])
    assert running["count"] == 300
    assert timedelta(hours=2) < moment(running["last_send_at"]) - datetime.now(UTC) < timedelta(hours=2.2)


async def test_single_emails_that_are_due_later_are_seen(api: Api) -> None:
    sender = await add_sender(api, min_delay_ms=10_000)
    mail = {"from": "ann@example.com", "to": "x@x.example", "subject": "x", "text": "x", "scheduled_at": "in 2 hours"}
    for _ in range(2):
        await api.ok("POST", "/emails/batch", json=[mail] * 60)
    told = await estimate(api, sender_ids=[sender], count=10, start_at="in 121 minutes")
    late = moment(told["last_send_at"]) - datetime.now(UTC)
    assert timedelta(minutes=140) < late < timedelta(minutes=143), "behind twenty minutes of them"


async def test_a_draft_by_its_id(api: Api) -> None:
    sender = await add_sender(api)
    draft = await api.ok(
        "POST",
        "/campaigns",
        json={
            "sender_ids": [sender],
            "subject": "x",
            "text": "x",
            "recipients": ["a@x.example", "A@x.example", "b@x.example", "c@x.example"],
            "delay_seconds": 60,
            "start_at": "in 1 hour",
        },
    )
    told = await estimate(api, campaign_id=draft["id"])
    assert told["count"] == 3
    assert moment(told["last_send_at"]) - moment(told["first_send_at"]) == timedelta(minutes=2)
    assert moment(told["first_send_at"]) == moment(draft["start_at"])


async def test_the_body_of_a_campaign_is_taken_as_it_is(api: Api) -> None:
    sender = await add_sender(api)
    body = {
        "sender_ids": [sender],
        "subject": "x",
        "text": "x",
        "recipients": ["a@x.example", "no address"],
        "name": "n",
    }
    assert (await estimate(api, **body))["count"] == 1


async def test_without_senders_the_default_one(api: Api) -> None:
    await add_sender(api)
    assert (await estimate(api, count=3))["count"] == 3


async def test_nothing_to_send(api: Api) -> None:
    await add_sender(api)
    told = await estimate(api, count=0)
    assert told["count"] == 0
    assert told["first_send_at"] is told["last_send_at"] is None
    assert told["buckets"] == told["binding_limits"] == []


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({}, "count"),
        ({"count": 1, "recipients": []}, "count"),
        ({"count": -1}, "count"),
        ({"count": 1, "sender_ids": ["00000000-0000-0000-0000-000000000000"]}, "sender_ids[0]"),
        ({"import_id": "00000000-0000-0000-0000-000000000000"}, "import_id"),
        ({"count": 1, "start_at": "yesterday"}, "start_at"),
        ({"count": 1, "window": {"days": ["mon"], "start": "9", "end": "17:00"}}, "window.start"),
        ({"count": 1_000_000, "delay_seconds": 86_400}, "delay_seconds"),
        ({"campaign_id": "00000000-0000-0000-0000-000000000000"}, "campaign_id"),
        ({"count": 1, "campaign_id": "00000000-0000-0000-0000-000000000000"}, "campaign_id"),
    ],
)
async def test_what_is_wrong_is_named(api: Api, asked: dict[str, Any], path: str) -> None:
    await add_sender(api)
    assert path in await api.refused(422, "POST", "/campaigns/estimate", json=asked)


async def test_another_workspace_is_not_seen(api: Api, stranger: Api) -> None:
    sender = await add_sender(api)
    draft = await api.ok(
        "POST",
        "/campaigns",
        json={"sender_ids": [sender], "subject": "x", "text": "x", "recipients": ["a@x.example"]},
    )
    await add_sender(stranger, "eve@example.com")
    for asked in ({"campaign_id": draft["id"]}, {"count": 1, "sender_ids": [sender]}):
        await stranger.refused(422, "POST", "/campaigns/estimate", json=asked)


async def test_what_takes_centuries_is_told_in_a_thousand_bars_and_what_outlasts_the_calendar_refused(api: Api) -> None:
    sender = await add_sender(api)
    told = await estimate(api, sender_ids=[sender], count=1_000_000, hourly_limit=1)
    assert sum(bucket["count"] for bucket in told["buckets"]) == 1_000_000
    assert len(told["buckets"]) < 1_200
    assert told["bucket_seconds"] % 86_400 == 0
    monday = {"days": ["mon"], "start": "02:00", "end": "02:01"}
    asked = {"sender_ids": [sender], "count": 1_000_000, "hourly_limit": 1, "window": monday}
    assert "9999" in (await api.refused(422, "POST", "/campaigns/estimate", json=asked))["count"]
