"""Lists of messages: what they hold, in which order, page by page."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from litestar import Litestar

from app.db.transaction import transaction
from app.domain.ids import new_id, new_ids
from app.services import lanes
from app.services.email_rows import NewEmail, insert_many
from tests.api.test_emails import a_message, add_sender, ahead
from tests.support.tenants import Api

CAMPAIGN = """
    insert into campaigns (
        workspace_id, id, name, state, content_id, sender_ids, start_at, timezone, recipient_count, scheduled_at
    )
    values (%s, %s, 'Spring', 'scheduled', %s, %s, now(), 'UTC', %s, now())
"""


@pytest.fixture(autouse=True)
async def sender(api: Api) -> dict[str, Any]:
    return await add_sender(api)


async def execute(app: Litestar, query: str, *values: Any) -> None:
    async with app.state.pool.connection() as conn:
        await conn.execute(query, values)


async def add(api: Api, count: int, **changes: Any) -> list[str]:
    """Ids, the oldest first."""
    batch = [a_message(to=f"p{i}@example.org", subject=f"Note {i}", **changes) for i in range(count)]
    return [each["id"] for each in (await api.ok("POST", "/emails/batch", json=batch))["data"]]


async def add_campaign(app: Litestar, api: Api, sender: Any, count: int) -> str:
    """With the subject `Hello {{ name }} of {{ town }}`; message i is due in i + 1 minutes."""
    workspace_id, sender_id = api.tenant.workspace_id, UUID(sender["id"])
    id, content_id = new_ids(2)
    due = datetime.now(UTC) + timedelta(minutes=1)
    async with transaction(app.state.pool) as tx:
        await tx.execute(
            "insert into contents (workspace_id, id, subject, text, is_template) values (%s, %s, %s, %s, true)",
            [workspace_id, content_id, "Hello {{ name }} of {{ town }}", "Hi {{ name }}"],
        )
        await tx.execute(CAMPAIGN, [workspace_id, id, content_id, [sender_id], count])
        lane_id = await lanes.ensure(tx, workspace_id=workspace_id, sender_id=sender_id, campaign_id=id)
        rows = [
            NewEmail(
                workspace_id=workspace_id,
                id=email_id,
                lane_id=lane_id,
                sender_id=sender_id,
                campaign_id=id,
                content_id=content_id,
                position=i,
                scheduled_at=due + timedelta(minutes=i),
                due_at=due + timedelta(minutes=i),
                to_address=f"c{i}@example.org",
                to_name=f"C{i}",
                recipients=None,
                recipient_count=1,
                variables={"town": "Köln"} if i else {},
                message_id=f"<{email_id}@example.com>",
            )
            for i, email_id in enumerate(new_ids(count))
        ]
        await insert_many(tx, rows)
        await lanes.wake(tx, workspace_id=workspace_id, lane_id=lane_id, due=due, now=datetime.now(UTC))
    return str(id)


async def walk(api: Api, **query: Any) -> list[str]:
    """All ids of a list, forwards; checks that the way back meets the same pages."""
    pages: list[list[str]] = []
    after: dict[str, str] = {}
    while True:
        page = await api.ok("GET", "/emails", params=query | after)
        pages.append([each["id"] for each in page["data"]])
        if not page["has_more"]:
            break
        after = {"after": pages[-1][-1]}
    for earlier, later in itertools.pairwise(pages):
        back = await api.ok("GET", "/emails", params=query | {"before": later[0]})
        assert [each["id"] for each in back["data"]] == earlier
        assert back["has_more"] == (earlier is not pages[0])
    return [id for page in pages for id in page]


async def test_newest_first_page_by_page(api: Api) -> None:
    ids = await add(api, 25)
    assert await walk(api, limit=10) == ids[::-1]
    first = await api.ok("GET", "/emails")
    assert (first["object"], first["has_more"], len(first["data"])) == ("list", True, 20)


async def test_soonest_first_page_by_page_also_where_moments_are_equal(app: Litestar, api: Api, sender: Any) -> None:
    far = await add(api, 3, scheduled_at=ahead(days=2))
    same = await add(api, 12, scheduled_at=ahead(hours=10))
    campaign = await add_campaign(app, api, sender, 12)
    of_campaign = (await walk(api, campaign_id=campaign))[::-1]
    assert await walk(api, sort="scheduled_at", limit=5) == [*of_campaign, *same, *far]
    assert await walk(api, sort="scheduled_at", limit=5, campaign_id=campaign) == of_campaign


async def test_filters_by_status(app: Litestar, api: Api) -> None:
    ids = await add(api, 6)
    await execute(app, "update emails set status = 'cancelled', ended_at = now() where id = %s", UUID(ids[0]))
    await execute(app, "update emails set status = 'sending', dispatched_at = now() where id = %s", UUID(ids[1]))
    await execute(app, "update emails set status = 'deferred' where id = %s", UUID(ids[2]))
    assert await walk(api, status="cancelled") == [ids[0]]
    assert await walk(api, status="deferred, cancelled,sending", limit=2) == ids[2::-1]
    assert await walk(api, status="scheduled", limit=2) == ids[:2:-1]
    assert sorted(await walk(api, sort="scheduled_at")) == ids[2:]
    assert await walk(api, sort="scheduled_at", status="deferred") == [ids[2]]


async def test_filters_by_campaign_and_sender(app: Litestar, api: Api, sender: Any) -> None:
    before = await add(api, 3)
    campaign = await add_campaign(app, api, sender, 7)
    other = await add_sender(api, from_email="other@example.com")
    after = await add(api, 3, **{"from": "other@example.com"})
    found = await walk(api, campaign_id=campaign, limit=2)
    assert len(found) == 7
    assert not {*before, *after} & {*found}
    assert await walk(api, campaign_id=campaign, status="sent") == []
    assert await walk(api, campaign_id=str(new_id())) == []
    assert await walk(api, sender_id=other["id"], limit=2) == after[::-1]
    assert await walk(api, sender_id=other["id"], status="sent") == []
    assert await walk(api, sender_id=other["id"], sort="scheduled_at", limit=2) == after
    assert await walk(api, sender_id=str(new_id())) == []


async def test_searches_addresses_and_subjects(api: Api) -> None:
    ids = await add(api, 12)
    odd = (await api.ok("POST", "/emails", json=a_message(to="100%_sure@example.org", subject="50% OFF")))["id"]
    assert await walk(api, q="P1", limit=2) == [ids[11], ids[10], ids[1]]
    assert await walk(api, q="p7@example.org") == [ids[7]]
    assert await walk(api, q="NOTE 3") == [ids[3]]
    assert await walk(api, q="100%_") == [odd]
    assert await walk(api, q="50 OFF") == [odd]
    assert await walk(api, q="%") == []
    assert await walk(api, q="p_@") == []
    assert await walk(api, q="p1", sort="scheduled_at", limit=2) == [ids[1], ids[10], ids[11]]


async def test_a_campaign_is_shown_as_each_recipient_gets_it(app: Litestar, api: Api, sender: Any) -> None:
    campaign = await add_campaign(app, api, sender, 2)
    second, first = (await api.ok("GET", "/emails", params={"campaign_id": campaign}))["data"]
    assert second["subject"] == "Hello C1 of Köln"
    assert second["to"] == ["C1 <c1@example.org>"]
    assert first["subject"] == "Hello {{ name }} of {{ town }}"  # what cannot be filled in is shown as it was written
    detail = await api.ok("GET", f"/emails/{second['id']}")
    assert detail["text"] == "Hi C1"
    source = (await api.get(f"/emails/{second['id']}/source")).text
    assert "To: C1 <c1@example.org>" in source
    await execute(app, "update campaigns set state = 'paused'")
    assert (await api.ok("GET", f"/emails/{second['id']}"))["waiting_for"] == {
        "reason": "campaign_paused",
        "next_at": None,
    }


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"after": "x"}, "after"),
        ({"after": str(new_id()), "before": str(new_id())}, "before"),
        ({"status": "scheduled,lost"}, "status"),
        ({"sort": "subject"}, "sort"),
        ({"sort": "scheduled_at", "status": "sent"}, "sort"),
        ({"sort": "scheduled_at", "after": str(new_id())}, "after"),
        ({"q": "x" * 201}, "q"),
    ],
)
async def test_bad_questions_are_refused_by_path(api: Api, query: dict[str, Any], path: str) -> None:
    assert path in await api.refused(422, "GET", "/emails", params=query)
