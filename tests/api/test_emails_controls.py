"""What people may do to a message: change it, cancel it, try it again, decide about it; one or many."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from litestar import Litestar

from app.api.cookies import session_cookie_name
from app.db.transaction import transaction
from app.domain.ids import new_id
from app.services import email_bulk, sessions
from app.settings import Settings
from tests.api.test_emails import a_message, add_sender, ahead
from tests.api.test_emails_lists import add_campaign
from tests.support.asgi import client_of
from tests.support.tables import rows_of
from tests.support.tenants import Api


@pytest.fixture(autouse=True)
async def sender(api: Api) -> dict[str, Any]:
    return await add_sender(api)


async def add(api: Api, **changes: Any) -> str:
    id: str = (await api.ok("POST", "/emails", json=a_message(**changes)))["id"]
    return id


async def put(app: Litestar, status: str, *ids: str) -> None:
    """Brings messages to a status as the worker leaves them there, with a dispatch where they were dispatched."""
    ended = status in ("sent", "failed", "missed", "cancelled")
    outcome = {"sent": "accepted", "failed": "rejected", "uncertain": "unknown", "sending": "pending"}.get(status)
    async with app.state.pool.connection() as conn, conn.transaction():
        await conn.execute("alter table emails disable trigger emails_updated")
        await conn.execute(
            "update emails set status = %s::email_status, ended_at = case when %s then now() end,"
            " sent_at = case when %s then now() end, dispatched_at = case when %s then now() end,"
            " attempts = %s, reply = 'as it was' where id = any (%s)",
            [status, ended, status == "sent", outcome is not None, int(outcome is not None), [UUID(id) for id in ids]],
        )
        await conn.execute("alter table emails enable trigger emails_updated")
        await conn.execute("delete from lane_counts")
        await conn.execute(
            "insert into lane_counts (lane_id, status, count)"
            " select lane_id, status, count(*) from emails group by lane_id, status"
        )
        if outcome is not None:
            await conn.execute(
                "insert into dispatches (workspace_id, email_id, attempt, mailbox_id, recipients, worker_id, fence,"
                " dispatched_at, dot_at, window_seconds, gap_ms, outcome, outcome_at)"
                " select e.workspace_id, e.id, 1, l.mailbox_id, 1, e.id, 1, e.dispatched_at,"
                " e.dispatched_at + interval '1 second', 3600, 0,"
                " %s::dispatch_outcome, case when %s then now() end"
                " from emails e join lanes l on l.id = e.lane_id where e.id = any (%s)",
                [outcome, outcome != "pending", [UUID(id) for id in ids]],
            )


async def row_of(app: Litestar, id: str) -> dict[str, Any]:
    [row] = await rows_of(app.state.pool, "select *, status::text as status from emails where id = %s", UUID(id))
    return row


async def story_of(api: Api, id: str) -> list[tuple[str, str]]:
    return [(entry["type"], entry["message"]) for entry in (await api.ok("GET", f"/emails/{id}/events"))["data"]]


# Changing


async def test_every_part_of_a_text_can_be_changed(app: Litestar, api: Api) -> None:
    id = await add(api, html="<p>Hi</p>", scheduled_at=ahead(hours=1), reply_to="desk@example.com", metadata={"a": 1})
    before = await row_of(app, id)
    wanted = {
        "subject": "Other",
        "html": None,
        "text": "Hello again",
        "reply_to": ["Desk <desk@example.org>"],
        "headers": {"X-A": "b"},
        "tags": [{"name": "a", "value": "b"}],
        "metadata": {"b": [2]},
        "late_policy": "ask",
    }
    answer = await api.ok("PATCH", f"/emails/{id}", json=wanted)
    assert (answer["status"], answer["late_policy"]) == ("scheduled", "ask")
    email = await api.ok("GET", f"/emails/{id}")
    assert {field: email[field] for field in wanted} == wanted
    after = await row_of(app, id)
    assert after["content_id"] != before["content_id"], "workers keep texts by their ids"
    assert after["revision"] == before["revision"] + 1
    assert (after["due_at"], after["scheduled_at"]) == (before["due_at"], before["scheduled_at"])
    [old] = await rows_of(app.state.pool, "select * from contents where id = %s", before["content_id"])
    assert (old["subject"], old["html"]) == ("Hello", "<p>Hi</p>"), "a worker may be reading it"
    assert await story_of(api, id) == [
        ("scheduled", (await story_of(api, id))[0][1]),
        (
            "edited",
            "The API key “full” of Ann changed subject, html, text, reply_to, headers, tags, metadata, late_policy.",
        ),
    ]


async def test_what_is_absent_stays_and_what_changes_nothing_is_no_change(app: Litestar, api: Api) -> None:
    id = await add(api, scheduled_at=ahead(hours=1), reply_to="Desk <desk@example.com>", tags=[])
    await api.ok("PATCH", f"/emails/{id}", json={"subject": "Other"})
    email = await api.ok("GET", f"/emails/{id}")
    assert (email["subject"], email["text"], email["reply_to"]) == ("Other", "Hi Bob", ["Desk <desk@example.com>"])
    once = await row_of(app, id)
    same = {"subject": "Other", "text": "Hi Bob", "reply_to": ["Desk <desk@example.com>"], "late_policy": "send"}
    await api.ok("PATCH", f"/emails/{id}", json=same)
    assert await row_of(app, id) == once


async def test_a_text_and_a_time_can_change_together(app: Litestar, api: Api) -> None:
    id = await add(api, scheduled_at=ahead(days=2))
    at = ahead(hours=1)
    await api.ok("PATCH", f"/emails/{id}", json={"subject": "Other", "scheduled_at": at})
    row = await row_of(app, id)
    assert (row["due_at"], row["revision"]) == (datetime.fromisoformat(at), 1)
    assert {type for type, _ in await story_of(api, id)} == {"scheduled", "edited", "rescheduled"}


async def test_two_who_change_it_at_once_both_have_their_way(app: Litestar, api: Api) -> None:
    id = await add(api, scheduled_at=ahead(hours=1))
    changes: dict[str, Any] = {
        "subject": "Other",
        "text": "Hello again",
        "headers": {"X-A": "b"},
        "metadata": {"a": 1},
        "late_policy": "ask",
    }
    requests = [api.ok("PATCH", f"/emails/{id}", json={field: value}) for field, value in changes.items()]
    await asyncio.gather(*requests, api.ok("PATCH", f"/emails/{id}", json={"scheduled_at": "in 2 hours"}))
    email = await api.ok("GET", f"/emails/{id}")
    assert {field: email[field] for field in changes} == changes
    assert (await row_of(app, id))["revision"] == 6


@pytest.mark.parametrize("status", ["deferred", "held"])
async def test_an_edit_leaves_a_message_waiting_as_it_waits(app: Litestar, api: Api, status: str) -> None:
    id = await add(api)
    await put(app, status, id)
    assert (await api.ok("PATCH", f"/emails/{id}", json={"text": "New"}))["status"] == status
    assert (await api.ok("PATCH", f"/emails/{id}", json={"scheduled_at": "in 1 hour"}))["status"] == "scheduled"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({}, ""),
        ({"subject": "a\nb"}, "subject"),
        ({"subject": None}, "subject"),
        ({"text": None}, "html"),
        ({"text": ""}, "html"),
        ({"reply_to": "nobody"}, "reply_to[0]"),
        ({"headers": {"Bcc": "x@example.org"}}, "headers.Bcc"),
        ({"metadata": {"a": "x" * 20_000}}, "metadata"),
        ({"late_policy": "never"}, "late_policy"),
        ({"late_policy": None}, "late_policy"),
        ({"to": "eve@example.org"}, "to"),
        ({"scheduled_at": None}, "scheduled_at"),
        ({"scheduled_at": "2020-01-01T00:00:00Z", "subject": "Other"}, "scheduled_at"),
    ],
)
async def test_a_bad_change_changes_nothing(app: Litestar, api: Api, change: dict[str, Any], path: str) -> None:
    id = await add(api, scheduled_at=ahead(hours=1))
    before = await row_of(app, id)
    assert path in await api.refused(422, "PATCH", f"/emails/{id}", json=change)
    assert await row_of(app, id) == before


async def test_a_message_of_a_campaign_can_only_be_moved(app: Litestar, api: Api, sender: Any) -> None:
    campaign = await add_campaign(app, api, sender, 2)
    id = (await api.ok("GET", "/emails", params={"campaign_id": campaign}))["data"][0]["id"]
    answer = await api.patch(f"/emails/{id}", json={"subject": "Other", "scheduled_at": "in 1 hour"})
    assert (answer.status_code, answer.json()["name"]) == (409, "part_of_campaign")
    assert (await row_of(app, id))["revision"] == 0
    await api.ok("PATCH", f"/emails/{id}", json={"late_policy": "skip", "scheduled_at": "in 1 hour"})
    assert (await row_of(app, id))["late_policy"] == "skip"


@pytest.mark.parametrize("status", ["sending", "sent", "uncertain", "failed", "missed", "cancelled"])
async def test_what_waits_no_more_can_be_neither_changed_nor_cancelled(app: Litestar, api: Api, status: str) -> None:
    id = await add(api)
    await put(app, status, id)
    before = await row_of(app, id)
    for change in ({"subject": "Other"}, {"scheduled_at": "in 1 hour"}):
        answer = await api.patch(f"/emails/{id}", json=change)
        assert (answer.status_code, answer.json()["name"]) == (409, "already_sending")
    if status != "cancelled":
        assert (await api.post(f"/emails/{id}/cancel")).json()["name"] == "already_sending"
    assert await row_of(app, id) == before


# Trying again


@pytest.mark.parametrize("status", ["failed", "missed"])
async def test_what_failed_or_was_missed_is_tried_again(app: Litestar, api: Api, status: str) -> None:
    id = await add(api, scheduled_at=ahead(hours=1))
    await put(app, status, id)
    before = datetime.now(UTC) - timedelta(seconds=1)
    answer = await api.ok("POST", f"/emails/{id}/retry")
    assert answer["status"] == "scheduled"
    row = await row_of(app, id)
    assert before <= row["due_at"] == row["scheduled_at"] <= datetime.now(UTC)
    assert (row["ended_at"], row["revision"], row["ordered_by"]) == (None, 1, api.tenant.user_id)
    [lane] = await rows_of(app.state.pool, "select next_due from lanes")
    assert lane["next_due"] == row["due_at"], "its lane is awake"
    again = await api.ok("POST", f"/emails/{id}/retry")
    assert (again["status"], again["scheduled_at"]) == ("scheduled", answer["scheduled_at"]), "twice is no error"
    assert (await row_of(app, id))["revision"] == 1
    assert (await story_of(api, id))[-1][1].startswith("The API key “full” of Ann had it tried again")


async def test_a_retry_may_be_for_later(app: Litestar, api: Api) -> None:
    id = await add(api)
    await put(app, "failed", id)
    at = ahead(hours=2)
    await api.ok("POST", f"/emails/{id}/retry", json={"scheduled_at": at})
    assert (await row_of(app, id))["due_at"] == datetime.fromisoformat(at)
    await api.refused(422, "POST", f"/emails/{id}/retry", json={"scheduled_at": "yesterday"})
    await api.refused(422, "POST", f"/emails/{id}/retry", json={"when": "now"})
    await api.refused(409, "POST", f"/emails/{id}/retry", json={"scheduled_at": ahead(hours=3)})


@pytest.mark.parametrize("status", ["scheduled", "deferred", "held", "sending", "sent", "uncertain", "cancelled"])
async def test_nothing_else_can_be_tried_again(app: Litestar, api: Api, status: str) -> None:
    id = await add(api)
    if status != "scheduled":
        await put(app, status, id)
    before = await row_of(app, id)
    answer = await api.post(f"/emails/{id}/retry")
    assert (answer.status_code, answer.json()["name"]) == (409, "not_retryable")
    assert await row_of(app, id) == before


async def test_what_a_late_answer_shows_to_have_arrived_is_not_tried_again(app: Litestar, api: Api) -> None:
    id = await add(api)
    await put(app, "uncertain", id)
    await api.ok("POST", f"/emails/{id}/resolve", json={"action": "drop"})
    async with app.state.pool.connection() as conn:
        await conn.execute("update dispatches set outcome = 'accepted', reply_code = 250")
    assert "did arrive" in (await api.refused(409, "POST", f"/emails/{id}/retry"))[""]


async def test_nothing_of_a_cancelled_campaign_is_sent_again(app: Litestar, api: Api, sender: Any) -> None:
    campaign = await add_campaign(app, api, sender, 3)
    ids = [each["id"] for each in (await api.ok("GET", "/emails", params={"campaign_id": campaign}))["data"]]
    await put(app, "failed", ids[0])
    await put(app, "uncertain", ids[1])
    await put(app, "held", ids[2])
    async with app.state.pool.connection() as conn:
        await conn.execute("update campaigns set state = 'cancelled', cancelled_at = now()")
    for path, action in (("retry", None), ("resolve", "send_again"), ("resolve", "send")):
        id = {None: ids[0], "send_again": ids[1], "send": ids[2]}[action]
        refused = await api.refused(409, "POST", f"/emails/{id}/{path}", json={"action": action} if action else None)
        assert "campaign" in refused[""]
    many = await api.ok("POST", "/emails/retry", json={"filter": {"status": "failed"}})
    assert (many["count"], many["has_more"]) == (0, False)
    await api.ok("POST", f"/emails/{ids[1]}/resolve", json={"action": "drop"})


# Deciding


async def test_it_arrived(app: Litestar, api: Api) -> None:
    id = await add(api)
    await put(app, "uncertain", id)
    answer = await api.ok("POST", f"/emails/{id}/resolve", json={"action": "arrived"})
    assert answer["status"] == "sent"
    row = await row_of(app, id)
    assert row["sent_at"] == row["dispatched_at"] + timedelta(seconds=1), "when its dot was written"
    assert row["ended_at"] is not None
    [dispatch] = await rows_of(app.state.pool, "select outcome::text, reply_code, reply_text from dispatches")
    assert dispatch == {"outcome": "accepted", "reply_code": None, "reply_text": "A person said that it arrived."}
    assert await api.ok("POST", f"/emails/{id}/resolve", json={"action": "arrived"}) == answer
    assert [type for type, _ in await story_of(api, id)] == ["scheduled", "dispatched", "sent"]
    assert (await story_of(api, id))[-1][1] == "The API key “full” of Ann said that it arrived."
    await api.refused(409, "POST", f"/emails/{id}/resolve", json={"action": "send_again"})
    await api.refused(409, "POST", f"/emails/{id}/resolve", json={"action": "drop"})


async def test_it_arrived_although_the_moment_of_its_dot_was_lost_with_the_worker(app: Litestar, api: Api) -> None:
    id = await add(api)
    await put(app, "uncertain", id)
    async with app.state.pool.connection() as conn:
        await conn.execute("update dispatches set dot_at = null")
    await api.ok("POST", f"/emails/{id}/resolve", json={"action": "arrived"})
    row = await row_of(app, id)
    assert row["sent_at"] == row["dispatched_at"]


async def test_it_is_sent_again(app: Litestar, api: Api) -> None:
    id = await add(api, scheduled_at=ahead(hours=1))
    await put(app, "uncertain", id)
    answer = await api.ok("POST", f"/emails/{id}/resolve", json={"action": "send_again"})
    assert answer["status"] == "scheduled"
    row = await row_of(app, id)
    assert row["due_at"] <= datetime.now(UTC)
    assert (row["ordered_by"], row["revision"]) == (api.tenant.user_id, 1)
    [lane] = await rows_of(app.state.pool, "select next_due from lanes")
    assert lane["next_due"] == row["due_at"]
    again = await api.ok("POST", f"/emails/{id}/resolve", json={"action": "send_again"})
    assert (again["status"], again["scheduled_at"]) == ("scheduled", answer["scheduled_at"])
    assert (await row_of(app, id))["revision"] == 1
    assert "sent again, although it may have arrived" in (await story_of(api, id))[-1][1]
    await api.ok("POST", f"/emails/{id}/cancel")
    assert "Nobody knows whether it arrived the first time" in (await api.ok("GET", f"/emails/{id}"))["last_reply"]


async def test_what_is_dropped_in_doubt_is_not_called_cancelled(app: Litestar, api: Api) -> None:
    id = await add(api)
    await put(app, "uncertain", id)
    answer = await api.ok("POST", f"/emails/{id}/resolve", json={"action": "drop"})
    assert answer["status"] == "failed"
    assert await api.ok("POST", f"/emails/{id}/resolve", json={"action": "drop"}) == answer
    assert "nobody knows" in (await api.ok("GET", f"/emails/{id}"))["last_reply"]
    await api.refused(409, "POST", f"/emails/{id}/resolve", json={"action": "arrived"})
    assert (await api.ok("POST", f"/emails/{id}/retry"))["status"] == "scheduled", "its id brings it back"


async def test_what_is_held_is_sent_or_dropped(app: Litestar, api: Api) -> None:
    go, stay = await add(api), await add(api)
    await put(app, "held", go, stay)
    assert (await api.ok("GET", f"/emails/{go}"))["waiting_for"] == {"reason": "late", "next_at": None}
    assert (await api.ok("POST", f"/emails/{go}/resolve", json={"action": "send"}))["status"] == "scheduled"
    assert (await api.ok("POST", f"/emails/{go}/resolve", json={"action": "send"}))["status"] == "scheduled"
    assert (await row_of(app, go))["ordered_by"] is None, "it was not sent before"
    assert (await api.ok("POST", f"/emails/{stay}/resolve", json={"action": "drop"}))["status"] == "cancelled"
    assert (await story_of(api, stay))[-1] == (
        "cancelled",
        "The API key “full” of Ann dropped it: it will not be sent.",
    )
    for action in ("arrived", "send_again"):
        await api.refused(409, "POST", f"/emails/{go}/resolve", json={"action": action})


@pytest.mark.parametrize("action", ["arrived", "send_again", "send", "drop"])
async def test_there_is_nothing_to_decide_about_what_is_being_sent(app: Litestar, api: Api, action: str) -> None:
    id = await add(api)
    await put(app, "sending", id)
    answer = await api.post(f"/emails/{id}/resolve", json={"action": action})
    assert (answer.status_code, answer.json()["name"]) == (409, "not_resolvable")
    assert (await row_of(app, id))["status"] == "sending"


async def test_a_decision_is_one_of_four(api: Api) -> None:
    id = await add(api)
    for body in ({"action": "forget"}, {}, {"action": "drop", "id": 1}):
        await api.refused(422, "POST", f"/emails/{id}/resolve", json=body)


async def test_the_controls_are_for_ones_own_messages_and_full_keys(app: Litestar, api: Api, stranger: Api) -> None:
    id = await add(api)
    await put(app, "uncertain", id)
    before = await row_of(app, id)
    requests: list[tuple[str, dict[str, Any]]] = [
        (f"/emails/{id}/retry", {}),
        (f"/emails/{id}/resolve", {"action": "drop"}),
        ("/emails/resolve", {"action": "drop", "ids": [id]}),
        ("/emails/retry", {"ids": [id]}),
        ("/emails/cancel", {"ids": [id]}),
        ("/emails/resolve", {"action": "drop", "filter": {"status": "uncertain"}}),
    ]
    for path, body in requests:
        await api.refused(401, "POST", path, json=body, headers={"authorization": f"Bearer {api.tenant.send_key}"})
    for path, body in requests[:2]:
        await stranger.refused(404, "POST", path, json=body)
    for path, body in requests[2:]:
        answer = await stranger.ok("POST", path, json=body)
        assert answer["count"] == 0
        assert [error["message"] for error in answer["errors"]] == (
            ["There is no such message in this workspace."] if "ids" in body else []
        )
    assert await row_of(app, id) == before


# Many


async def test_many_by_their_ids_each_by_itself(app: Litestar, api: Api) -> None:
    ids = [await add(api) for _ in range(5)]
    await put(app, "uncertain", *ids[:3])
    await put(app, "held", ids[3])
    unknown = str(new_id())
    wanted = {"action": "drop", "ids": [*ids, unknown, ids[0]]}
    answer = await api.ok("POST", "/emails/resolve", json=wanted)
    assert answer["data"] == [
        *({"id": id, "status": "failed"} for id in ids[:3]),
        {"id": ids[3], "status": "cancelled"},
    ]
    assert [error["id"] for error in answer["errors"]] == [ids[4], unknown]
    assert (answer["count"], answer["has_more"]) == (4, False)
    again = await api.ok("POST", "/emails/resolve", json=wanted)
    assert (again["data"], again["count"]) == (answer["data"], 0), "twice is no error"

    answer = await api.ok("POST", "/emails/retry", json={"ids": ids})
    assert [each["id"] for each in answer["data"]] == ids[:3]
    assert [error["id"] for error in answer["errors"]] == ids[3:]
    assert {(await row_of(app, id))["ordered_by"] for id in ids[:3]} == {api.tenant.user_id}


async def test_many_by_a_filter_in_batches(
    app: Litestar, api: Api, sender: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(email_bulk, "BATCH", 3)
    monkeypatch.setattr(email_bulk, "MOST", 6)
    campaign = await add_campaign(app, api, sender, 8)
    ids = [each["id"] for each in (await api.ok("GET", "/emails", params={"campaign_id": campaign}))["data"]]
    single = [await add(api) for _ in range(2)]
    await put(app, "uncertain", *ids, *single)
    wanted = {"action": "send_again", "filter": {"status": "uncertain", "campaign_id": campaign}}
    first = await api.ok("POST", "/emails/resolve", json=wanted)
    assert (first["count"], first["has_more"], first["data"], first["errors"]) == (6, True, [], [])
    second = await api.ok("POST", "/emails/resolve", json=wanted)
    assert (second["count"], second["has_more"]) == (2, False)
    counts = await rows_of(app.state.pool, "select status::text, count(*) as n from emails group by 1")
    assert {row["status"]: row["n"] for row in counts} == {"scheduled": 8, "uncertain": 2}
    everything = {"action": "arrived", "filter": {"status": "uncertain"}}
    assert (await api.ok("POST", "/emails/resolve", json=everything))["count"] == 2
    none = {"action": "arrived", "filter": {"status": "uncertain", "campaign_id": str(new_id())}}
    assert (await api.ok("POST", "/emails/resolve", json=none))["count"] == 0


async def test_a_filter_does_not_bring_back_what_was_given_up_in_doubt(app: Litestar, api: Api) -> None:
    doubtful, certain = await add(api), await add(api)
    await put(app, "uncertain", doubtful)
    await put(app, "failed", certain)
    await api.ok("POST", f"/emails/{doubtful}/resolve", json={"action": "drop"})
    assert (await api.ok("POST", "/emails/retry", json={"filter": {"status": "failed"}}))["count"] == 1
    assert [(await row_of(app, id))["status"] for id in (doubtful, certain)] == ["failed", "scheduled"]


@pytest.mark.parametrize(
    ("path", "body", "where"),
    [
        ("cancel", {}, "ids"),
        ("cancel", {"ids": [str(new_id())] * 1001}, "ids"),
        ("cancel", {"filter": {"status": "sent"}}, "filter.status"),
        ("retry", {}, "ids"),
        ("retry", {"ids": [], "filter": None}, "ids"),
        ("retry", {"ids": [str(new_id())], "filter": {"status": "failed"}}, "ids"),
        ("retry", {"ids": [str(new_id())] * 1001}, "ids"),
        ("retry", {"filter": {"status": "uncertain"}}, "filter.status"),
        ("retry", {"filter": {}}, "filter"),
        ("resolve", {"ids": [str(new_id())]}, "action"),
        ("resolve", {"action": "send", "filter": {"status": "uncertain"}}, "filter.status"),
        ("resolve", {"action": "drop", "filter": {"status": "failed"}}, "filter.status"),
    ],
)
async def test_a_bad_request_for_many_is_refused(api: Api, path: str, body: dict[str, Any], where: str) -> None:
    refused = await api.refused(422, "POST", f"/emails/{path}", json=body)
    assert any(found.startswith(where) for found in refused if found) or where in refused[""]


# Who, and the late policy


async def test_the_story_names_the_person(app: Litestar, api: Api, settings: Settings) -> None:
    id = await add(api, scheduled_at=ahead(hours=1))
    tenant, now = api.tenant, datetime.now(UTC)
    async with transaction(app.state.pool) as tx:
        token = await sessions.start(tx, user_id=tenant.user_id, workspace_id=tenant.workspace_id, now=now)
    session = await sessions.find(app.state.pool, token)
    assert session is not None
    async with client_of(app) as browser:
        browser.cookies.set(session_cookie_name(settings), token)
        answer = await browser.post(f"/v1/emails/{id}/cancel", headers={"x-csrf-token": session.csrf_token})
        assert answer.status_code == 200
    assert (await story_of(api, id))[-1] == ("cancelled", "Ann cancelled it: it will not be sent.")


async def test_a_key_that_nobody_made_orders_in_its_own_name(app: Litestar, api: Api) -> None:
    [key] = await rows_of(app.state.pool, "update api_keys set created_by = null where scope = 'full' returning id")
    id = await add(api)
    await put(app, "uncertain", id)
    await api.ok("POST", f"/emails/{id}/resolve", json={"action": "send_again"})
    assert (await row_of(app, id))["ordered_by"] == key["id"]
    assert (await story_of(api, id))[-1][1].startswith("The API key “full” had it sent again")


async def test_the_late_policy_is_kept_and_shown(app: Litestar, api: Api) -> None:
    answer = await api.ok("POST", "/emails", json=a_message(late_policy="ask"))
    assert answer["late_policy"] == "ask"
    assert (await api.ok("GET", f"/emails/{answer['id']}"))["late_policy"] == "ask"
    assert (await api.ok("POST", "/emails", json=a_message()))["late_policy"] == "send"
    batch = await api.ok("POST", "/emails/batch", json=[a_message(late_policy="skip"), a_message()])
    assert [(await row_of(app, each["id"]))["late_policy"] for each in batch["data"]] == ["skip", "send"]
    assert "late_policy" in await api.refused(422, "POST", "/emails", json=a_message(late_policy="never"))


# Suppressed addresses


async def suppress(app: Litestar, api: Api, address: str) -> None:
    async with app.state.pool.connection() as conn:
        await conn.execute(
            "insert into suppressions (workspace_id, address, reason) values (%s, %s, 'manual')",
            [api.tenant.workspace_id, address],
        )


async def test_a_message_to_a_suppressed_address_is_taken_and_ends_at_once(app: Litestar, api: Api) -> None:
    await suppress(app, api, "bob@example.org")
    answer = await api.ok("POST", "/emails", json=a_message(to="Bob@Example.org", scheduled_at=ahead(hours=1)))
    assert (answer["status"], answer["estimated_send_at"]) == ("suppressed", None)
    email = await api.ok("GET", f"/emails/{answer['id']}")
    assert (email["status"], email["last_event"], email["waiting_for"]) == ("suppressed", "suppressed", None)
    assert email["last_reply"] == "bob@example.org is on the suppression list."
    assert email["ended_at"] is not None
    assert [type for type, _ in await story_of(api, answer["id"])] == ["scheduled", "suppressed"]
    [lane] = await rows_of(app.state.pool, "select next_due from lanes")
    assert lane["next_due"] is None, "nobody is woken for it"
    assert await rows_of(app.state.pool, "select * from procrastinate_jobs") == []


async def test_one_suppressed_recipient_holds_the_whole_message_back_as_at_the_gate(
    app: Litestar, api: Api, stranger: Api
) -> None:
    await suppress(app, api, "eve@example.org")
    await suppress(app, stranger, "bob@example.org")
    batch = await api.ok("POST", "/emails/batch", json=[a_message(), a_message(bcc=["eve@example.org"])])
    assert [(await row_of(app, each["id"]))["status"] for each in batch["data"]] == ["scheduled", "suppressed"]
    [lane] = await rows_of(app.state.pool, "select next_due from lanes")
    assert lane["next_due"] is not None


# Sending hours


async def test_sending_hours_are_a_reason_before_their_time_has_come(app: Litestar, api: Api) -> None:
    """Tomorrow is no day of this sender: what is scheduled for then waits for the first minute of the day after."""
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)
    opens = (tomorrow + timedelta(days=1)).replace(hour=0)
    days = sorted({0, 1, 2, 3, 4, 5, 6} - {tomorrow.weekday()})
    async with app.state.pool.connection() as conn:
        await conn.execute(
            "update senders set window_days = %s, window_start = 0, window_end = 1440, window_timezone = 'UTC'", [days]
        )
    answer = await api.ok("POST", "/emails", json=a_message(scheduled_at=tomorrow.isoformat()))
    assert datetime.fromisoformat(answer["estimated_send_at"]) == opens
    email = await api.ok("GET", f"/emails/{answer['id']}")
    assert email["waiting_for"]["reason"] == "window"
    assert datetime.fromisoformat(email["waiting_for"]["next_at"]) == opens
    assert email["estimated_send_at"] == answer["estimated_send_at"]


async def test_what_a_deleted_sender_left_is_not_sent_again(app: Litestar, api: Api, sender: dict[str, Any]) -> None:
    """Nobody would send it: it would wait for ever."""
    failed, missed, doubted = [await add(api) for _ in range(3)]
    await put(app, "failed", failed)
    await put(app, "missed", missed)
    await put(app, "uncertain", doubted)
    error = await api.refused(409, "DELETE", f"/senders/{sender['id']}")
    assert error[""] == "1 message is uncertain: resolve first."
    other = await add(api)
    error = await api.refused(409, "DELETE", f"/senders/{sender['id']}")
    assert error[""] == "1 message waits for this sender: cancel first. 1 message is uncertain: resolve first."
    await api.ok("POST", f"/emails/{other}/cancel")
    await api.ok("POST", f"/emails/{doubted}/resolve", json={"action": "drop"})
    await api.ok("DELETE", f"/senders/{sender['id']}")

    why = "The sender of this message was deleted: nothing can send it again."
    for id in (failed, missed, doubted):
        error = await api.refused(409, "POST", f"/emails/{id}/retry")
        assert error[""] == why
    answer = await api.ok("POST", "/emails/retry", json={"ids": [failed, missed]})
    assert answer["count"] == 0
    assert [each["message"] for each in answer["errors"]] == [why, why]
    for status in ("failed", "missed"):
        answer = await api.ok("POST", "/emails/retry", json={"filter": {"status": status}})
        assert (answer["count"], answer["has_more"]) == (0, False)


async def test_what_is_in_doubt_can_be_sent_again_only_while_its_sender_is_there(
    app: Litestar, api: Api, sender: dict[str, Any]
) -> None:
    """A sender that was deleted by an earlier version, which did not ask about what is in doubt."""
    again, arrived = [await add(api) for _ in range(2)]
    await put(app, "uncertain", again, arrived)
    async with transaction(app.state.pool) as tx:
        await tx.execute("update senders set deleted_at = now() where id = %s", [UUID(sender["id"])])
    error = await api.refused(409, "POST", f"/emails/{again}/resolve", json={"action": "send_again"})
    assert error[""] == "The sender of this message was deleted: nothing can send it again."
    answer = await api.ok("POST", "/emails/resolve", json={"action": "send_again", "filter": {"status": "uncertain"}})
    assert answer["count"] == 0
    assert (await api.ok("POST", f"/emails/{arrived}/resolve", json={"action": "arrived"}))["status"] == "sent"
    assert (await api.ok("POST", f"/emails/{again}/resolve", json={"action": "drop"}))["status"] == "failed"


async def test_many_are_cancelled_by_their_ids_each_by_itself(app: Litestar, api: Api) -> None:
    ids = [await add(api, scheduled_at=ahead(hours=1)) for _ in range(5)]
    await put(app, "sent", ids[1])
    await put(app, "held", ids[2])
    await put(app, "uncertain", ids[3])
    await api.ok("POST", f"/emails/{ids[4]}/cancel")
    unknown = str(new_id())
    answer = await api.ok("POST", "/emails/cancel", json={"ids": [*ids, unknown, ids[0]]})
    assert answer["count"] == 2
    assert answer["data"] == [{"id": ids[i], "status": "cancelled"} for i in (0, 2, 4)]
    assert answer["errors"] == [
        {"id": ids[1], "message": "This message is sent and can no longer be cancelled."},
        {"id": ids[3], "message": "This message is uncertain and can no longer be cancelled."},
        {"id": unknown, "message": "There is no such message in this workspace."},
    ]
    assert not answer["has_more"]
    for id in (ids[0], ids[2], ids[4]):
        row = await row_of(app, id)
        assert (row["status"], row["reply"]) == ("cancelled", "It was cancelled.")
        story = (await api.ok("GET", f"/emails/{id}/events"))["data"]
        assert [entry["type"] for entry in story].count("cancelled") == 1
    assert (await api.ok("POST", "/emails/cancel", json={"ids": ids[:1]}))["count"] == 0, "twice is no error"


async def test_all_of_a_filter_are_cancelled_in_batches(
    app: Litestar, api: Api, sender: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(email_bulk, "BATCH", 3)
    monkeypatch.setattr(email_bulk, "MOST", 6)
    campaign = await add_campaign(app, api, sender, 8)
    single = await add(api, scheduled_at=ahead(hours=1))
    wanted = {"filter": {"status": "scheduled", "campaign_id": campaign}}
    first = await api.ok("POST", "/emails/cancel", json=wanted)
    assert (first["count"], first["has_more"]) == (6, True)
    second = await api.ok("POST", "/emails/cancel", json=wanted)
    assert (second["count"], second["has_more"]) == (2, False)
    assert (await api.ok("GET", f"/emails/{single}"))["status"] == "scheduled"
