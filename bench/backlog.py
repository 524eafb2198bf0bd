"""What each step costs while the backlog grows: `python -m bench.backlog --help`.

Starts a Postgres of its own, with the settings of `paceline up` and flushing to the disk, and fills it with 10,000, one
million and ten million messages of five workspaces (some 25 GB of disk, a quarter of an hour). On each it times claim,
gate and record in batches of twenty, every list, count, search and filter of the largest workspace as the services ask
for them, and what looks over all workspaces. Prints medians, the growth from the smallest to the largest, and on demand
every plan. Run it on a quiet machine; what Postgres itself needs of the processor says something on a busy one too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, cast
from uuid import UUID

import msgspec

from app.contract.lists import Page
from app.db.pool import Pool
from app.db.queries import queries, rows
from app.domain.status import Status
from app.embedded.postgres import SETTINGS
from app.services import campaigns, delivery, email_exports, email_views, metrics, stats
from app.services.delivery import Outcome
from app.services.email_lists import HIGHEST, LOWEST, Wanted
from app.settings import load
from bench.backlog_store import Store, filled
from bench.meters import tree_seconds
from tests.support.explaining import ExplainingPool
from tests.support.servers import PostgresServer, server_home

SIZES: Final = (10_000, 1_000_000, 10_000_000)
QUICK: Final = (2_000, 20_000)
BATCH: Final = 20  # messages that pass the gate and are recorded at once
PAGE: Final = 50  # rows of a list
RUNS: Final = 60  # of each step
WARM: Final = 8  # runs before those that count: a plan is settled after some

# Those of which `make bench` draws the curves.
DRAWN: Final = (
    "claim 50",
    f"gate {BATCH}",
    f"record {BATCH}",
    "list: newest",
    "scheduled: next",
    "sent: last",
    "search: address",
    "search: start, few",
)

Step = Callable[[Pool, int], Awaitable[Any]]


class Times(msgspec.Struct, frozen=True):
    """Milliseconds of one step."""

    median: float
    p95: float
    most: float
    server: float  # of the processor, that Postgres used for one, on average


def lists(store: Store) -> dict[str, Step]:
    """Every list, as GET /v1/emails gives it."""
    now = datetime.now(UTC)

    def listed(page: Page | None = None, **wanted: Any) -> Step:
        async def step(pool: Pool, i: int) -> Any:
            asked = {name: value(i) if callable(value) else value for name, value in wanted.items()}
            return await email_views.list_emails(
                pool, workspace_id=store.workspace_id, wanted=Wanted(**asked), page=page or Page(limit=PAGE), now=now
            )

        return step

    def address(i: int) -> str:
        return store.addresses[i % len(store.addresses)]

    failed, deferred, held = (Status.FAILED,), (Status.DEFERRED,), (Status.HELD,)
    week: dict[str, Any] = {"since": now - timedelta(days=200), "until": now - timedelta(days=193)}
    return {
        "list: newest": listed(),
        "list: failed": listed(statuses=failed),
        "list: held": listed(statuses=held),
        "list: of a sender": listed(sender_id=store.sender_id),
        "list: of a sender, failed": listed(sender_id=store.sender_id, statuses=failed),
        "list: of a campaign": listed(campaign_id=store.campaign_id),
        "list: of a campaign, failed": listed(campaign_id=store.campaign_id, statuses=failed),
        "list: of a week": listed(**week),
        "scheduled: next": listed(sort="scheduled_at"),
        "scheduled: retries": listed(sort="scheduled_at", statuses=deferred),
        "scheduled: of a sender": listed(sort="scheduled_at", sender_id=store.sender_id),
        "scheduled: of a campaign": listed(sort="scheduled_at", campaign_id=store.running_id),
        "sent: last": listed(sort="sent_at"),
        "sent: failed": listed(sort="sent_at", statuses=failed),
        "sent: of a sender": listed(sort="sent_at", sender_id=store.sender_id),
        "sent: of a campaign": listed(sort="sent_at", campaign_id=store.campaign_id),
        "sent: of a week": listed(sort="sent_at", **week),
        "tag: common": listed(tag="kind:invoice"),
        "tag: none has it": listed(tag="kind:nothing"),
        "search: address": listed(q=address),
        "search: address, sent": listed(q=address, sort="sent_at"),
        "search: address nobody has": listed(q=lambda i: f"nobody{i}@example.com"),
        "search: start, few": listed(q=lambda i: address(i).partition("@")[0]),
        "search: start, many": listed(q=lambda i: store.names[i % len(store.names)]),
        "search: one letter": listed(q=lambda i: store.names[i % len(store.names)][0]),
        "search: start, many, sent": listed(q=lambda i: store.names[i % len(store.names)], sort="sent_at"),
        "search: start, many, scheduled": listed(q=lambda i: store.names[i % len(store.names)], sort="scheduled_at"),
        "search: start, many, failed": listed(q=lambda i: store.names[i % len(store.names)], statuses=failed),
        "search: common words": listed(q="weekly report"),
        "search: common words, failed": listed(q="invoice", statuses=failed),
        "search: rare word": listed(q=lambda i: f"{i:06x}"),
        "search: campaign": listed(q="webinar"),
        "search: subject of campaigns": listed(q="season 7"),
        "search: nothing": listed(q="zebra"),
    }


def others(store: Store) -> dict[str, Step]:
    """Counts, exports, and what workers look at over all workspaces."""
    workspace_id, now = store.workspace_id, datetime.now(UTC)
    settings = load({"DATABASE_URL": "postgresql://x", "REDIS_URL": "redis://x", "SECRET_KEY": "0" * 43})

    async def overview(pool: Pool, i: int) -> Any:
        return await stats.overview(pool, settings, workspace_id=workspace_id)

    async def of_campaigns(pool: Pool, i: int) -> Any:
        return await campaigns.list_campaigns(
            pool, workspace_id=workspace_id, state=None, q=None, page=Page(limit=PAGE), now=now
        )

    async def export(pool: Pool, i: int) -> Any:
        parts = email_exports.filtered(pool, workspace_id=workspace_id, wanted=Wanted(statuses=(Status.SENT,)), now=now)
        return [len(await anext(parts)) for _ in range(2)]

    async def one(pool: Pool, query: Any, **asked: Any) -> Any:
        async with pool.connection() as conn:
            return await rows(query(conn, **asked))

    async def orphans(pool: Pool, i: int) -> Any:
        return await one(pool, queries.workers.orphans, worker_id=store.lease.worker_id, running=[], ahead=5.0)

    async def operators(pool: Pool, i: int) -> Any:
        return await metrics.figures(pool)

    async def matching(pool: Pool, i: int) -> Any:
        asked: dict[str, Any] = {"status": "failed", "above": LOWEST, "below": HIGHEST, "again": True, "certain": True}
        return await one(
            pool, queries.email_controls.matching, workspace_id=workspace_id, campaign_id=None, count=500, **asked
        )

    async def next_due(pool: Pool, i: int) -> Any:
        async with pool.connection() as conn:
            lanes = await rows(queries.email_lists.parts(
                conn, workspace_id=workspace_id, statuses=["scheduled"], sender_id=None, campaign_ids=[store.running_id]
            ))  # fmt: skip
        async with pool.connection() as conn, conn.transaction(force_rollback=True):
            await queries.mailboxes.refresh_next_due(conn, lane_ids=[row["lane_id"] for row in lanes])

    async def cancel(pool: Pool, i: int) -> Any:
        async with pool.connection() as conn, conn.transaction(force_rollback=True):
            return await queries.campaigns.cancel_some(
                conn, workspace_id=workspace_id, campaign_id=store.running_id, data="{}", after=-1, count=20
            )

    async def doubt(pool: Pool, i: int) -> Any:
        return await one(pool, queries.delivery.doubt, mailbox_ids=[store.lease.mailbox_id])

    return {
        "counts: overview": overview,
        "counts: campaigns": of_campaigns,
        "counts: operators": operators,
        "export: 1,000 rows": export,
        "bulk: failed": matching,
        "watchdog": orphans,
        "lanes: next due": next_due,
        "lanes: left by a dead worker": doubt,
        "campaign: cancel 20": cancel,
    }


class Sending:
    """Claim, gate and record, one batch after another as a runner does it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._due: list[delivery.Due] = []
        self._went: list[tuple[UUID, int]] = []

    def steps(self) -> dict[str, Step]:
        return {"claim 50": self.claim, f"gate {BATCH}": self.gate, f"record {BATCH}": self.record}

    async def claim(self, pool: Pool, i: int) -> None:
        now = datetime.now(UTC)
        self._due = await delivery.due(pool, self._store.lease, now=now, until=now, limit=50)
        assert len(self._due) >= BATCH, "nothing is due any more"

    async def gate(self, pool: Pool, i: int) -> None:
        offers = self._due[:BATCH]
        said = await delivery.gate(pool, self._store.lease, window=3600.0, prior_dot=None, offers=offers)
        self._went = [(id, word.dispatch_id) for id, word in said.items() if word.dispatch_id is not None]
        assert len(self._went) == BATCH, said

    async def record(self, pool: Pool, i: int) -> None:
        at = datetime.now(UTC)
        outcomes = [
            Outcome(
                workspace_id=self._store.lease.workspace_id,
                dispatch_id=dispatch_id,
                email_id=id,
                outcome="accepted",
                status=Status.SENT,
                dot_at=at,
                code=250,
                reply="250 2.0.0 Ok: queued",
            )
            for id, dispatch_id in self._went
        ]
        await delivery.record(pool, outcomes)


async def timings(store: Store, runs: int) -> dict[str, Times]:
    warm = min(WARM, runs)
    found: dict[str, list[float]] = {}
    server: dict[str, float] = {}
    async with store.pool.connection() as conn:
        backends = await (await conn.execute(
            "select pid from pg_stat_activity where datname = current_database() and backend_type = 'client backend'"
        )).fetchall()  # fmt: skip

    async def timed(name: str, step: Step, i: int) -> None:
        before, began = sum(tree_seconds(row["pid"]) for row in backends), time.perf_counter()
        await step(store.pool, i)
        took = time.perf_counter() - began
        if i >= warm:
            found.setdefault(name, []).append(1000 * took)
            used = sum(tree_seconds(row["pid"]) for row in backends) - before
            server[name] = server.get(name, 0.0) + 1000 * used / runs

    sending = Sending(store).steps()
    for i in range(warm + runs):
        for name, step in sending.items():
            await timed(name, step, i)
    for name, step in (others(store) | lists(store)).items():
        for i in range(warm + runs):
            await timed(name, step, i)
    return {name: _times(each, server[name]) for name, each in found.items()}


def _times(found: list[float], server: float) -> Times:
    ordered = sorted(found)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    return Times(*(round(each, 3) for each in (statistics.median(ordered), p95, ordered[-1], server)))


async def explain(store: Store) -> dict[str, list[str]]:
    """The plans of every query of each step, with what was really read."""
    found = {}
    for name, step in ({"claim 50": Sending(store).claim} | others(store) | lists(store)).items():
        explaining = ExplainingPool(store.pool, "text")
        await step(cast(Pool, explaining), 0)
        found[name] = explaining.plans
    return found


async def run(sizes: Sequence[int], runs: int) -> dict[str, Any]:
    times: dict[int, dict[str, Times]] = {}
    plans: dict[int, dict[str, list[str]]] = {}
    stores: dict[int, dict[str, float]] = {}
    with server_home("paceline-bench-") as home:
        server = PostgresServer(home, SETTINGS)
        server.start()
        try:
            for size in sizes:
                async with filled(server.url, size, due=(WARM + runs + 2) * BATCH + 50) as store:
                    stores[size] = {"seconds": round(store.seconds, 1), "gigabytes": round(store.gigabytes, 2)}
                    print(f"{size:,} messages: filled in {store.seconds:.0f} s, {store.gigabytes:.1f} GB", flush=True)
                    times[size] = await timings(store, runs)
                    plans[size] = await explain(store)
        finally:
            server.stop()
    first, last = times[sizes[0]], times[sizes[-1]]
    return {
        "sizes": list(sizes),
        "stores": stores,
        "ms": {str(size): {name: found[name].median for name in DRAWN} for size, found in times.items()},
        "times": {str(size): msgspec.to_builtins(found) for size, found in times.items()},
        "growth": {name: round(each.median / first[name].median, 2) for name, each in last.items()},
        "plans": {str(size): found for size, found in plans.items()},
    }


def measure(_ground: None = None, *, quick: bool) -> dict[str, Any]:
    """As a row of `make bench`: what grows most, and the slowest lists and searches. Without the plans."""
    result = asyncio.run(run(QUICK if quick else SIZES, 2 if quick else RUNS))
    del result["plans"]
    last = result["times"][str(result["sizes"][-1])]
    sending = [name for name in last if name.split()[0] in ("claim", "gate", "record")]
    looked = [name for name in last if name.split(":")[0] in ("list", "scheduled", "sent", "search")]
    return result | {
        "sending_growth": max(result["growth"][name] for name in sending),
        "look_p95_ms": max(last[name]["p95"] for name in looked),
        "address_p95_ms": max(last[name]["p95"] for name in looked if name.startswith("search: address")),
    }


def show(result: dict[str, Any], *, with_plans: bool) -> None:
    sizes = result["sizes"]
    print("median / p95 / Postgres's CPU, ms".ljust(34) + "".join(f"{size:>26,}" for size in sizes) + "growth".rjust(9))
    for name, growth in result["growth"].items():
        cells = [result["times"][str(size)][name] for size in sizes]
        columns = "".join(f"{c['median']:9.2f} /{c['p95']:7.2f} /{c['server']:6.2f}" for c in cells)
        print(name.ljust(34) + columns + f"{growth:9.2f}")
    if with_plans:
        for name, plans in result["plans"][str(sizes[-1])].items():
            print(f"\n## {name}, {sizes[-1]:,} messages\n" + "\n\n".join(plans))


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="python -m bench.backlog", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", metavar="COUNT", help="messages in store")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"of each step ({RUNS})")
    parser.add_argument("--plans", action="store_true", help="print every plan of the largest store")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the result there too, plans included")
    parser.add_argument("--quick", action="store_true", help="2,000 and 20,000 messages, only to see that it works")
    given = parser.parse_args(argv)
    result = asyncio.run(run(given.sizes or (QUICK if given.quick else SIZES), 2 if given.quick else given.runs))
    show(result, with_plans=given.plans)
    if given.json is not None:
        given.json.write_text(json.dumps(result))
    return result


if __name__ == "__main__":
    main()
