"""Scenarios 9 to 12: Redis goes away or freezes; mail servers drop and reset connections."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from uuid import UUID

from tests.faults.harness import Result, Size, World, scenario, world
from tests.support.mailroom import Sender
from tests.support.smtp_server import Step
from tests.support.stalls import Stalls
from tests.support.waiting import wait_until

MAY_WAIT: Final = 1.0  # seconds that an absent Redis may cost a message


async def latest(w: World, email_ids: Collection[UUID]) -> float:
    """The most seconds from the moment that one of them was due to its first dot."""
    due = {
        row["id"]: row["due"] for row in await w.all("select id, extract(epoch from scheduled_at) as due from emails")
    }
    seen: set[UUID] = set()
    late = 0.0
    for dot in w.smtp.dots:
        if dot.email_id in email_ids and dot.email_id not in seen:
            seen.add(dot.email_id)
            late = max(late, dot.at - float(due[dot.email_id]))
    return late


@scenario(9, "Redis down")
async def without_redis(size: Size, seed: int) -> Result:
    """Sending goes on, within the limits and at their pace; also by a worker that never met Redis."""
    away = size.of(10.0, 60.0)
    async with world(seed, window=4.0, workspace_limit=120) as w:
        free, limited = await w.sender(), await w.sender(hourly_limit=40, concurrency=3)
        gapped, campaigning = await w.sender(gap_ms=100, daily_limit=5_000), await w.sender()
        campaign = await w.room.campaign(campaigning, hourly_limit=20)
        await w.fleet.start(2)
        seconds = away + 4
        await w.room.emails(free, int(seconds * 5), every=0.2)
        await w.room.emails(gapped, int(seconds * 5), every=0.2)
        await w.room.emails(campaigning, int(seconds * 6), campaign_id=campaign)
        waiting = {*await w.room.emails(limited, int(seconds * 12))}
        await asyncio.sleep(2)
        w.redis.stop(signal.SIGKILL)
        began = time.monotonic()
        await asyncio.sleep(away / 2)
        (await w.fleet.strike(signal.SIGTERM)).wait()
        await asyncio.sleep(began + away - time.monotonic())
        ended = time.monotonic()
        w.redis.start()
        went = sum(dot.email_id in waiting and began < dot.monotonic < ended for dot in w.smtp.dots)
        least = 40 * int(away / 4 - 1) * 0.9
        if went < least:
            w.violations.append(f"only {went} went by the limited mailbox without Redis, {least:g} might have")
        heal = await w.heal(ended)
        await w.settled(60 + seconds)
        return await w.result(kills=1, heal=heal)


@scenario(10, "Redis frozen")
async def frozen_redis(size: Size, seed: int) -> Result:
    """A Redis that takes connections and answers nothing costs a message a second at most."""
    times, seconds = size.of((2, 3.0), (10, 6.0))
    async with world(seed, workspace_limit=1_000_000) as w:
        senders = [await w.sender(hourly_limit=100_000), await w.sender(gap_ms=50), await w.sender(daily_limit=100_000)]
        campaign = await w.room.campaign(senders[2], hourly_limit=100_000)
        await w.fleet.start(2)
        in_all = 3 + times * (seconds + 2)
        ids: set[UUID] = set()
        with TemporaryDirectory() as folder, Stalls(Path(folder)) as stalls:
            for i, sender in enumerate(senders):
                of = campaign if i == 2 else None
                ids |= {*await w.room.emails(sender, int(in_all * 10), every=0.1, campaign_id=of)}
            await asyncio.sleep(3)
            usual = await latest(w, ids)
            for _ in range(times):
                w.redis.send(signal.SIGSTOP)
                await asyncio.sleep(w.rng.uniform(0.5, 1.0) * seconds)
                w.redis.send(signal.SIGCONT)
                await asyncio.sleep(w.rng.uniform(0.5, 2.0))
            heal = await w.heal()
            await w.settled(30)
            late = await latest(w, ids)
        if late > usual + MAY_WAIT + stalls.worst:  # the machine's own stalls are not Redis's
            w.violations.append(f"a message was {late:.2f} s late; {usual:.2f} s at most with Redis")
        return await w.result(kills=times, heal=heal)


@scenario(11, "the server drops after the dot")
async def dropped_after_the_dot(size: Size, seed: int) -> Result:
    """Exactly those are uncertain, and nothing sends them again: no retry, no other worker, no restart."""
    drops, count = size.of((20, 120), (100, 1_500))
    async with world(seed) as w:
        senders = [await w.sender(), await w.sender(hourly_limit=100), await w.sender(gap_ms=20)]
        w.smtp.on("dot", Step(drop=True), match="doubt-", always=True)
        await w.fleet.start(2)
        doomed = {*w.rng.sample(range(count), drops)}
        ids: dict[int, UUID] = {}
        for i, sender in enumerate(senders):
            mine = range(i, count, 3)
            to = [f"{'doubt' if n in doomed else 'fine'}-{n}@example.com" for n in mine]
            ids |= zip(mine, await w.room.emails(sender, len(mine), to=to, every=size.of(0.05, 0.02)), strict=True)
        await w.settled(60 + count / 10)
        began = time.monotonic()
        await w.fleet.strike()
        await w.fleet.strike()
        await w.room.emails(senders[0], 20)  # something to see the healing by
        heal = await w.heal(began)
        await w.settled(30)
        await asyncio.sleep(w.settings.lease_seconds)
        found = {row["id"] for row in await w.all("select id from emails where status = 'uncertain'")}
        if found != {ids[n] for n in doomed}:
            w.violations.append(
                f"{len(found)} uncertain, {len(found - {ids[n] for n in doomed})} of them for no reason"
            )
        if (dots := sum(dot.email_id in found for dot in w.smtp.dots)) != drops:
            w.violations.append(f"the server saw {dots} dots of the {drops} messages in doubt")
        return await w.result(kills=drops, heal=heal)


@scenario(12, "reset at a random byte of the body")
async def reset_in_the_body(size: Size, seed: int) -> Result:
    """Nobody got it: it goes again at once, and once. There is a doubt only where the server was so slow to read that
    the dot was written before it hung up."""
    boxes, resets = size.of((6, 5), (30, 10))
    async with world(seed) as w:
        senders = [await w.sender(gap_ms=w.rng.choice([0, 0, 20])) for _ in range(boxes)]
        await w.fleet.start(2)
        for i, sender in enumerate(senders):
            await _reset(w, sender, f"box{i}", resets)
        await wait_until(lambda: not w.smtp.left, 60 + resets * 10, what="all resets to have happened")
        heal = await w.heal()
        await w.settled(60 + resets * 5)
        groundless = await w.all(
            "select e.to_address from emails e where e.status = 'uncertain' and not exists (select from dispatches d"
            " where d.workspace_id = e.workspace_id and d.email_id = e.id and d.dot_at is not null)"
        )
        w.violations += [f"{row['to_address']} is uncertain though its dot was never written" for row in groundless]
        return await w.result(kills=boxes * resets, heal=heal)


async def _reset(w: World, sender: Sender, name: str, resets: int) -> None:
    """Twice as many messages, of which every other one is reset once."""
    length = w.rng.choice([100, 5_000, 60_000])
    content = await w.room.content(text="Forty characters of text for a body....\r\n" * (length // 41))
    to: Sequence[str] = [f"{name}-{'reset' if i % 2 else 'fine'}-{i}@example.com" for i in range(resets * 2)]
    for address in to[1::2]:
        w.smtp.on("body", Step(drop=True, reset=True, after_bytes=w.rng.randrange(length)), match=address)
    await w.room.emails(sender, len(to), to=to, content_id=content)
