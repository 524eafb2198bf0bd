"""Long lists, read by a worker: all of them, once, whatever happens on the way."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest

from app.db.pool import Pool
from app.services.feed import CHANNEL
from tests.api.conftest import api as api
from tests.api.conftest import app as app
from tests.support.halting import halted, halted_halfway
from tests.support.tables import is_alone, rows_of
from tests.support.tenants import Api
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess, worker

ROWS = 60_000


@pytest.fixture
def reader(environment: dict[str, str]) -> Iterator[WorkerProcess]:
    with worker(environment) as process:
        yield process


def file_of(rows: int) -> bytes:
    """Every tenth address a second time, every hundredth row without one, ten of the addresses suppressed."""
    lines = ["email,first_name"]
    for i in range(rows):
        address = f"user{i - 1 if i % 10 == 9 else i}@x.example" if i % 100 else "nobody"
        lines.append(f"{address},Name {i}")
    return "\n".join(lines).encode()


async def upload(api: Api, data: bytes, path: str = "/recipients/parse") -> str:
    answer = await api.post(path, files={"file": ("long.csv", data)})
    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
    return str(answer.json()["import_id"])


async def done(api: Api, import_id: str) -> dict[str, Any]:
    async def state() -> Any:
        found = await api.ok("GET", f"/imports/{import_id}")
        return found if found["state"] not in ("waiting", "reading") else None

    return await wait_until(state, 90, what="the list to be read")


async def suppress(api: Api, pool: Pool) -> None:
    async with pool.connection() as conn:
        await conn.execute(
            "insert into suppressions (workspace_id, address, reason)"
            " select %s, 'user' || (i * 10 + 2) || '@x.example', 'unsubscribed' from generate_series(1, 10) as i",
            [api.tenant.workspace_id],
        )


async def test_a_long_list_is_read_in_order_without_duplicates(api: Api, pool: Pool, reader: WorkerProcess) -> None:
    await suppress(api, pool)
    found = await done(api, await upload(api, file_of(ROWS)))
    expected = {"detected": ROWS, "duplicates": ROWS // 10, "suppressed": 10, "invalid_count": ROWS // 100}
    assert {field: found[field] for field in expected} == expected
    assert found["valid"] == ROWS - ROWS // 10 - ROWS // 100 - 10
    kept = await rows_of(pool, "select position, row, email from import_recipients order by position")
    assert len(kept) == found["valid"]
    assert [each["row"] for each in kept] == sorted(each["row"] for each in kept)
    assert all(each["email"] == f"user{each['position']}@x.example" for each in kept)
    assert await rows_of(pool, "select from import_chunks") == []


async def test_a_reader_that_dies_is_followed_by_one_that_goes_on(
    api: Api, pool: Pool, environment: dict[str, str]
) -> None:
    """Killed with the worker in the middle of the list; a new worker ends it, and no row is there twice."""
    with worker(environment) as process:
        import_id = await upload(api, file_of(4 * ROWS))
        await wait_until(lambda: rows_of(pool, "select from imports where rows_read > 0"), 60)
        process.signal(signal.SIGKILL)
        process.wait()
    (before,) = await rows_of(pool, "select rows_read, state from imports")
    assert before["state"] == "reading"
    # The reader ends with its worker; the list is taken up as if that had been a while ago.
    await wait_until(lambda: is_alone(pool, "paceline import"), 30)
    await rows_of(pool, "update imports set touched_at = touched_at - interval '1 minute' returning id")
    with worker(environment):
        found = await done(api, import_id)
    assert (found["state"], found["detected"]) == ("done", 4 * ROWS)
    (counted,) = await rows_of(pool, "select count(*) as n, count(distinct key) as d from import_recipients")
    assert counted["n"] == counted["d"] == found["valid"]
    (attempts,) = await rows_of(pool, "select attempts from imports")
    assert attempts["attempts"] == 2


async def test_a_list_that_breaks_at_its_end_leaves_nothing(api: Api, pool: Pool, reader: WorkerProcess) -> None:
    found = await done(api, await upload(api, file_of(ROWS) + b'\nlast@x.example,"open'))
    assert found["state"] == "failed"
    assert f"Row {ROWS + 2:,} does not end" in str(found["error"])
    for table in ("import_recipients", "import_notes", "import_chunks"):
        assert await rows_of(pool, f"select from {table}") == []


async def test_a_cancelled_list_leaves_nothing(api: Api, pool: Pool, reader: WorkerProcess) -> None:
    import_id = await upload(api, file_of(4 * ROWS))
    await wait_until(lambda: rows_of(pool, "select from imports where rows_read > 0"), 60)
    await api.ok("POST", f"/imports/{import_id}/cancel")
    assert (await done(api, import_id))["state"] == "cancelled"
    await wait_until(lambda: is_alone(pool, "paceline import"), 30)
    for table in ("import_recipients", "import_notes", "import_chunks"):
        assert await rows_of(pool, f"select from {table}") == []


def suppressions_file(rows: int) -> bytes:
    """As `file_of`; every fifth for a reason."""
    lines = file_of(rows).decode().splitlines()
    return "\n".join(
        ["email;first_name;reason"]
        + [f"{line.replace(',', ';')};{'hard bounce' if i % 5 == 0 else ''}" for i, line in enumerate(lines[1:])]
    ).encode()


async def check_suppressed(api: Api, pool: Pool, found: dict[str, Any], rows: int) -> None:
    """Each address once, under the reason that it had before or has in the list; the counts tell all of it."""
    added = rows - rows // 10 - rows // 100 - 10
    expected = {"detected": rows, "duplicates": rows // 10, "suppressed": 10, "valid": added}
    assert {field: found[field] for field in expected} == expected
    assert (found["state"], found["invalid_count"], found["roles"]) == ("done", rows // 100, 0)
    (counted,) = await rows_of(
        pool,
        "select count(*) as n, count(*) filter (where reason = 'unsubscribed') as before,"
        " count(*) filter (where reason = 'hard_bounce') as bounced,"
        " count(*) filter (where detail = 'Imported from long.csv.') as told from suppressions",
    )
    bounced = sum(1 for i in range(rows) if i % 5 == 0 and i % 100)
    assert counted == {"n": added + 10, "before": 10, "bounced": bounced, "told": added}
    for table in ("import_recipients", "import_chunks"):
        assert await rows_of(pool, f"select from {table}") == []
    report = (await api.get(f"/imports/{found['import_id']}/report.csv")).text.splitlines()
    assert len(report) == 1 + rows // 10 + rows // 100 + 10


async def test_a_long_list_of_suppressions_is_read_and_added(api: Api, pool: Pool, reader: WorkerProcess) -> None:
    await suppress(api, pool)
    async with pool.connection() as listener:
        await listener.set_autocommit(True)
        await listener.execute(f"listen {CHANNEL}")
        found = await done(api, await upload(api, suppressions_file(ROWS), "/suppressions/import"))
        hints = [hint.payload async for hint in listener.notifies(timeout=30, stop_after=4)]
        await listener.set_autocommit(False)
    assert hints[:4] == [str(api.tenant.workspace_id)] * 4, "open pages are told of its progress and its end"
    await check_suppressed(api, pool, found, ROWS)


HALFWAY = ("suppressions", "(select added_to from imports) >= 20000")


async def test_whoever_goes_on_after_a_kill_adds_the_rest(api: Api, pool: Pool, environment: dict[str, str]) -> None:
    """Killed with a part of them added. It cannot be cancelled any more, and no number of dead readers makes it
    fail: it is brought to its end."""
    await suppress(api, pool)
    async with halted_halfway(pool, *HALFWAY):
        with worker(environment) as process:
            import_id = await upload(api, suppressions_file(ROWS), "/suppressions/import")
            await halted(pool)
            process.signal(signal.SIGKILL)
            process.wait()
            await wait_until(lambda: is_alone(pool, "paceline import"), 30)
    stopped = await api.ok("POST", f"/imports/{import_id}/cancel")
    assert (stopped["state"], 0 < stopped["valid"] < ROWS / 2, 0.5 < stopped["progress"] < 1) == ("reading", True, True)
    await rows_of(pool, "update imports set attempts = 10, touched_at = touched_at - interval '1 minute' returning id")
    with worker(environment):
        found = await done(api, import_id)
    await check_suppressed(api, pool, found, ROWS)


async def test_a_list_of_suppressions_that_is_cancelled_or_breaks_adds_nothing(
    api: Api, pool: Pool, reader: WorkerProcess
) -> None:
    broken = suppressions_file(ROWS) + b'\nlast@x.example;"open'
    found = await done(api, await upload(api, broken, "/suppressions/import"))
    assert (found["state"], f"Row {ROWS + 2:,} does not end" in str(found["error"])) == ("failed", True)
    import_id = await upload(api, suppressions_file(4 * ROWS), "/suppressions/import")
    await wait_until(lambda: rows_of(pool, "select from imports where state = 'reading' and rows_read > 0"), 60)
    assert (await api.ok("POST", f"/imports/{import_id}/cancel"))["state"] == "cancelled"
    await wait_until(lambda: is_alone(pool, "paceline import"), 30)
    for table in ("suppressions", "import_recipients", "import_notes", "import_chunks"):
        assert await rows_of(pool, f"select from {table}") == []
