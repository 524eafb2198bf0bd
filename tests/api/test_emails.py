"""Messages: what is taken, refused, moved, cancelled and shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from litestar import Litestar

from app.domain.ids import new_id
from tests.support.tables import rows_of
from tests.support.tenants import Api

FROM = "ann@example.com"


@pytest.fixture
async def sender(api: Api) -> dict[str, Any]:
    return await add_sender(api)


async def add_sender(api: Api, **changes: Any) -> dict[str, Any]:
    wanted = {
        "from_email": FROM,
        "from_name": "Ann",
        "host": "smtp.example.com",
        "hourly_limit": None,
        "min_delay_ms": 0,
    }
    made: dict[str, Any] = await api.ok("POST", "/senders", json=wanted | changes)
    return made


def a_message(**changes: Any) -> dict[str, Any]:
    return {"from": FROM, "to": "bob@example.org", "subject": "Hello", "text": "Hi Bob", **changes}


def ahead(**distance: float) -> str:
    return (datetime.now(UTC) + timedelta(**distance)).isoformat()


async def assert_nothing_written(app: Litestar) -> None:
    for table in ("emails", "contents", "idempotency_keys", "lanes"):
        assert await rows_of(app.state.pool, f"select * from {table}") == [], table


async def test_a_message_is_in_the_schedule_with_its_lane_woken(app: Litestar, api: Api, sender: Any) -> None:
    at = ahead(hours=1)
    answer = await api.ok("POST", "/emails", json=a_message(scheduled_at=at))
    assert answer["object"] == "email"
    assert answer["status"] == "scheduled"
    assert datetime.fromisoformat(answer["scheduled_at"]) == datetime.fromisoformat(at)
    assert answer["scheduled_at"].endswith("Z")
    assert answer["estimated_send_at"] == answer["scheduled_at"]

    [row] = await rows_of(app.state.pool, "select e.*, l.next_due from emails e join lanes l on l.id = e.lane_id")
    assert row["id"] == UUID(answer["id"])
    assert row["message_id"] == f"<{answer['id']}@example.com>"
    assert row["due_at"] == row["next_due"] == datetime.fromisoformat(at)
    assert row["recipients"] is None
    [job] = await rows_of(app.state.pool, "select * from procrastinate_jobs where queue_name = 'lanes'")
    assert job["scheduled_at"] < row["due_at"]


async def test_without_a_time_it_is_due_now(app: Litestar, api: Api, sender: Any) -> None:
    before = datetime.now(UTC)
    await api.ok("POST", "/emails", json=a_message())
    [row] = await rows_of(app.state.pool, "select due_at from emails")
    assert before <= row["due_at"] <= datetime.now(UTC)


async def test_the_paths_without_v1_work_too(api: Api, sender: Any) -> None:
    answer = await api.ok("POST", "http://paceline.test/emails", json=a_message())
    assert (await api.ok("GET", f"/emails/{answer['id']}"))["id"] == answer["id"]


async def test_everything_that_can_be_said_comes_back(api: Api, sender: Any) -> None:
    said = a_message(
        **{"from": "Ann B. <Ann@Example.com>"},
        to=["Bob <bob@example.org>", "carl@example.org"],
        cc="dora@example.org",
        bcc=["eve@example.org"],
        reply_to="Desk <desk@example.com>",
        html="<p>Hi</p>",
        headers={"X-Campaign": "spring"},
        tags=[{"name": "kind", "value": "note"}],
        metadata={"order": [1, 2, {"a": None}]},
        scheduled_at=ahead(days=1),
    )
    id = (await api.ok("POST", "/emails", json=said))["id"]
    email = await api.ok("GET", f"/emails/{id}")
    assert email["from"] == "Ann B. <ann@example.com>"
    assert email["to"] == ["Bob <bob@example.org>", "carl@example.org"]
    assert (email["cc"], email["bcc"]) == (["dora@example.org"], ["eve@example.org"])
    assert email["reply_to"] == ["Desk <desk@example.com>"]
    for field in ("subject", "html", "text", "headers", "tags", "metadata"):
        assert email[field] == said[field]
    assert [(r["kind"], r["email"], r["status"]) for r in email["recipients"]] == [
        ("to", "bob@example.org", "scheduled"),
        ("to", "carl@example.org", "scheduled"),
        ("cc", "dora@example.org", "scheduled"),
        ("bcc", "eve@example.org", "scheduled"),
    ]
    assert email["waiting_for"]["reason"] == "time"
    assert email["last_event"] == "scheduled"
    assert email["sender_id"] == sender["id"]

    source = (await api.get(f"/emails/{id}/source")).text
    assert 'From: "Ann B." <ann@example.com>\r\n' in source
    assert "eve@example.org" not in source
    assert "X-Campaign: spring\r\n" in source
    assert f"Message-ID: {email['message_id']}\r\n" in source


async def test_an_address_that_is_given_twice_gets_it_once(api: Api, sender: Any) -> None:
    id = (await api.ok("POST", "/emails", json=a_message(to=["bob@example.org"], cc=["Bob@Example.org"])))["id"]
    email = await api.ok("GET", f"/emails/{id}")
    assert [r["email"] for r in email["recipients"]] == ["bob@example.org"]


async def test_braces_in_a_single_message_are_no_template(api: Api, sender: Any) -> None:
    id = (await api.ok("POST", "/emails", json=a_message(subject="{{ name }}", text="{% if %}")))["id"]
    email = await api.ok("GET", f"/emails/{id}")
    assert (email["subject"], email["text"]) == ("{{ name }}", "{% if %}")


async def test_sender_id_says_it_outright(api: Api, sender: Any) -> None:
    other = await add_sender(api, from_email="other@example.com")
    message = a_message(sender_id=other["id"])
    refused = await api.refused(422, "POST", "/emails", json=message)
    assert "not as ann@example.com" in refused["from"]
    del message["from"]
    id = (await api.ok("POST", "/emails", json=message))["id"]
    assert (await api.ok("GET", f"/emails/{id}"))["from"] == "Ann <other@example.com>"


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"scheduled_at": "2030-01-01T10:00:00"}, "scheduled_at", "no offset"),
    ({"scheduled_at": "2020-01-01T10:00:00Z"}, "scheduled_at", "past"),
    ({"scheduled_at": ahead(days=400)}, "scheduled_at", "days ahead"),
    ({"scheduled_at": "next tuesday"}, "scheduled_at", "can be read"),
    ({"colour": "red"}, "colour", "not a field"),
    ({"from": "nobody@example.net"}, "from", "POST /v1/senders"),
    ({"from": None}, "from", "required"),
    ({"sender_id": str(new_id())}, "sender_id", "no such sender"),
    ({"to": [f"p{i}@example.org" for i in range(51)]}, "to[50]", "at most 50"),
    ({"to": [f"p{i}@example.org" for i in range(30)], "cc": [f"c{i}@example.org" for i in range(21)]}, "cc[20]", "51"),
    ({"to": []}, "to", "at least one"),
    ({"to": ["bob@example.org", "no address"]}, "to[1]", "no @"),
    ({"to": "bob@example.org\r\nBcc: eve@example.org"}, "to[0]", "line break"),
    ({"headers": {"X-Note": "a\r\nBcc: eve@example.org"}}, "headers.X-Note", "line breaks"),
    ({"headers": {"X-A\r\nBcc": "eve@example.org"}}, "headers.X-A??Bcc", "printable"),
    ({"headers": {"Bcc": "eve@example.org"}}, "headers.Bcc", "`bcc`"),
    ({"subject": "a\r\nBcc: eve@example.org"}, "subject", "one line"),
    ({"subject": "a\0b"}, "subject", "NUL"),
    ({"subject": "x" * 999}, "subject", "998"),
    ({"text": "a\0b"}, "text", "NUL"),
    ({"text": None}, "html", "html or text"),
    ({"metadata": {"a": ["\0"]}}, "metadata", "NUL"),
    ({"metadata": {"a": "x" * 20_000}}, "metadata", "bytes"),
    ({"metadata": msgspec.json.decode('{"a":' * 21 + "1" + "}" * 21)}, "metadata", "nested"),
    ({"tags": [{"name": "a b", "value": "c"}]}, "tags[0].name", "regex"),
    ({"tags": [{"name": "a\n", "value": "c"}]}, "tags[0].name", "regex"),
    ({"tags": [{"name": "a", "value": "c\n"}]}, "tags[0].value", "regex"),
    ({"to": "Bob \u202egpj.exe <bob@example.org>"}, "to[0]", "direction"),
    ({"from": "\u2067Ann\u2069 <ann@example.com>"}, "from", "direction"),
    ({"reply_to": "nobody"}, "reply_to[0]", "no @"),
    ({"attachments": [{"filename": "a.txt"}]}, "attachments[0].content", "required"),
    ({"template": {"id": "x"}}, "template.id", "no such template"),
    ({"react": "<Hi />"}, "react", "render yours"),
    ({"topic_id": "news"}, "topic_id", "no topics"),
    ({"subject": None}, "subject", "required"),
]


@pytest.mark.parametrize(("change", "path", "words"), BAD, ids=[f"{path}-{words}" for _, path, words in BAD])
async def test_bad_input_is_refused_by_path_and_nothing_is_written(
    app: Litestar, api: Api, sender: Any, change: dict[str, Any], path: str, words: str
) -> None:
    headers = {"Idempotency-Key": "k"}
    refused = await api.refused(422, "POST", "/emails", json=a_message(**change), headers=headers)
    assert words in refused[path]
    await assert_nothing_written(app)


async def test_all_that_is_wrong_is_named_at_once(api: Api, sender: Any) -> None:
    message = a_message(to=["x", "y"], subject="a\nb", scheduled_at="tomorrow", text=None)
    refused = await api.refused(422, "POST", "/emails", json=message)
    assert {"to[0]", "to[1]", "subject", "scheduled_at", "html"} <= refused.keys()


async def test_a_minute_past_is_now(app: Litestar, api: Api, sender: Any) -> None:
    before = datetime.now(UTC)
    await api.ok("POST", "/emails", json=a_message(scheduled_at=ahead(seconds=-50)))
    [row] = await rows_of(app.state.pool, "select due_at from emails")
    assert row["due_at"] >= before


async def test_more_recipients_than_a_limit_ever_allows_are_refused(app: Litestar, api: Api) -> None:
    await add_sender(api, hourly_limit=2)
    to = [f"p{i}@example.org" for i in range(3)]
    refused = await api.refused(422, "POST", "/emails", json=a_message(to=to))
    assert "allows 2 at most" in refused["to"]
    await assert_nothing_written(app)
    answer = await api.ok("POST", "/emails", json=a_message(to=to[:2]))
    assert answer["estimated_send_at"] is None


async def test_a_batch_is_taken_whole_in_its_order(app: Litestar, api: Api, sender: Any) -> None:
    at = ahead(hours=1)
    batch = [a_message(to=f"p{i}@example.org", scheduled_at=at) for i in range(100)]
    answer = await api.ok("POST", "/emails/batch", json=batch)
    assert answer["errors"] == []
    rows = await rows_of(app.state.pool, "select id, to_address from emails order by due_at, position")
    assert [row["to_address"] for row in rows] == [message["to"] for message in batch]
    assert [str(row["id"]) for row in rows] == [each["id"] for each in answer["data"]]
    assert len(await rows_of(app.state.pool, "select * from procrastinate_jobs where queue_name = 'lanes'")) == 1


async def test_a_strict_batch_with_a_bad_row_is_refused_whole(app: Litestar, api: Api, sender: Any) -> None:
    batch = [a_message() for _ in range(5)]
    batch[1]["to"] = ["bob@example.org", "nobody"]
    batch[2]["from"] = "stranger@example.net"
    batch[3]["colour"] = "red"
    batch[4]["to"] = 5
    refused = await api.refused(422, "POST", "/emails/batch", json=batch)
    assert {"[1].to[1]", "[2].from", "[3].colour", "[4].to"} <= refused.keys()
    await assert_nothing_written(app)


async def test_a_permissive_batch_takes_the_good_rows(app: Litestar, api: Api, sender: Any) -> None:
    batch: list[Any] = [a_message(), a_message(to="nobody"), 7, a_message(to="carl@example.org")]
    answer = await api.ok("POST", "/emails/batch", json=batch, headers={"x-batch-validation": "permissive"})
    assert [error["index"] for error in answer["errors"]] == [1, 2]
    rows = await rows_of(app.state.pool, "select id from emails order by position")
    assert [str(row["id"]) for row in rows] == [each["id"] for each in answer["data"]]


@pytest.mark.parametrize("count", [0, 101])
async def test_a_batch_has_1_to_100_messages(app: Litestar, api: Api, sender: Any, count: int) -> None:
    refused = await api.refused(422, "POST", "/emails/batch", json=[a_message()] * count)
    assert "1 to 100" in refused[""]
    await assert_nothing_written(app)


async def test_a_key_that_may_only_send_sends_and_no_more(api: Api, sender: Any) -> None:
    headers = {"authorization": f"Bearer {api.tenant.send_key}"}
    id = (await api.ok("POST", "/emails", json=a_message(), headers=headers))["id"]
    await api.ok("POST", "/emails/batch", json=[a_message()], headers=headers)
    for method, path in [("GET", "/emails"), ("GET", f"/emails/{id}"), ("POST", f"/emails/{id}/cancel")]:
        await api.refused(401, method, path, headers=headers)


async def test_strangers_see_and_touch_nothing(api: Api, stranger: Api, sender: Any) -> None:
    id = (await api.ok("POST", "/emails", json=a_message(scheduled_at=ahead(hours=1))))["id"]
    assert (await stranger.ok("GET", "/emails"))["data"] == []
    assert (await stranger.ok("GET", "/emails?sort=scheduled_at"))["data"] == []
    for path in (f"/emails/{id}", f"/emails/{id}/events", f"/emails/{id}/source"):
        await stranger.refused(404, "GET", path)
    await stranger.refused(404, "POST", f"/emails/{id}/cancel")
    await stranger.refused(404, "PATCH", f"/emails/{id}", json={"scheduled_at": "in 1 hour"})
    await stranger.refused(422, "POST", "/emails", json=a_message())
    await stranger.refused(422, "POST", "/emails", json=a_message(sender_id=sender["id"]))
    assert (await api.ok("GET", f"/emails/{id}"))["status"] == "scheduled"


async def test_cancelling_holds_and_may_be_repeated(app: Litestar, api: Api, sender: Any) -> None:
    id = (await api.ok("POST", "/emails", json=a_message(scheduled_at=ahead(hours=1))))["id"]
    first = await api.ok("POST", f"/emails/{id}/cancel")
    assert first["status"] == "cancelled"
    assert await api.ok("POST", f"/emails/{id}/cancel") == first
    [row] = await rows_of(app.state.pool, "select ended_at, revision from emails")
    assert row["ended_at"] is not None
    assert row["revision"] == 1
    story = await api.ok("GET", f"/emails/{id}/events")
    assert [entry["type"] for entry in story["data"]] == ["scheduled", "cancelled"]


async def test_what_is_being_sent_can_be_neither_cancelled_nor_moved(app: Litestar, api: Api, sender: Any) -> None:
    id = (await api.ok("POST", "/emails", json=a_message()))["id"]
    async with app.state.pool.connection() as conn:
        await conn.execute("update emails set status = 'sending', dispatched_at = now()")
    assert (await api.post(f"/emails/{id}/cancel")).json()["name"] == "already_sending"
    await api.refused(409, "PATCH", f"/emails/{id}", json={"scheduled_at": "in 1 hour"})
    [row] = await rows_of(app.state.pool, "select status::text, revision from emails")
    assert (row["status"], row["revision"]) == ("sending", 0)


async def test_moving_a_message_wakes_its_lane(app: Litestar, api: Api, sender: Any) -> None:
    id = (await api.ok("POST", "/emails", json=a_message(scheduled_at=ahead(days=2))))["id"]
    at = ahead(hours=1)
    answer = await api.ok("PATCH", f"/emails/{id}", json={"scheduled_at": at})
    assert datetime.fromisoformat(answer["scheduled_at"]) == datetime.fromisoformat(at)
    [row] = await rows_of(
        app.state.pool,
        "select e.due_at, e.scheduled_at, e.revision, l.next_due from emails e join lanes l on l.id = e.lane_id",
    )
    assert row["due_at"] == row["scheduled_at"] == row["next_due"] == datetime.fromisoformat(at)
    assert row["revision"] == 1
    story = await api.ok("GET", f"/emails/{id}/events")
    assert [entry["type"] for entry in story["data"]] == ["scheduled", "rescheduled"]
    for body in ({"scheduled_at": "2020-01-01T00:00:00Z"}, {"scheduled_at": None}, {}, {"colour": "x"}):
        await api.refused(422, "PATCH", f"/emails/{id}", json=body)


async def test_a_retry_that_waits_becomes_scheduled_when_moved(app: Litestar, api: Api, sender: Any) -> None:
    id = (await api.ok("POST", "/emails", json=a_message()))["id"]
    async with app.state.pool.connection() as conn:
        await conn.execute("update emails set status = 'deferred', due_at = now() + interval '1 hour'")
    assert (await api.ok("GET", f"/emails/{id}"))["waiting_for"]["reason"] == "retry"
    assert (await api.ok("PATCH", f"/emails/{id}", json={"scheduled_at": "in 5 minutes"}))["status"] == "scheduled"


async def test_an_unknown_message_is_not_found(api: Api) -> None:
    for path in (f"/emails/{new_id()}", f"/emails/{new_id()}/events", f"/emails/{new_id()}/source"):
        await api.refused(404, "GET", path)


async def test_why_it_waits_is_said(app: Litestar, api: Api, sender: Any) -> None:
    id = (await api.ok("POST", "/emails", json=a_message()))["id"]

    async def reason() -> str:
        found: str = (await api.ok("GET", f"/emails/{id}"))["waiting_for"]["reason"]
        return found

    assert await reason() == "queue"
    async with app.state.pool.connection() as conn:
        await conn.execute(
            "update mailboxes set blocked_until = now() + interval '1 hour', blocked_reason = 'mailbox_hour'"
        )
    assert await reason() == "mailbox_hour"
    await api.ok("POST", f"/senders/{sender['id']}/pause")
    assert await reason() == "sender_paused"
