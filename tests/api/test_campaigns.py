"""Campaigns: drafted whole or not at all, scheduled in one transaction, stopped at once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from litestar import Litestar

from app.domain.campaigns import jitter_of
from app.domain.status import Status
from app.domain.windows import DAYS
from app.services.campaign_cancel import BATCH, go_on
from app.services.stranded import take_up
from tests.support.tenants import Api

NESTED = json.loads('{"a":' * 21 + "1" + "}" * 21)
OFFICE = {"days": ["mon", "fri"], "start": "09:00", "end": "17:30"}


async def add_sender(api: Api, **changes: Any) -> str:
    sender = {"from_email": "ann@example.com", "host": "smtp.example.com", "hourly_limit": None, "min_delay_ms": 0}
    return str((await api.ok("POST", "/senders", json=sender | changes))["id"])


@pytest.fixture
async def sender(api: Api) -> str:
    return await add_sender(api)


def a_campaign(sender: str, recipients: Any = ("a@x.example", "b@x.example"), **changes: Any) -> dict[str, Any]:
    campaign = {"sender_ids": [sender], "subject": "Hello", "text": "Hi", "recipients": recipients}
    return {key: value for key, value in (campaign | changes).items() if value != "absent"}


async def draft(api: Api, sender: str, *recipients: Any, **changes: Any) -> Any:
    return await api.ok(
        "POST", "/campaigns", json=a_campaign(sender, **{"recipients": recipients or ("a@x.example",)} | changes)
    )


async def scheduled(api: Api, sender: str, count: int = 3, **changes: Any) -> Any:
    changes.setdefault("start_at", "in 1 hour")
    campaign = await draft(api, sender, *[f"r{i}@x.example" for i in range(count)], **changes)
    return await api.ok("POST", f"/campaigns/{campaign['id']}/schedule")


async def query(app: Litestar, sql: str, *parameters: Any) -> list[dict[str, Any]]:
    async with app.state.pool.connection() as conn:
        cursor = await conn.execute(sql, parameters)
        return list(await cursor.fetchall())


async def emails_of(app: Litestar, campaign: Any) -> list[dict[str, Any]]:
    return await query(app, "select * from emails where campaign_id = %s order by position", UUID(campaign["id"]))


async def set_status(app: Litestar, campaign: Any, position: int, *statuses: str) -> None:
    for status in statuses:
        await query(
            app,
            "update emails set status = %s::email_status, dispatched_at = now(),"
            " sent_at = case when %s = 'sent' then now() end,"
            " ended_at = case when %s in ('sent', 'failed') then now() end"
            " where campaign_id = %s and position = %s returning id",
            *(status, status, status, UUID(campaign["id"]), position),
        )


async def test_a_draft_says_all_that_it_is(api: Api, sender: str, app: Litestar) -> None:
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=5)
    made = await draft(
        api,
        sender,
        "Ann <a@x.example>",
        {"email": "b@x.example", "name": "Bob"},
        "A@x.example",
        name="Spring",
        html="<p>Hi {{ name }}</p>",
        start_at=start.isoformat(),
        timezone="Europe/Berlin",
        delay_seconds=1.5,
        jitter_percent=30,
        hourly_limit=10,
        window=OFFICE,
        late_policy="ask",
    )
    nothing = dict.fromkeys(Status, 0)
    assert made | {"id": "", "created_at": "", "import_id": ""} == {
        "object": "campaign",
        "id": "",
        "name": "Spring",
        "state": "draft",
        "sender_ids": [sender],
        "subject": "Hello",
        "html": "<p>Hi {{ name }}</p>",
        "text": "Hi",
        "import_id": "",
        "start_at": start.isoformat().replace("+00:00", "Z"),
        "timezone": "Europe/Berlin",
        "delay_seconds": 1.5,
        "jitter_percent": 30,
        "hourly_limit": 10,
        "window": OFFICE,
        "late_policy": "ask",
        "recipient_count": 2,
        "counts": nothing,
        "progress": 0.0,
        "created_at": "",
        "scheduled_at": None,
        "cancelled_at": None,
        "duplicates": 1,
        "errors": [],
    }
    assert await emails_of(app, made) == []
    found = await api.ok("GET", f"/imports/{made['import_id']}")
    assert (found["valid"], found["columns"]) == (2, ["email", "name", "unsubscribe_url"])
    shown = await api.ok("GET", f"/campaigns/{made['id']}")
    assert shown == {field: value for field, value in made.items() if field not in ("duplicates", "errors")}


async def test_schedule_makes_a_message_of_each_recipient(api: Api, sender: str, app: Litestar) -> None:
    second = await add_sender(api, from_email="b@example.com", host="b.example.com")
    campaign = await draft(
        api,
        sender,
        *[{"email": f"r{i}@x.example", "name": f"R {i}", "variables": {"city": f"C{i}"}} for i in range(5)],
        sender_ids=[sender, second],
        start_at="in 1 hour",
        delay_seconds=0.05,
        subject="Hello {{ city }}",
    )
    done = await api.ok("POST", f"/campaigns/{campaign['id']}/schedule")
    assert (done["state"], done["counts"]["scheduled"], done["progress"]) == ("scheduled", 5, 0.0)
    emails = await emails_of(app, campaign)
    start = datetime.fromisoformat(done["start_at"])
    assert [email["due_at"] for email in emails] == [start + timedelta(milliseconds=50 * i) for i in range(5)]
    assert [str(email["sender_id"]) for email in emails] == [sender, second, sender, second, sender]
    assert [(email["to_address"], email["to_name"], email["variables"]) for email in emails] == [
        (f"r{i}@x.example", f"R {i}", {"city": f"C{i}"}) for i in range(5)
    ]
    assert len({email["message_id"] for email in emails}) == 5
    lanes = await query(app, "select sender_id, next_due from lanes order by next_due")
    assert [(str(lane["sender_id"]), lane["next_due"]) for lane in lanes] == [
        (sender, start),
        (second, start + timedelta(milliseconds=50)),
    ]
    knocks = await query(app, "select args from procrastinate_jobs")
    assert len(knocks) == 2
    assert "already_scheduled" in (await api.post(f"/campaigns/{campaign['id']}/schedule")).text


async def test_a_list_that_was_parsed_before(api: Api, sender: str, app: Litestar) -> None:
    found = await api.ok(
        "POST", "/recipients/parse", files={"file": ("a.csv", b"email,First Name\na@x.example,Ann\nb@x.example,\n")}
    )
    campaign = await draft(
        api,
        sender,
        recipients="absent",
        import_id=found["import_id"],
        text="Dear {{ first_name }}",
        start_at="in 1 hour",
    )
    assert campaign["recipient_count"] == 2
    await api.ok("POST", f"/campaigns/{campaign['id']}/schedule")
    assert [email["variables"] for email in await emails_of(app, campaign)] == [
        {"first_name": "Ann"},
        {"first_name": ""},
    ]
    recipients = await api.ok("GET", f"/campaigns/{campaign['id']}/recipients")
    assert [email["to"] for email in recipients["data"]] == [["b@x.example"], ["a@x.example"]]


async def test_a_start_that_is_past_by_now_is_now(api: Api, sender: str, app: Litestar) -> None:
    campaign = await draft(api, sender, start_at="in 1 hour")
    await query(
        app, "update campaigns set start_at = now() - interval '1 day' where id = %s returning id", UUID(campaign["id"])
    )
    before = datetime.now(UTC)
    done = await api.ok("POST", f"/campaigns/{campaign['id']}/schedule")
    assert (await emails_of(app, campaign))[0]["due_at"] >= before
    assert done["state"] == "running"


@pytest.mark.parametrize(
    ("changes", "paths"),
    [
        ({"subject": "a\r\nBcc: x@example.com"}, {"subject"}),
        ({"text": ""}, {"html"}),
        ({"text": "a\u0000b"}, {"text"}),
        ({"html": "{% for x in y %}{% endfor %}"}, {"html"}),
        ({"html": "Dear {{ who }}"}, {"html"}),
        ({"subject": "{{ broken"}, {"subject"}),
        ({"start_at": "2030-01-01T10:00:00"}, {"start_at"}),
        ({"start_at": "2020-01-01T10:00:00Z"}, {"start_at"}),
        ({"start_at": "soon"}, {"start_at"}),
        ({"timezone": "Mars/Olympus"}, {"timezone"}),
        ({"timezone": "../../etc/passwd"}, {"timezone"}),
        ({"delay_seconds": -1}, {"delay_seconds"}),
        ({"delay_seconds": 0.0009}, {"delay_seconds"}),
        ({"name": "a\u202eb"}, {"name"}),
        ({"delay_seconds": 2_592_000, "recipients": [f"r{i}@x.example" for i in range(20)]}, {"delay_seconds"}),
        ({"hourly_limit": 0}, {"hourly_limit"}),
        ({"recipients": []}, {"recipients"}),
        ({"recipients": None}, {"recipients"}),
        ({"import_id": "01a20083-a5c6-727d-9c3c-5b5e47c4d398"}, {"recipients"}),
        ({"recipients": None, "import_id": "01a20083-a5c6-727d-9c3c-5b5e47c4d398"}, {"import_id"}),
        (
            {"recipients": ["a@x.example", "b@", "", {"email": "c d@x.example"}]},
            {"recipients[1]", "recipients[2]", "recipients[3].email"},
        ),
        ({"recipients": [{"email": "a@x.example", "name": "\u0000"}]}, {"recipients[0].name"}),
        ({"recipients": [{"email": "a@x.example", "variables": {"a": ["\u0000"]}}]}, {"recipients[0].variables"}),
        ({"recipients": [{"email": "a@x.example", "variables": NESTED}]}, {"recipients[0].variables"}),
        ({"recipients": [{"email": "a@x.example", "variables": {"a": "x" * 65_536}}]}, {"recipients[0].variables"}),
        ({"recipients": [{"email": "a@x.example", "name": "a\u202eb"}]}, {"recipients[0].name"}),
        ({"recipients": [{"email": "a\u202eb <a@x.example>"}]}, {"recipients[0].email"}),
        ({"recipients": [{"mail": "a@x.example"}]}, {"recipients[0].mail"}),
        ({"sender_ids": []}, {"sender_ids"}),
        ({"sender_ids": ["01a20083-a5c6-727d-9c3c-5b5e47c4d398"]}, {"sender_ids[0]"}),
        ({"name": "a\nb"}, {"name"}),
        ({"window": {}}, {"window.days"}),
        ({"window": OFFICE | {"timezone": "UTC"}}, {"window.timezone"}),
        ({"window": OFFICE | {"start": "8"}, "timezone": "x"}, {"window.start", "timezone"}),
        ({"jitter_percent": 101}, {"jitter_percent"}),
        ({"jitter_percent": 0.5}, {"jitter_percent"}),
        ({"late_policy": "never"}, {"late_policy"}),
        ({"late_policy": None}, {"late_policy"}),
        ({"subject": "a\nb", "timezone": "x", "start_at": "x"}, {"subject", "timezone", "start_at"}),
    ],
)  # fmt: skip
async def test_what_cannot_be_is_refused_whole(
    api: Api, sender: str, app: Litestar, changes: Any, paths: set[str]
) -> None:
    problems = await api.refused(422, "POST", "/campaigns", json=a_campaign(sender, **changes))
    assert set(problems) - {""} == paths
    for table in ("campaigns", "contents", "imports", "import_recipients"):
        assert await query(app, f"select 1 from {table}") == []


async def test_every_row_that_lacks_a_variable_is_named(api: Api, sender: str) -> None:
    rows = [
        {"email": "a@x.example", "variables": {"city": "Ulm"}},
        {"email": "b@x.example"},
        {"email": "c@x.example", "variables": {"town": "Rom"}},
    ]
    problems = await api.refused(422, "POST", "/campaigns", json=a_campaign(sender, rows, html="In {{ city }}"))
    assert set(problems) - {""} == {"recipients[1].variables", "recipients[2].variables"}
    assert "city" in problems["recipients[1].variables"]
    campaign = await draft(api, sender, *rows, html="In {{ city | default('town') }}")
    assert campaign["recipient_count"] == 3


async def test_permissive_takes_the_good_ones(api: Api, sender: str, app: Litestar) -> None:
    rows = ["a@x.example", "bad", {"email": "b@x.example"}, {"email": "c@"}]
    answer = await api.ok(
        "POST", "/campaigns", json=a_campaign(sender, rows), headers={"x-batch-validation": "permissive"}
    )
    assert answer["recipient_count"] == 2
    assert [error["index"] for error in answer["errors"]] == [1, 3]
    problems = await api.refused(
        422, "POST", "/campaigns", json=a_campaign(sender, ["bad"]), headers={"x-batch-validation": "permissive"}
    )
    assert set(problems) - {""} == {"recipients"}


async def test_the_same_key_is_the_same_campaign(api: Api, sender: str, app: Litestar) -> None:
    body, key = a_campaign(sender), {"idempotency-key": "spring"}
    first = await api.ok("POST", "/campaigns", json=body, headers=key)
    assert await api.ok("POST", "/campaigns", json=body, headers=key) == first
    assert len(await query(app, "select 1 from campaigns")) == 1
    await api.refused(409, "POST", "/campaigns", json=body | {"subject": "Other"}, headers=key)
    path, key = f"/campaigns/{first['id']}/schedule", {"idempotency-key": "go"}
    done = await api.ok("POST", path, headers=key)
    assert await api.ok("POST", path, headers=key) == done
    assert len(await emails_of(app, first)) == 2


async def test_a_draft_can_be_changed(api: Api, sender: str, app: Litestar) -> None:
    campaign = await draft(api, sender, {"email": "a@x.example", "variables": {"city": "Ulm"}}, hourly_limit=5)
    path = f"/campaigns/{campaign['id']}"
    changed = await api.ok(
        "PATCH",
        path,
        json={
            "html": "In {{ city }}",
            "text": None,
            "delay_seconds": 0.25,
            "hourly_limit": None,
            "start_at": "in 2 hours",
        },
    )
    assert (changed["html"], changed["text"], changed["delay_seconds"], changed["hourly_limit"]) == (
        "In {{ city }}",
        None,
        0.25,
        None,
    )
    for change, field in [
        ({"html": None}, "html"),
        ({"html": "{{ town }}"}, "html"),
        ({"start_at": "2030-01-01T00:00:00"}, "start_at"),
        ({"sender_ids": ["01a20083-a5c6-727d-9c3c-5b5e47c4d398"]}, "sender_ids[0]"),
        ({"recipients": []}, "recipients"),
    ]:
        assert set(await api.refused(422, "PATCH", path, json=change)) - {""} == {field}
    assert await api.ok("GET", path) == changed


async def test_a_scheduled_campaign_keeps_its_message(api: Api, sender: str, app: Litestar) -> None:
    campaign = await scheduled(api, sender)
    path = f"/campaigns/{campaign['id']}"
    await api.refused(409, "PATCH", path, json={"subject": "Other"})
    await query(
        app, "update lanes set blocked_until = now() + interval '1 h', blocked_reason = 'campaign_hour' returning id"
    )
    changed = await api.ok("PATCH", path, json={"name": "New"})
    assert await lane_reasons(app) == ["campaign_hour"]
    changed = await api.ok("PATCH", path, json={"hourly_limit": 7})
    assert (changed["name"], changed["hourly_limit"]) == ("New", 7)
    assert await lane_reasons(app) == [None]


async def test_a_new_window_lets_go_only_what_waits_for_the_old_one(api: Api, sender: str, app: Litestar) -> None:
    campaigns = [
        await scheduled(api, sender, start_at=None, timezone="Europe/Berlin", window=OFFICE | {"days": list(DAYS)})
        for _ in range(3)
    ]
    block = "update lanes set blocked_until = now() + interval '1 h', blocked_reason = %s where campaign_id = %s"
    for campaign, reason in zip(campaigns, ["window", "campaign_hour", "window"], strict=True):
        await query(app, f"{block} returning id", reason, UUID(campaign["id"]))
    await api.ok("POST", f"/campaigns/{campaigns[2]['id']}/pause")
    assert await lane_reasons(app) == ["window", "campaign_hour", "campaign_paused"]
    for campaign in campaigns:
        changed = await api.ok("PATCH", f"/campaigns/{campaign['id']}", json={"window": OFFICE})
        assert changed["window"] == OFFICE
    assert await lane_reasons(app) == [None, "campaign_hour", "campaign_paused"]
    path = f"/campaigns/{campaigns[0]['id']}"
    for change in ({"timezone": "UTC"}, {"late_policy": "skip"}, {"jitter_percent": 5}):
        await api.refused(409, "PATCH", path, json=change)
    assert (await api.ok("PATCH", path, json={"window": None}))["window"] is None


async def test_windows_that_never_meet_are_refused(api: Api, sender: str) -> None:
    night = {"days": ["sat"], "start": "22:00", "end": "06:00", "timezone": "Europe/Berlin"}
    own = await add_sender(api, from_email="night@example.com", host="n.example.com", window=night)
    sunday = {"days": ["sun"], "start": "05:00", "end": "09:00"}
    body = a_campaign(sender, sender_ids=[sender, own], window=sunday)
    refused = await api.refused(422, "POST", "/campaigns", json=body | {"timezone": "America/New_York"})
    assert set(refused) - {""} == {"window"}
    assert "night@example.com" in refused["window"]
    campaign = await api.ok("POST", "/campaigns", json=body | {"timezone": "Europe/Paris"})
    path = f"/campaigns/{campaign['id']}"
    assert set(await api.refused(422, "PATCH", path, json={"timezone": "America/New_York"})) - {""} == {"window"}
    await api.ok("PATCH", f"/senders/{own}", json={"window": night | {"days": ["tue"]}})
    assert set(await api.refused(422, "POST", f"{path}/schedule")) - {""} == {"window"}


async def test_jitter_and_late_policy_are_those_of_every_message(api: Api, sender: str, app: Litestar) -> None:
    campaign = await scheduled(api, sender, count=200, delay_seconds=10, jitter_percent=40, late_policy="skip")
    emails = await emails_of(app, campaign)
    start = datetime.fromisoformat(campaign["start_at"])
    added = [(email["due_at"] - start).total_seconds() - 10 * i for i, email in enumerate(emails)]
    assert 0 <= min(added) < 0.5
    assert 3.5 < max(added) < 4
    assert [email["due_at"] for email in emails] == sorted(email["due_at"] for email in emails)
    assert added == pytest.approx([10 * jitter_of(UUID(campaign["id"]), i, 40) for i in range(200)], abs=1e-5)
    assert {email["late_policy"] for email in emails} == {"skip"}
    lanes = await query(app, "select next_due from lanes")
    assert [lane["next_due"] for lane in lanes] == [emails[0]["due_at"]]


async def lane_reasons(app: Litestar) -> list[str | None]:
    return [lane["blocked_reason"] for lane in await query(app, "select blocked_reason from lanes order by id")]


async def test_pause_and_resume(api: Api, sender: str, app: Litestar) -> None:
    campaign = await scheduled(api, sender)
    path = f"/campaigns/{campaign['id']}"
    for _ in range(2):
        assert (await api.ok("POST", f"{path}/pause"))["state"] == "paused"
    assert await lane_reasons(app) == ["campaign_paused"]
    for _ in range(2):
        assert (await api.ok("POST", f"{path}/resume"))["state"] == "scheduled"
    assert await lane_reasons(app) == [None]
    other = await draft(api, sender)
    for action in ("pause", "resume"):
        await api.refused(409, "POST", f"/campaigns/{other['id']}/{action}")


async def test_two_pauses_end_separately(api: Api, sender: str, app: Litestar) -> None:
    campaign = await scheduled(api, sender)
    path = f"/campaigns/{campaign['id']}"
    await api.ok("POST", f"{path}/pause")
    await api.ok("POST", f"/senders/{sender}/pause")
    await api.ok("POST", f"/senders/{sender}/resume")
    assert await lane_reasons(app) == ["campaign_paused"]
    await api.ok("POST", f"/senders/{sender}/pause")
    await api.ok("POST", f"{path}/resume")
    assert await lane_reasons(app) == ["sender_paused"]
    await api.ok("POST", f"/senders/{sender}/resume")
    assert await lane_reasons(app) == [None]


async def test_a_campaign_on_a_paused_sender_waits(api: Api, sender: str, app: Litestar) -> None:
    await api.ok("POST", f"/senders/{sender}/pause")
    await scheduled(api, sender)
    assert await lane_reasons(app) == ["sender_paused"]


async def test_cancel_ends_what_waits(api: Api, sender: str, app: Litestar) -> None:
    campaign = await scheduled(api, sender, count=4)
    await set_status(app, campaign, 0, "sending", "sent")
    await set_status(app, campaign, 1, "sending")
    await set_status(app, campaign, 2, "deferred")
    path = f"/campaigns/{campaign['id']}/cancel"
    for _ in range(2):
        done = await api.ok("POST", path)
        assert (done["state"], done["counts"]["cancelled"], done["counts"]["sent"]) == ("cancelled", 2, 1)
    assert [email["status"] for email in await emails_of(app, campaign)] == [
        "sent",
        "sending",
        "cancelled",
        "cancelled",
    ]
    assert await lane_reasons(app) == ["campaign_cancelled"]
    assert len(await query(app, "select 1 from events where type = 'email.cancelled'")) == 2
    for action in ("schedule", "pause", "resume"):
        await api.refused(409, "POST", f"/campaigns/{campaign['id']}/{action}")


async def test_a_draft_can_be_cancelled(api: Api, sender: str) -> None:
    campaign = await draft(api, sender)
    assert (await api.ok("POST", f"/campaigns/{campaign['id']}/cancel"))["state"] == "cancelled"
    await api.refused(409, "POST", f"/campaigns/{campaign['id']}/schedule")


async def test_a_large_cancel_answers_at_once_and_is_ended_by_whoever_takes_it_up(
    api: Api, sender: str, app: Litestar
) -> None:
    """Here the process that should have marked the messages dies again and again."""
    pool, count = app.state.pool, 2 * BATCH
    second = await add_sender(api, from_email="b@example.com", host="b.example.com")
    campaign = await draft(
        api, sender, recipients="absent", import_id=await a_list(api, count), sender_ids=[sender, second]
    )
    path = f"/campaigns/{campaign['id']}"
    await api.ok("POST", f"{path}/schedule")
    await set_status(app, campaign, 2, "sending")
    done = await api.ok("POST", f"{path}/cancel")
    assert (done["state"], done["counts"]["cancelled"]) == ("cancelled", 0)
    assert await lane_reasons(app) == ["campaign_cancelled", "campaign_cancelled"]
    (job,) = await query(app, "delete from procrastinate_jobs where task_name = 'campaign:cancel' returning args")
    assert job["args"] == {"campaign_id": campaign["id"], "workspace_id": str(api.tenant.workspace_id), "after": -1}

    await take_up(pool)
    assert await jobs(app) == [], "somebody was at it a moment ago"
    await nobody_is_at_it(app)
    await take_up(pool)
    assert await jobs(app) == [campaign["id"]]
    await take_up(pool)
    assert await jobs(app) == [campaign["id"]], "once"

    ids = {"workspace_id": api.tenant.workspace_id, "id": UUID(campaign["id"])}
    await go_on(pool, **ids, after=BATCH + 2000)
    counts = (await api.ok("GET", path))["counts"]
    assert (counts["sending"], counts["scheduled"]) == (1, 0), "it looks back for what it has passed over"
    await set_status(app, campaign, 2, "scheduled")  # its dot was never written
    await nobody_is_at_it(app)
    await take_up(pool)
    await go_on(pool, **ids, after=-1)
    assert (await api.ok("GET", path))["counts"]["cancelled"] == count
    assert len(await query(app, "select distinct email_id from events where type = 'email.cancelled'")) == count
    assert await query(app, "select 1 from lanes where next_due is not null") == []
    await query(app, "delete from procrastinate_jobs returning id")
    await api.ok("POST", f"{path}/cancel")
    await nobody_is_at_it(app)
    await take_up(pool)
    assert await jobs(app) == [], "nothing is left to do"
    await assert_counters_are_right(app)


async def jobs(app: Litestar) -> list[str]:
    found = await query(app, "select args from procrastinate_jobs where task_name = 'campaign:cancel' order by id")
    return [job["args"]["campaign_id"] for job in found]


async def nobody_is_at_it(app: Litestar) -> None:
    """As if the last sign of progress was a while ago."""
    await query(app, "update campaigns set cancel_marked_at = cancel_marked_at - interval '1 min' returning id")


async def a_list(api: Api, count: int) -> str:
    text = "\n".join(f"r{i}@x.example" for i in range(count))
    return str((await api.ok("POST", "/recipients/parse", json={"text": text}))["import_id"])


async def assert_counters_are_right(app: Litestar) -> None:
    kept = await query(app, "select lane_id, status::text, count from lane_counts where count <> 0 order by 1, 2")
    counted = await query(
        app, "select lane_id, status::text, count(*) as count from emails group by 1, 2 order by 1, 2"
    )
    assert kept == counted


async def test_the_order_to_cancel_is_told_with_its_name(api: Api, sender: str, app: Litestar) -> None:
    campaign = await scheduled(api, sender, count=1)
    await api.ok("POST", f"/campaigns/{campaign['id']}/cancel")
    (email,) = (await api.ok("GET", f"/campaigns/{campaign['id']}/recipients"))["data"]
    story = await api.ok("GET", f"/emails/{email['id']}/events")
    assert story["data"][-1]["data"] == {"by": str(api.tenant.user_id), "api_key": "full"}


async def test_what_failed_is_tried_again_in_its_order(api: Api, sender: str, app: Litestar) -> None:
    campaign = await scheduled(api, sender, count=8, start_at=None, delay_seconds=3600)
    path = f"/campaigns/{campaign['id']}"
    for position in (5, 1, 3):
        await set_status(app, campaign, position, "sending", "failed")
    await set_status(app, campaign, 0, "sending", "sent")
    await set_status(app, campaign, 2, "sending", "uncertain")
    await set_status(app, campaign, 4, "sending", "uncertain", "failed")
    given_up = (await emails_of(app, campaign))[4]
    await query(
        app,
        "insert into dispatches (workspace_id, email_id, attempt, mailbox_id, campaign_id, recipients, worker_id,"
        " fence, dispatched_at, window_seconds, gap_ms, outcome, outcome_at)"
        " select workspace_id, %s, 1, id, %s, 1, id, 1, now(), 3600, 0, 'unknown', now() from mailboxes returning id",
        given_up["id"],
        UUID(campaign["id"]),
    )
    await query(app, "delete from procrastinate_jobs returning id")
    await query(app, "update lanes set next_due = null returning id")
    before = datetime.now(UTC)
    assert await api.ok("POST", f"{path}/retry-failed") == {"object": "campaign", "id": campaign["id"], "count": 3}
    emails = await emails_of(app, campaign)
    assert [email["status"] for email in emails] == [
        "sent", "scheduled", "uncertain", "scheduled", "failed", "scheduled", "scheduled", "scheduled"
    ]  # fmt: skip
    again = [emails[i] for i in (1, 3, 5)]
    assert all(before <= email["due_at"] <= datetime.now(UTC) for email in again)
    assert [email["position"] for email in sorted(again, key=lambda e: (e["due_at"], e["position"]))] == [1, 3, 5]
    assert {email["ordered_by"] for email in again} == {api.tenant.user_id}
    assert len(await query(app, "select 1 from procrastinate_jobs where scheduled_at is null")) == 1
    assert (await api.ok("POST", f"{path}/retry-failed"))["count"] == 0
    await assert_counters_are_right(app)
    await api.ok("POST", f"{path}/cancel")
    other = await draft(api, sender)
    for each in (campaign, other):
        await api.refused(409, "POST", f"/campaigns/{each['id']}/retry-failed")


async def test_state_and_progress_follow_the_messages(api: Api, sender: str, app: Litestar) -> None:
    campaign = await scheduled(api, sender, count=2, start_at=None)
    path = f"/campaigns/{campaign['id']}"
    assert campaign["state"] == "running"
    await set_status(app, campaign, 0, "sending", "sent")
    shown = await api.ok("GET", path)
    assert (shown["state"], shown["progress"]) == ("running", 0.5)
    await set_status(app, campaign, 1, "failed")
    shown = await api.ok("GET", path)
    assert (shown["state"], shown["progress"]) == ("completed", 1.0)
    for action in ("pause", "cancel"):
        await api.refused(409, "POST", f"{path}/{action}")


async def test_a_sender_that_mail_waits_for_cannot_go(api: Api, sender: str) -> None:
    campaign = await scheduled(api, sender)
    problems = await api.refused(409, "DELETE", f"/senders/{sender}")
    assert "3 messages wait" in problems[""]
    await api.ok("POST", f"/campaigns/{campaign['id']}/cancel")
    await api.ok("DELETE", f"/senders/{sender}")
    other = await add_sender(api)
    campaign = await draft(api, other)
    await api.ok("DELETE", f"/senders/{other}")
    assert set(await api.refused(422, "POST", f"/campaigns/{campaign['id']}/schedule")) - {""} == {"sender_ids[0]"}
    assert (await api.ok("GET", f"/campaigns/{campaign['id']}"))["state"] == "draft"


async def test_campaigns_are_found_by_state_and_name(api: Api, sender: str, app: Litestar, stranger: Api) -> None:
    for name, start in (
        ("Draft", None),
        ("Later", "in 1 hour"),
        ("Now_or", None),
        ("Held back", None),
        ("Over", None),
    ):
        made = await draft(api, sender, name=name, start_at=start or "in 1 second")
        if name != "Draft":
            await api.ok("POST", f"/campaigns/{made['id']}/schedule")
        if name == "Held back":
            await api.ok("POST", f"/campaigns/{made['id']}/pause")
    gone = await draft(api, sender, name="Gone")
    await api.ok("POST", f"/campaigns/{gone['id']}/cancel")
    await query(
        app,
        "update campaigns set start_at = now() - interval '1 minute' where name in ('Now_or', 'Over') returning id",
    )
    await query(
        app,
        "update emails set status = 'failed', ended_at = now() where campaign_id ="
        " (select id from campaigns where name = 'Over') returning id",
    )
    everything = (await api.ok("GET", "/campaigns"))["data"]
    states = {each["name"]: each["state"] for each in everything}
    assert len(set(states.values())) == 6
    for name, state in states.items():
        found = (await api.ok("GET", f"/campaigns?state={state}"))["data"]
        assert [each["name"] for each in found] == [name]
    for q, names in (("ER", ["Over", "Later"]), ("_", ["Now_or"]), ("%25", []), ("", list(states))):
        assert [each["name"] for each in (await api.ok("GET", f"/campaigns?q={q}"))["data"]] == names
    assert (await api.ok("GET", "/campaigns?q=e&state=completed"))["data"][0]["name"] == "Over"
    assert (await stranger.ok("GET", "/campaigns?q=Over"))["data"] == []
    await api.refused(422, "GET", "/campaigns?state=done")


async def test_lists_are_paged(api: Api, sender: str) -> None:
    ids = [(await draft(api, sender))["id"] for _ in range(4)]
    page = await api.ok("GET", "/campaigns?limit=3")
    assert ([item["id"] for item in page["data"]], page["has_more"]) == (ids[:0:-1], True)
    assert "html" not in page["data"][0]
    page = await api.ok("GET", f"/campaigns?limit=3&before={ids[1]}")
    assert ([item["id"] for item in page["data"]], page["has_more"]) == ([ids[3], ids[2]], False)


async def test_nobody_else_sees_or_changes_a_campaign(api: Api, stranger: Api, sender: str) -> None:
    campaign = await scheduled(api, sender)
    path = f"/campaigns/{campaign['id']}"
    assert (await stranger.ok("GET", "/campaigns"))["data"] == []
    for method, action in [("GET", ""), ("PATCH", ""), ("GET", "/recipients")] + [
        ("POST", f"/{action}") for action in ("schedule", "pause", "resume", "cancel", "retry-failed")
    ]:
        await stranger.refused(404, method, path + action, json={"name": "x"} if method == "PATCH" else None)
    assert await api.ok("GET", path) == campaign
    found = await api.ok("POST", "/recipients/parse", json={"text": "a@x.example"})
    own = await add_sender(stranger)
    body = a_campaign(own, recipients=None, import_id=found["import_id"])
    assert set(await stranger.refused(422, "POST", "/campaigns", json=body)) - {""} == {"import_id"}
    assert set(await stranger.refused(422, "POST", "/campaigns", json=a_campaign(sender))) - {""} == {"sender_ids[0]"}
