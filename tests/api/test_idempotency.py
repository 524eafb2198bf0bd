"""Idempotency keys: a repeated request is answered again, not done again."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from litestar import Litestar

from app.services import idempotency
from tests.api.test_emails import a_message, add_sender, ahead
from tests.support.tables import rows_of
from tests.support.tenants import Api
from tests.support.waiting import wait_until

KEY = {"Idempotency-Key": "order-1"}
TAKEN = """
    insert into idempotency_keys (workspace_id, key, body_hash, status_code, response) values (%s, %s, '', 200, '{}')
"""


@pytest.fixture(autouse=True)
async def sender(api: Api) -> dict[str, Any]:
    return await add_sender(api)


async def test_the_same_request_is_done_once_and_answered_alike(app: Litestar, api: Api) -> None:
    message = a_message(scheduled_at=ahead(hours=1))
    first = await api.ok("POST", "/emails", json=message, headers=KEY)
    reordered = dict(reversed(message.items()))
    assert await api.ok("POST", "/emails", json=reordered, headers=KEY) == first
    assert len(await rows_of(app.state.pool, "select * from emails")) == 1


async def test_another_body_under_the_key_is_refused(app: Litestar, api: Api) -> None:
    await api.ok("POST", "/emails", json=a_message(), headers=KEY)
    answer = await api.post("/emails", json=a_message(subject="Other"), headers=KEY)
    assert (answer.status_code, answer.json()["name"]) == (409, "invalid_idempotent_request")
    batch = await api.post("/emails/batch", json=[a_message()], headers=KEY)
    assert (batch.status_code, batch.json()["name"]) == (409, "invalid_idempotent_request")
    assert len(await rows_of(app.state.pool, "select * from emails")) == 1


async def test_the_answer_outlives_the_moment_at_which_it_was_valid(app: Litestar, api: Api, sender: Any) -> None:
    message = a_message(scheduled_at="in 1 minute")
    first = await api.ok("POST", "/emails", json=message, headers=KEY)
    await api.ok("POST", f"/emails/{first['id']}/cancel")
    await api.ok("PATCH", f"/senders/{sender['id']}", json={"from_email": "moved@example.com"})
    assert await api.ok("POST", "/emails", json=message, headers=KEY) == first


async def test_batches_keep_their_answer(app: Litestar, api: Api) -> None:
    batch = [a_message(), a_message(to="nobody")]
    headers = KEY | {"x-batch-validation": "permissive"}
    first = await api.ok("POST", "/emails/batch", json=batch, headers=headers)
    assert await api.ok("POST", "/emails/batch", json=batch, headers=headers) == first
    await api.refused(409, "POST", "/emails/batch", json=batch, headers=KEY)
    assert len(await rows_of(app.state.pool, "select * from emails")) == 1


async def test_parallel_twins_share_one_message(app: Litestar, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "TWIN_WAIT", 60.0)
    answers = await asyncio.gather(*(api.ok("POST", "/emails", json=a_message(), headers=KEY) for _ in range(20)))
    assert len({answer["id"] for answer in answers}) == 1
    assert len(await rows_of(app.state.pool, "select * from emails")) == 1


async def test_a_twin_waits_for_the_first_and_then_gives_up(
    app: Litestar, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "TWIN_WAIT", 0.2)
    async with app.state.pool.connection() as first, first.transaction():
        await first.execute(TAKEN, [api.tenant.workspace_id, KEY["Idempotency-Key"]])
        answer = await api.post("/emails", json=a_message(), headers=KEY)
    assert (answer.status_code, answer.json()["name"]) == (409, "concurrent_idempotent_requests")
    assert await rows_of(app.state.pool, "select * from emails") == []


async def test_a_twin_does_the_work_where_the_first_came_to_nothing(app: Litestar, api: Api) -> None:
    async with app.state.pool.connection() as first, first.transaction(force_rollback=True):
        await first.execute(TAKEN, [api.tenant.workspace_id, KEY["Idempotency-Key"]])
        twin = asyncio.create_task(api.ok("POST", "/emails", json=a_message(), headers=KEY))

        async def waits() -> list[Any]:
            waiting = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
            return await rows_of(app.state.pool, waiting)

        assert await wait_until(waits, what="the twin to wait")
    await twin
    assert len(await rows_of(app.state.pool, "select * from emails")) == 1


async def test_a_key_lives_for_a_day(app: Litestar, api: Api) -> None:
    first = await api.ok("POST", "/emails", json=a_message(), headers=KEY)
    async with app.state.pool.connection() as conn:
        await conn.execute("update idempotency_keys set created_at = now() - interval '24 hours 1 second'")
    second = await api.ok("POST", "/emails", json=a_message(subject="Other"), headers=KEY)
    assert second["id"] != first["id"]
    assert await api.ok("POST", "/emails", json=a_message(subject="Other"), headers=KEY) == second


async def test_a_key_belongs_to_its_workspace(api: Api, stranger: Api) -> None:
    await add_sender(stranger)
    mine = await api.ok("POST", "/emails", json=a_message(), headers=KEY)
    theirs = await stranger.ok("POST", "/emails", json=a_message(), headers=KEY)
    assert mine["id"] != theirs["id"]


@pytest.mark.parametrize("key", ["", "x" * 257])
async def test_a_key_has_1_to_256_characters(app: Litestar, api: Api, key: str) -> None:
    refused = await api.refused(422, "POST", "/emails", json=a_message(), headers={"Idempotency-Key": key})
    assert "256" in refused["Idempotency-Key"]
    assert await rows_of(app.state.pool, "select * from emails") == []


async def test_a_key_is_one_line(api: Api) -> None:
    key = httpx.Headers([(b"idempotency-key", b"a\0b")])
    refused = await api.refused(422, "POST", "/emails", json=a_message(), headers=key)
    assert "control" in refused["Idempotency-Key"]
