"""The overview and the use of limits, as the gate really counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import Litestar

from app.db.queries import queries, rows
from app.services.rollups import roll_up
from tests.support.tenants import Api


async def add_sender(api: Api, **changes: Any) -> str:
    sender = {"from_email": "ann@example.com", "host": "smtp.example.com", "hourly_limit": None, "min_delay_ms": 0}
    return str((await api.ok("POST", "/senders", json=sender | changes))["id"])


async def schedule(api: Api, sender: str, count: int, **changes: Any) -> Any:
    body = {
        "sender_ids": [sender],
        "subject": "Hello",
        "text": "Hi",
        "recipients": [f"r{i}@x.example" for i in range(count)],
    }
    campaign = await api.ok("POST", "/campaigns", json=body | changes)
    return await api.ok("POST", f"/campaigns/{campaign['id']}/schedule")


async def pass_gate(app: Litestar, api: Api, sender: str, *, window: float = 3600.0) -> list[str]:
    """Offers all that is due to the gate, as a runner does; the verdicts."""
    worker = UUID(int=1)
    async with app.state.pool.connection() as conn:
        await conn.execute(
            "insert into workers (id, host, pid, expires_at) values (%s, 'test', 1, now() + interval '1 hour')"
            " on conflict do nothing",
            [worker],
        )
        place = await queries.senders.sign_in(conn, workspace_id=api.tenant.workspace_id, id=UUID(sender))
        [lease] = await rows(queries.mailboxes.lease(conn, mailbox_ids=[place["mailbox_id"]], worker_id=worker))
        cursor = await conn.execute(
            "select id, revision from emails where sender_id = %s and status = 'scheduled' order by due_at, position",
            [UUID(sender)],
        )
        offered = await cursor.fetchall()
        answers = await rows(
            queries.delivery.gate(
                conn,
                workspace_id=api.tenant.workspace_id,
                mailbox_id=place["mailbox_id"],
                worker_id=worker,
                fence=lease["fence"],
                window=window,
                prior_dot=None,
                email_ids=[row["id"] for row in offered],
                revisions=[row["revision"] for row in offered],
            )
        )
        return [answer["verdict"] for answer in answers]


async def accept(app: Litestar) -> None:
    """Says of all that is being sent that the server took it."""
    async with app.state.pool.connection() as conn:
        await conn.execute("update dispatches set outcome = 'accepted', outcome_at = now() where outcome = 'pending'")
        await conn.execute(
            "update emails set status = 'sent', sent_at = now(), ended_at = now() where status = 'sending'"
        )


async def test_an_empty_workspace(api: Api) -> None:
    stats = await api.ok("GET", "/stats")
    assert set(stats["counts"].values()) == {0}
    assert (stats["waiting"], stats["next_due_at"], stats["sent_last_hour"], stats["senders"]) == (0, None, 0, [])
    assert (stats["window_seconds"], stats["workspace_hour"]) == (3600.0, None)


async def test_what_waits_and_what_left(api: Api, stranger: Api, app: Litestar) -> None:
    sender = await add_sender(api, hourly_limit=2)
    later = await schedule(api, sender, 3, start_at="in 1 hour")
    stats = await api.ok("GET", "/stats")
    assert (stats["waiting"], stats["counts"]["scheduled"], stats["next_due_at"]) == (3, 3, later["start_at"])

    await schedule(api, sender, 3)
    assert sorted(await pass_gate(app, api, sender)) == ["early"] * 3 + ["go"] * 2 + ["mailbox_hour"]
    stats = await api.ok("GET", "/stats")
    assert (stats["waiting"], stats["sending"], stats["sent"], stats["sent_last_hour"]) == (4, 2, 0, 0)
    await accept(app)
    stats = await api.ok("GET", "/stats")
    assert (stats["sending"], stats["sent"], stats["sent_last_hour"]) == (0, 2, 2)
    load = stats["senders"][0]
    assert (load["id"], load["state"], load["waiting"]) == (sender, "active", 4)
    assert (load["hour"]["used"], load["hour"]["limit"]) == (2, 2)
    assert datetime.fromisoformat(load["hour"]["next_at"]) > datetime.fromisoformat(later["created_at"])
    assert (await stranger.ok("GET", "/stats"))["waiting"] == 0


async def test_usage_counts_as_the_gate_does(api: Api, app: Litestar) -> None:
    sender = await add_sender(api, hourly_limit=5, daily_limit=3)
    await schedule(api, sender, 4)
    assert await pass_gate(app, api, sender) == ["go", "go", "go", "mailbox_day"]
    usage = await api.ok("GET", f"/senders/{sender}/usage")
    assert (usage["hour"]["used"], usage["hour"]["next_at"], usage["waiting"]) == (3, None, 4)
    assert usage["day"]["used"] == 3
    assert usage["day"]["next_at"] is not None

    # Without a limit nobody keeps count: then the ledger does.
    await api.ok("PATCH", f"/senders/{sender}", json={"hourly_limit": None, "daily_limit": None})
    assert await pass_gate(app, api, sender) == ["go"]
    usage = await api.ok("GET", f"/senders/{sender}/usage")
    assert (usage["hour"], usage["day"]) == ({"used": 4, "limit": None, "next_at": None}, None)
    assert (await api.ok("GET", "/stats"))["senders"][0]["hour"]["used"] == 4

    # A limit that comes back counts what left meanwhile.
    await api.ok("PATCH", f"/senders/{sender}", json={"hourly_limit": 4})
    usage = await api.ok("GET", f"/senders/{sender}/usage")
    assert usage["hour"]["used"] == 4


async def test_what_waits_for_a_person_has_no_next_moment(api: Api, app: Litestar) -> None:
    sender = await add_sender(api)
    await schedule(api, sender, 1)
    await api.ok("POST", f"/senders/{sender}/pause")
    assert await pass_gate(app, api, sender) == ["paused"]
    stats = await api.ok("GET", "/stats")
    assert (stats["waiting"], stats["next_due_at"], stats["senders"][0]["state"]) == (1, None, "paused")


async def execute(app: Litestar, statement: str, *values: Any) -> None:
    async with app.state.pool.connection() as conn:
        await conn.execute(statement, values)


async def bars(api: Api) -> list[int]:
    return [hour["count"] for hour in (await api.ok("GET", "/stats"))["hours"]]


async def test_what_left_in_each_hour_whether_it_is_rolled_up_or_not(api: Api, stranger: Api, app: Litestar) -> None:
    sender = await add_sender(api, hourly_limit=50)
    await schedule(api, sender, 5)
    assert await pass_gate(app, api, sender) == ["go"] * 5
    stats = await api.ok("GET", "/stats")
    starts = [datetime.fromisoformat(hour["start"]) for hour in stats["hours"]]
    assert (len(starts), starts[-1] - starts[0]) == (24, timedelta(hours=23))
    assert starts[-1] <= datetime.now(UTC) < starts[-1] + timedelta(hours=1)
    assert await bars(api) == [0] * 24, "nothing was accepted yet"

    # Three hours ago; one of them is still on the wire when it is rolled up.
    await execute(app, "update dispatches set dispatched_at = dispatched_at - interval '3 hours'")
    await accept(app)
    await execute(
        app,
        "update dispatches set outcome = 'pending', outcome_at = null where id = (select min(id) from dispatches)",
    )
    there = await bars(api)
    assert (sum(there), sum(there[-5:-2])) == (4, 4)
    await roll_up(app.state.pool)
    assert await bars(api) == there
    assert (await api.ok("GET", "/stats"))["sent_last_hour"] == 0
    await execute(app, "update sent_minutes set minute = minute + interval '170 minutes' where pending > 0")
    await execute(app, "update dispatches set dispatched_at = dispatched_at + interval '170 minutes'")
    await accept(app)
    await roll_up(app.state.pool)
    assert sum(await bars(api)) == 5, "what was on the wire is counted once it has an end"
    assert (await api.ok("GET", "/stats"))["sent_last_hour"] == 5

    # What is younger than the rollup comes from the ledger, and nothing is counted twice.
    await schedule(api, sender, 2)
    assert await pass_gate(app, api, sender) == ["go"] * 2
    await accept(app)
    assert (sum(await bars(api)), (await api.ok("GET", "/stats"))["sent_last_hour"]) == (7, 7)
    assert sum(await bars(stranger)) == 0


async def test_hours_are_those_of_the_workspace(api: Api) -> None:
    await api.ok("PATCH", "/workspace", json={"timezone": "Asia/Kolkata"})
    stats = await api.ok("GET", "/stats")
    assert stats["timezone"] == "Asia/Kolkata"
    assert {datetime.fromisoformat(hour["start"]).minute for hour in stats["hours"]} == {30}


async def test_the_limit_of_an_hour_is_that_of_all_mailboxes_within_the_workspaces_own(api: Api) -> None:
    assert (await api.ok("GET", "/stats"))["hour_limit"] is None
    await add_sender(api, hourly_limit=50)
    await add_sender(api, from_email="bob@example.com", host="other.example.com", hourly_limit=30)
    assert (await api.ok("GET", "/stats"))["hour_limit"] == 80
    await api.ok("PATCH", "/workspace", json={"hourly_limit": 70})
    assert (await api.ok("GET", "/stats"))["hour_limit"] == 70
    await add_sender(api, from_email="cy@example.com", host="third.example.com", hourly_limit=None)
    assert (await api.ok("GET", "/stats"))["hour_limit"] == 70
    await api.ok("PATCH", "/workspace", json={"hourly_limit": None})
    assert (await api.ok("GET", "/stats"))["hour_limit"] is None


async def test_how_punctual_is_what_was_first_in_line(api: Api, app: Litestar) -> None:
    assert (await api.ok("GET", "/stats"))["on_time"] == {"count": 0, "p50_seconds": None, "p99_seconds": None}
    sender = await add_sender(api)
    await schedule(api, sender, 4)
    assert await pass_gate(app, api, sender) == ["go"] * 4
    await accept(app)
    # Due one a minute, but for the last: that had to wait for the one before.
    await execute(
        app,
        "update dispatches d set dispatched_at = now() - interval '1 hour' + e.position * interval '1 minute'"
        " from emails e where e.id = d.email_id",
    )
    await execute(
        app,
        "update emails e set due_at = d.dispatched_at - case position when 3 then interval '90 seconds'"
        " else interval '0.2 seconds' end from dispatches d where e.id = d.email_id",
    )
    on_time = (await api.ok("GET", "/stats"))["on_time"]
    assert (on_time["count"], round(on_time["p50_seconds"], 3), round(on_time["p99_seconds"], 3)) == (3, 0.2, 0.2)
