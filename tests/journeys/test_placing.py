"""Campaigns too large to be written while the caller waits: every message once, in the order of the list, whatever
happens on the way.
"""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack
from typing import Any

from app.db.pool import Pool
from tests.api.conftest import api as api
from tests.api.conftest import app as app
from tests.support.halting import WAITING, halted, halted_halfway
from tests.support.tables import is_alone, rows_of
from tests.support.tenants import Api
from tests.support.waiting import wait_until
from tests.support.worker_process import worker

COUNT = 40_000


HALFWAY = ("emails", "(select placed from campaigns) > 12000")


async def campaign_of(api: Api, pool: Pool, **more: Any) -> str:
    """A draft to COUNT people by two senders, a day ahead. Its list, written straight down, has gaps."""
    senders = [
        await api.ok(
            "POST",
            "/senders",
            json={
                "name": name,
                "from_email": f"{name}@x.example",
                "host": "127.0.0.1",
                "port": 2525,
                "security": "none",
            },
        )
        for name in ("a", "b")
    ]
    found = await api.ok("POST", "/recipients/parse", json={"text": "email,n\nfirst@x.example,0\n"})
    async with pool.connection() as conn:
        await conn.execute(
            "insert into import_recipients (workspace_id, import_id, position, row, email, key, variables)"
            " select workspace_id, id, 2 * i, 2 * i, 'r' || i || '@x.example', 'r' || i, jsonb_build_object('n', i)"
            " from imports, generate_series(1, %s) as i",
            [COUNT - 1],
        )
        await conn.execute("update imports set valid = %s", [COUNT])
    campaign = await api.ok(
        "POST",
        "/campaigns",
        json={
            "sender_ids": [sender["id"] for sender in senders],
            "subject": "Hi {{ n }}",
            "text": "x",
            "import_id": found["import_id"],
            "start_at": "in 1 day",
            "delay_seconds": 0.5,
        }
        | more,
    )
    return str(campaign["id"])


async def written(api: Api, pool: Pool, campaign: str) -> dict[str, Any]:
    async def done() -> bool:
        return await rows_of(pool, "select from campaigns where placed is not null") == []

    await wait_until(done, 90, what="all messages to be written")
    shown: dict[str, Any] = await api.ok("GET", f"/campaigns/{campaign}")
    return shown


async def check(pool: Pool) -> None:
    """Each once, in the order of the list, dealt to the senders in turn, at its time."""
    found = await rows_of(
        pool,
        "select e.position, e.to_address, s.name, extract(epoch from e.due_at - c.start_at)::float8 as after,"
        " e.id > lag(e.id) over (order by e.position) as rises"
        " from emails e join senders s on s.id = e.sender_id join campaigns c on c.id = e.campaign_id"
        " order by e.position",
    )
    assert [each["position"] for each in found] == list(range(COUNT))
    assert [each["to_address"] for each in found[1:]] == [f"r{i}@x.example" for i in range(1, COUNT)]
    assert {(each["position"] % 2, each["name"]) for each in found} == {(0, "a"), (1, "b")}
    assert all(each["after"] == each["position"] * 0.5 for each in found)
    assert all(each["rises"] for each in found[1:])


async def test_a_large_campaign_is_written_after_the_answer(api: Api, pool: Pool, environment: dict[str, str]) -> None:
    campaign = await campaign_of(api, pool)
    shown = await api.ok("POST", f"/campaigns/{campaign}/schedule")
    assert (shown["state"], shown["counts"]["scheduled"], shown["progress"]) == ("scheduled", COUNT, 0)
    assert await rows_of(pool, "select from emails") == []
    await api.refused(409, "DELETE", f"/senders/{shown['sender_ids'][0]}")
    with worker(environment):
        shown = await written(api, pool, campaign)
    assert (shown["state"], shown["counts"]["scheduled"], shown["progress"]) == ("scheduled", COUNT, 0)
    await check(pool)


async def test_whoever_goes_on_after_a_kill_writes_none_twice(
    api: Api, pool: Pool, environment: dict[str, str]
) -> None:
    campaign = await campaign_of(api, pool)
    await api.ok("POST", f"/campaigns/{campaign}/schedule")
    async with halted_halfway(pool, *HALFWAY):
        with worker(environment) as process:
            await halted(pool)
            process.signal(signal.SIGKILL)
            process.wait()
            await wait_until(lambda: is_alone(pool, "paceline placing"), 30)
    (halfway,) = await rows_of(pool, "select placed from campaigns")
    assert 0 < halfway["placed"] < COUNT
    await rows_of(pool, "update campaigns set placing_at = placing_at - interval '1 minute' returning id")
    with worker(environment):
        await written(api, pool, campaign)
    await check(pool)


async def test_a_campaign_that_is_cancelled_meanwhile_is_written_no_further(
    api: Api, pool: Pool, environment: dict[str, str]
) -> None:
    campaign = await campaign_of(api, pool)
    await api.ok("POST", f"/campaigns/{campaign}/schedule")
    async with AsyncExitStack() as stack:
        async with halted_halfway(pool, *HALFWAY):
            stack.enter_context(worker(environment))
            await halted(pool)
            cancelling = asyncio.create_task(api.ok("POST", f"/campaigns/{campaign}/cancel"))
            await wait_until(lambda: rows_of(pool, f"{WAITING} and wait_event <> 'advisory'"))
        assert (await cancelling)["state"] == "cancelled"

        async def nothing_waits() -> bool:
            shown = await api.ok("GET", f"/campaigns/{campaign}")
            return bool(shown["counts"]["scheduled"] == 0 and shown["counts"]["cancelled"] > 0)

        await written(api, pool, campaign)
        await wait_until(nothing_waits, 60)
    (count,) = await rows_of(pool, "select count(*) as n, bool_and(status = 'cancelled') as all from emails")
    assert 0 < count["n"] < COUNT
    assert count["all"]
