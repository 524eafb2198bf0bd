"""One key, many requests at once, over real HTTP: one set of rows, and the same answer for all."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import Any

import httpx
import pytest

from app.db.pool import Pool
from tests.support.offices import a_tenant, add_sender, web

AT_ONCE = 50
LETTER = {"from": "ann@example.com", "to": "bob@example.org", "subject": "Once", "text": "Once"}
BATCH = [LETTER | {"to": f"r{i}@example.org"} for i in range(20)]


@pytest.fixture
def tenant(environment: dict[str, str]) -> Any:
    return a_tenant(environment)


async def count(pool: Pool, table: str) -> int:
    async with pool.connection() as conn:
        row = await (await conn.execute(f"select count(*) from {table}")).fetchone()
    assert row is not None
    return int(row["count"])


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize(("path", "body", "rows"), [("/emails", LETTER, 1), ("/emails/batch", BATCH, len(BATCH))])
async def test_fifty_at_once_are_one(
    environment: dict[str, str], tenant: Any, pool: Pool, processes: int, path: str, body: Any, rows: int
) -> None:
    headers = tenant.headers | {"idempotency-key": "order-17"}
    with web(environment) as one, web(environment) if processes == 2 else nullcontext(one) as other:
        add_sender(one, tenant, 2525)
        limits = httpx.Limits(max_connections=AT_ONCE)
        async with httpx.AsyncClient(headers=headers, timeout=60, limits=limits) as client:
            urls = [(one, other)[i % 2] for i in range(AT_ONCE)]
            answers = await asyncio.gather(*(client.post(f"{url}{path}", json=body) for url in urls))
            assert [answer.status_code for answer in answers] == [200] * AT_ONCE
            assert len({answer.text for answer in answers}) == 1, "the same answer, to the letter"
            again = await client.post(f"{other}{path}", json=body)
            assert again.text == answers[0].text
            different = await client.post(f"{other}{path}", json=[LETTER] if path == "/emails/batch" else BATCH[0])
            assert (different.status_code, different.json()["name"]) == (409, "invalid_idempotent_request")
    assert [await count(pool, table) for table in ("emails", "contents", "idempotency_keys")] == [rows, rows, 1]


async def test_different_bodies_race_for_a_key_and_one_wins(
    environment: dict[str, str], tenant: Any, pool: Pool
) -> None:
    headers = tenant.headers | {"idempotency-key": "order-18"}
    with web(environment) as one, web(environment) as other:
        add_sender(one, tenant, 2525)
        async with httpx.AsyncClient(headers=headers, timeout=60) as client:
            answers = await asyncio.gather(
                *(
                    client.post(f"{(one, other)[i % 2]}/emails", json=LETTER | {"subject": f"Number {i % 5}"})
                    for i in range(AT_ONCE)
                )
            )
    taken = [answer for answer in answers if answer.status_code == 200]
    assert len({answer.text for answer in taken}) == 1
    assert len(taken) == AT_ONCE / 5, "all that asked for what the first one did"
    assert {answer.json()["name"] for answer in answers if answer not in taken} == {"invalid_idempotent_request"}
    assert await count(pool, "emails") == 1


async def test_a_twin_of_one_that_does_not_end_gives_up_after_its_wait(
    environment: dict[str, str], tenant: Any, pool: Pool
) -> None:
    taken = """
        insert into idempotency_keys (workspace_id, key, body_hash, status_code, response)
        values (%s, %s, '', 0, 'null')
    """
    with web(environment) as url:
        add_sender(url, tenant, 2525)
        async with httpx.AsyncClient(headers=tenant.headers | {"idempotency-key": "slow"}, timeout=60) as client:
            async with pool.connection() as conn, conn.transaction(force_rollback=True):
                await conn.execute(taken, [tenant.workspace_id, "slow"])
                started = asyncio.get_running_loop().time()
                answer = await client.post(f"{url}/emails", json=LETTER)
                waited = asyncio.get_running_loop().time() - started
            assert (answer.status_code, answer.json()["name"]) == (409, "concurrent_idempotent_requests")
            assert waited >= 4
            assert (await client.post(f"{url}/emails", json=LETTER)).status_code == 200
    assert await count(pool, "emails") == 1
