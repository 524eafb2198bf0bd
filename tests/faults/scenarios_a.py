"""Scenarios 1 to 5: workers that die, are told to stop, or freeze."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from tasks.failpoints import POINTS
from tests.faults.harness import Result, Size, World, scenario, world
from tests.support.mailroom import Sender
from tests.support.smtp_server import Step
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

MAY_TAKE: Final = 30.0  # seconds from SIGTERM to the end of a worker
LENIENT: Final = 30.0  # seconds of a window with which a busy machine still keeps the deadline of most dots

# A worker that dies at one of these leaves its message in doubt; at any other it may leave none.
IN_DOUBT: Final = ("gate.committed", "dot.written", "reply.read", "record.asked")


async def mixed_mailboxes(w: World) -> list[Sender]:
    """Four mailboxes: two without limits, one with a limit, one with a gap."""
    return [
        await w.sender(),
        await w.sender(concurrency=10),
        await w.sender(hourly_limit=int(w.settings.rate_window_seconds * 10), concurrency=3),
        await w.sender(gap_ms=100),
    ]


async def spread(w: World, senders: Sequence[Sender], count: int, seconds: float) -> None:
    """`count` messages over such four mailboxes, due over the next seconds; those with a limit or a gap get few."""
    start = await w.room.now() + timedelta(seconds=0.5)
    fast, slow = senders[:2], senders[2:]
    for sender in slow:
        few = min(count // 10, int(seconds * 5))
        await w.room.emails(sender, few, due=start, every=seconds / few)
        count -= few
    for sender in fast:
        await w.room.emails(sender, count // 2, due=start, every=seconds / (count // 2))


@scenario(1, "random kill -9 of workers")
async def killed_workers(size: Size, seed: int) -> Result:
    """A supervisor restarts them. Whose worker died between dot and reply is uncertain and never sent again."""
    kills, count, pause = size.of((6, 800, 0.8), (200, 20_000, 0.7))
    async with world(seed, window=LENIENT) as w:
        senders = await mixed_mailboxes(w)
        await w.fleet.start(3)
        await spread(w, senders, count, kills * pause)
        for _ in range(kills):
            await asyncio.sleep(w.rng.uniform(0.5, 1.5) * pause)
            await w.fleet.strike()
        heal = await w.heal()
        await w.settled(60)
        return await w.result(kills=kills, heal=heal)


@scenario(2, "kill -9 at each named failpoint")
async def killed_at_failpoints(size: Size, seed: int) -> Result:
    """One message at a time is under way, so that each death has exactly one outcome: uncertain after the gate only."""
    times = size.of(1, 25)
    points = size.of(("gate.asked", "gate.committed", "record.asked"), POINTS)
    async with world(seed, lease=1.0) as w:
        sender = await w.sender(gap_ms=100, concurrency=1)
        heals = [await _kill_at(w, sender, point, times) for point in points]
        return await w.result(kills=sum(code == -signal.SIGKILL for code in w.fleet.deaths), heal=max(heals))


async def _kill_at(w: World, sender: Sender, point: str, times: int) -> float:
    """Returns the heal time after the last of the deaths."""

    def armed() -> dict[str, str]:
        # Up to the gate only the first passage is one with nothing of an earlier message still to be recorded.
        passage = w.rng.randint(1, 3) if point in IN_DOUBT else 1
        return {"PACELINE_FAILPOINTS": f"{point}=kill@{passage}"}

    before = {row["id"] for row in await _uncertain(w)}
    await w.fleet.replace(2, armed)
    deaths = len(w.fleet.deaths)
    ids = set(await w.room.emails(sender, times * 8 + 10, every=0.1))
    deadline = time.monotonic() + 60 + times * 5
    while _killed(w, deaths) < times and await w.open_count() and time.monotonic() < deadline:
        if point == "lease.released":
            await asyncio.sleep(0.3)
            (await w.fleet.strike(signal.SIGTERM)).wait()
        await asyncio.sleep(0.02)
    last = w.fleet.last_death
    await w.fleet.replace(2)
    heal = await w.heal(last)
    killed = _killed(w, deaths)
    if killed < times:
        w.violations.append(f"{point}: only {killed} of {times} deaths")
    await w.settled(60)
    doubtful = [row for row in await _uncertain(w) if row["id"] not in before]
    if len(doubtful) != (killed if point in IN_DOUBT else 0):
        w.violations.append(f"{point}: {len(doubtful)} uncertain after {killed} deaths")
    came = {dot.email_id for dot in w.smtp.dots} & {row["id"] for row in doubtful}
    if len(came) != (0 if point == "gate.committed" else len(doubtful)):
        w.violations.append(f"{point}: {len(came)} of {len(doubtful)} uncertain messages had their dot")
    if not {row["id"] for row in doubtful} <= ids:
        w.violations.append(f"{point}: other messages are uncertain than those under way")
    return heal


def _killed(w: World, since: int) -> int:
    return sum(code == -signal.SIGKILL for code in w.fleet.deaths[since:])


async def _uncertain(w: World) -> list[dict[str, object]]:
    return await w.all("select id from emails where status = 'uncertain'")


@scenario(3, "SIGTERM under load")
async def stopped_workers(size: Size, seed: int) -> Result:
    """Each ends in good order within 30 s and leaves nothing in doubt."""
    times, count, pause = size.of((6, 1_500, 0.8), (50, 10_000, 1.0))
    async with world(seed, window=LENIENT) as w:
        senders = await mixed_mailboxes(w)
        w.smtp.on("dot", Step(delay=0.02), always=True)  # so that there is always something between dot and reply
        await w.fleet.start(3)
        await spread(w, senders, count, times * pause)
        for i in range(times):
            if i % 3:
                await asyncio.sleep(w.rng.uniform(0.5, 1.5) * pause)
                await _stops(w, await w.fleet.strike(signal.SIGTERM))
            else:
                await _stops(w, await _stop_a_newcomer(w))
        heal = await w.heal()
        await w.settled(60)
        result = await w.result(kills=times, heal=heal)
        return without_doubt(result)


async def _stop_a_newcomer(w: World) -> WorkerProcess:
    """A worker that is told to stop the moment it is ready, while its connections are still being made."""
    known = w.fleet.ready
    (await w.fleet.strike(signal.SIGTERM)).wait()
    await wait_until(lambda: set(w.fleet.ready) - {*known}, 60, what="a new worker")
    newcomer = next(
        process for process in w.fleet.ready if process not in known
    )  # the successor of another may be there too
    newcomer.signal(signal.SIGTERM)
    return newcomer


@scenario(4, "SIGTERM while a reply is delayed")
async def stopped_before_the_reply(size: Size, seed: int) -> Result:
    """The worker waits for the replies that it is owed, and for nothing else."""
    delay = size.of(5.0, 20.0)
    async with world(seed) as w:
        slow, other = await w.sender(concurrency=4), await w.sender()
        await w.fleet.start(2)
        w.smtp.on("dot", Step(delay=delay), times=4, match="slow-")
        await w.room.emails(slow, 20, to=[f"slow-{i}@example.com" for i in range(20)])
        await w.room.emails(other, 200, every=delay / 200)
        await wait_until(lambda: sum(dot.recipients[0].startswith("slow-") for dot in w.smtp.dots) >= 4)
        runner = await w.all("select runner_id::text as id from mailboxes where id = %s", slow.mailbox_id)
        (process,) = [process for process in w.fleet.ready if process.id == runner[0]["id"]]
        process.signal(signal.SIGTERM)
        took = await _stops(w, process)
        heal = await w.heal()
        await w.settled(60)
        if took < delay / 2:
            w.violations.append(f"it ended after {took:.1f} s, the replies came after {delay:g} s")
        return without_doubt(await w.result(kills=1, heal=heal))


async def _stops(w: World, process: WorkerProcess) -> float:
    """Seconds until a worker that was told to stop has ended; too many, or a bad exit code, are a violation."""
    began = time.monotonic()
    while not process.ended:
        if time.monotonic() - began > MAY_TAKE:
            w.violations.append(
                f"a worker has not ended after {MAY_TAKE:g} s: {process.lines[-3:]} {process.noise[-5:]}"
            )
            process.kill()
            return MAY_TAKE
        await asyncio.sleep(0.02)
    took = time.monotonic() - began
    if process.wait() != 0:
        w.violations.append(f"a worker ended with {process.wait()}: {process.noise[-5:]}")
    return took


def without_doubt(result: Result) -> Result:
    if result.uncertain:
        result.violations.append(f"{result.uncertain} uncertain though every worker could tell")
    return result


@scenario(5, "SIGSTOP beyond the lease, then SIGCONT")
async def frozen_workers(size: Size, seed: int) -> Result:
    """At named points and in the middle of a body: the fence decides. Who comes back sends nothing, but still knows
    what became of what it sent, so that nothing stays uncertain."""
    times = size.of(1, 5)
    points = size.of(("gate.committed", "dot.written"), tuple(p for p in POINTS if p != "lease.released"))
    async with world(seed, lease=1.0) as w:
        senders = await mixed_mailboxes(w)
        freezes = 0
        for point in points:
            for _ in range(times):
                freezes += await _freeze_at(w, senders, point)
        for _ in range(size.of(1, 20)):
            await _freeze_mid_body(w, senders[0])
            freezes += 1
        heal = await w.heal()
        await w.settled(60)
        return without_doubt(await w.result(kills=freezes, heal=heal))


async def _freeze_at(w: World, senders: Sequence[Sender], point: str) -> int:
    """Both workers freeze at a random passage of the point; whoever does is thawed well after its lease. How many."""
    await w.fleet.replace(2, lambda: {"PACELINE_FAILPOINTS": f"{point}=stop@{w.rng.randint(1, 40)}"})
    await spread(w, senders, 200, 3.0)
    frozen: dict[WorkerProcess, float] = {}
    thawed: set[WorkerProcess] = set()
    deadline = time.monotonic() + 8
    while time.monotonic() < deadline and len(thawed) < 2:
        now = time.monotonic()
        for process in w.fleet.ready:
            if process not in frozen and process.stopped:
                frozen[process] = now
            elif process in frozen and process not in thawed and now - frozen[process] > 2.5:
                process.signal(signal.SIGCONT)
                thawed.add(process)
        await asyncio.sleep(0.02)
    for process in frozen:
        process.signal(signal.SIGCONT)
    return len(frozen)


async def _freeze_mid_body(w: World, sender: Sender) -> None:
    """The server stops reading in the middle of a large body; then the worker freezes and another one takes over."""
    await w.fleet.replace(2)
    content = await w.room.content(text="A long line of text for the body.\r\n" * 200_000)
    address = f"large-{w.rng.randrange(10**9)}@example.com"
    w.smtp.on("body", Step(delay=1.0, after_bytes=w.rng.randrange(1_000_000)), match=address)
    await w.room.emails(sender, to=[address], content_id=content)
    await asyncio.sleep(w.rng.uniform(0.1, 1.0))
    runner = await w.all("select runner_id::text as id from mailboxes where id = %s", sender.mailbox_id)
    for process in w.fleet.ready:
        if process.id == runner[0]["id"]:
            process.signal(signal.SIGSTOP)
            await asyncio.sleep(2.5)
            process.signal(signal.SIGCONT)
    await w.settled(30)
