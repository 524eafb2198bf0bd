"""Scenarios 6 to 8 and 21: Postgres goes away, cuts connections while it commits, takes no more writes; Redis forgets
or remembers wrongly."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import Final

import psycopg
import redis

from tests.faults.harness import Result, Size, World, scenario, world
from tests.faults.proxy import Proxy
from tests.faults.scenarios_a import LENIENT, mixed_mailboxes, spread, without_doubt
from tests.support.smtp_recorder import Step
from tests.support.waiting import wait_until

# Commits take as long as on a slow disk, so that something is always committing.
SLOW_COMMITS: Final = {"commit_delay": "20000", "commit_siblings": "0"}

GATE: Final = b"from gate"  # of either kind
RECORD: Final = b"update dispatches d"
LEASE: Final = b"fence = m.fence + 1"
AFTERMATH: Final = 1.0  # seconds in which what had passed the gate before may get its dot


@scenario(6, "Postgres stops at once, 3 s and 60 s")
async def stopped_postgres(size: Size, seed: int) -> Result:
    """Workers keep what the mail server told them until they can write it down, so nothing stays uncertain."""
    stops = size.of([3.0], [*[3.0] * 10, 60.0])
    async with world(seed, window=LENIENT) as w:
        senders = await mixed_mailboxes(w)
        await w.fleet.start(3)
        await spread(w, senders, size.of(800, 10_000), sum(stops) + 4.0 * len(stops))
        heals = []
        for away in stops:
            await asyncio.sleep(w.rng.uniform(1.0, 3.0))
            w.postgres.stop(signal.SIGQUIT)
            await asyncio.sleep(away)
            w.postgres.start()
            heals.append(await w.heal())
        await w.settled(60)
        return without_doubt(await w.result(kills=len(stops), heal=max(heals)))


@scenario(7, "backends terminated during COMMIT")
async def cut_commits(size: Size, seed: int) -> Result:
    """Some are ended by pg_terminate_backend while they commit; of the others only the answer is lost, so that the
    worker cannot know that it committed. Nothing stays uncertain."""
    each, count, seconds = size.of((4, 600, 8.0), (25, 4_000, 60.0))
    async with world(seed, window=LENIENT, postgres_settings=SLOW_COMMITS) as w:
        line = Proxy(w.postgres.port)
        await line.start()
        try:
            senders = await mixed_mailboxes(w)
            through = w.postgres.url.replace(f":{w.postgres.port}/", f":{line.port}/")
            await w.fleet.start(3, lambda: {"DATABASE_URL": through})
            await spread(w, senders, count, seconds)
            terminated = await _terminate(w, each, pause=seconds / each / 4)
            for marker in (GATE, RECORD):
                await _lose_commits(w, line, marker, each)
            await _lose_leases(w, line, each)
            cuts = terminated + line.lost
            if cuts < 4 * each:
                w.violations.append(f"only {cuts} of {4 * each} commits were cut")
            heal = await w.heal()
            await w.settled(60)
            return without_doubt(await w.result(kills=cuts, heal=heal))
        finally:
            await line.end()


async def _lose_commits(w: World, line: Proxy, marker: bytes, times: int) -> None:
    """One now and then, while mail flows."""
    for _ in range(times):
        lost = line.lost
        line.lose_commits(marker, 1)
        await wait_until(lambda lost=lost: line.lost > lost, 60, what=f"a commit of {marker!r}")  # type: ignore[misc]
        await asyncio.sleep(w.rng.uniform(0.0, 0.3))


async def _terminate(w: World, times: int, *, pause: float) -> int:
    """Ends backends that are committing a gate or a record, one after another. How many."""
    done = 0
    deadline = time.monotonic() + 60
    while done < times and time.monotonic() < deadline:
        found = await w.all(
            """
            select pg_terminate_backend(pid) as ended from pg_stat_activity
            where application_name = 'paceline worker' and state = 'active'
                and (query like '%%from gate%%' or query like '%%update dispatches d%%')
                and wait_event in ('CommitDelay', 'WalSync', 'WALSync', 'WALWrite', 'WalWrite')
            order by random() limit 1
            """
        )
        if found:
            done += 1
            await asyncio.sleep(w.rng.uniform(0.2, 1.0) * pause)
    return done


async def _lose_leases(w: World, line: Proxy, times: int) -> None:
    """New mailboxes whose worker does not hear that it has the lease."""
    for _ in range(times):
        lost = line.lost
        line.lose_commits(LEASE, 1)
        await w.room.emails(await w.sender(), 2)
        await wait_until(lambda lost=lost: line.lost > lost, 60, what="a lease to be taken")  # type: ignore[misc]


@scenario(8, "Redis flushed, restarted from an old snapshot, cut off")
async def forgetful_redis(size: Size, seed: int) -> Result:
    """At limits of every scope. Redis only proposes, so its being wrong must not show."""
    seconds = size.of(5, 60)
    async with world(seed, workspace_limit=80) as w:
        line = Proxy(w.redis.port)
        await line.start()
        try:
            await _backlog(w, seconds)
            await w.fleet.start(2)
            await w.fleet.start(1, lambda: {"REDIS_URL": f"redis://127.0.0.1:{line.port}/0"})
            with redis.Redis.from_url(w.redis.url) as client:
                await asyncio.sleep(2)
                client.save()
            old = w.redis.dump.read_bytes()
            for i in range(seconds):
                await asyncio.sleep(1)
                with redis.Redis.from_url(w.redis.url) as client:
                    client.flushall()
                line.set(("open", "refusing", "silent")[i // 5 % 3])
            w.redis.stop(signal.SIGKILL)
            w.redis.dump.write_bytes(old)
            w.redis.start()
            heal = await w.heal()
            await asyncio.sleep(size.of(3, 20))
            line.set("open")
            await w.settled(60 + seconds)
            return without_doubt(await w.result(kills=seconds + 1, heal=heal))
        finally:
            await line.end()


@scenario(21, "Postgres reads only")
async def read_only_postgres(size: Size, seed: int) -> Result:
    """As in a failover: connections last and every write is refused, for longer than a lease too. Nothing leaves that
    cannot be written down, and the log says why; once writes are taken again all goes on by itself, and what servers
    answered meanwhile is written down."""
    spans = size.of([2.0, 6.0], [2.0, 6.0, 20.0, *[4.0] * 6])
    async with world(seed, window=LENIENT) as w:
        senders = await mixed_mailboxes(w)
        await w.fleet.start(2)
        await spread(w, senders, size.of(600, 6_000), sum(spans) + 6.0 * len(spans))
        w.smtp.on("dot", Step(delay=0.05), always=True)
        heals = []
        for span in spans:
            await asyncio.sleep(w.rng.uniform(1.0, 3.0))
            await _take_writes(w, False)
            await asyncio.sleep(AFTERMATH)
            dots = len(w.smtp.dots)
            await asyncio.sleep(span)
            if more := len(w.smtp.dots) - dots:
                w.violations.append(f"{more} dots while nothing could be written down")
            await _take_writes(w, True)
            heals.append(await w.heal())
        await w.settled(60)
        if not any("read-only transaction" in str(line.get("error")) for line in w.fleet.lines):
            w.violations.append("no worker said that Postgres reads only")
        return without_doubt(await w.result(kills=len(spans), heal=max(heals)))


async def _take_writes(w: World, takes: bool) -> None:
    """In force for every transaction that begins from now on."""
    async with await psycopg.AsyncConnection.connect(w.postgres.url, autocommit=True) as conn:
        await conn.execute("set default_transaction_read_only = off")
        await conn.execute(f"alter system set default_transaction_read_only = {'off' if takes else 'on'}")
        await conn.execute("select pg_reload_conf()")


async def _backlog(w: World, seconds: int) -> None:
    """More than may go: about the workspace's limit a window over the time of the scenario, on four mailboxes."""
    share = max(1, (seconds + 10) * 2)
    limited = await w.sender(hourly_limit=30)
    await w.room.emails(limited, share)
    spaced = await w.sender(gap_ms=200)
    await w.room.emails(spaced, share)
    shared = [await w.sender(hourly_limit=40), await w.sender()]
    campaign = await w.room.campaign(*shared, hourly_limit=40)
    for sender in shared:
        await w.room.emails(sender, share, campaign_id=campaign)
