"""The story of a message."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Litestar

from tests.api.test_emails import a_message, add_sender
from tests.support.tenants import Api

DISPATCH = """
    insert into dispatches (
        workspace_id, email_id, attempt, mailbox_id, recipients, worker_id, fence, dispatched_at, window_seconds,
        gap_ms, outcome, outcome_at, reply_code, reply_text
    )
    select workspace_id, %(id)s, %(attempt)s, id, 1, id, 1, clock_timestamp(), 3600, 0,
        %(outcome)s, clock_timestamp(), %(code)s, %(text)s
    from mailboxes
"""


async def test_the_story_joins_row_ledger_and_events(app: Litestar, api: Api) -> None:
    await add_sender(api)
    id = (await api.ok("POST", "/emails", json=a_message()))["id"]

    async def execute(query: str, **values: Any) -> None:
        async with app.state.pool.connection() as conn:
            await conn.execute(query, {"id": UUID(id), "workspace": api.tenant.workspace_id} | values)

    event = "insert into events (workspace_id, type, email_id, data) values (%(workspace)s, %(type)s, %(id)s, %(data)s)"
    await execute(event, type="email.deferred", data='{"reply": "421 4.7.0 not now"}')
    await execute(DISPATCH, attempt=2, outcome="void", code=None, text=None)
    await execute(DISPATCH, attempt=2, outcome="accepted", code=250, text="2.0.0 queued")
    await execute(event, type="email.sent", data="{}")
    story = (await api.ok("GET", f"/emails/{id}/events"))["data"]
    assert [entry["type"] for entry in story] == [
        "scheduled",
        "deferred",
        "dispatched",
        "void",
        "dispatched",
        "accepted",
    ]
    assert story == sorted(story, key=lambda entry: entry["at"])
    assert "421 4.7.0 not now" in story[1]["message"]
    assert story[-1]["data"] == {"attempt": 2, "code": 250, "reply": "2.0.0 queued"}
    assert "2.0.0 queued" in story[-1]["message"]
