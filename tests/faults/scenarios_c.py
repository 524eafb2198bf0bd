"""Scenarios 15 to 18: people who cancel, many workers and senders on one mailbox, an hour without any worker."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from uuid import UUID

from app.contract.senders import NewSender, SenderChange
from app.domain.actors import Actor
from app.domain.ids import new_id
from app.errors import AlreadySending
from app.services import email_controls, senders
from tests.faults.harness import Result, Size, World, scenario, world
from tests.faults.recorder import Dot
from tests.support.mailroom import Sender
from tests.support.smtp_server import Step
from tests.support.stalls import Stalls
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

PROMPT: Final = 1.0  # seconds that an order of a person may take
USED: Final = 0.97  # of a limit, at least, under backlog


@scenario(15, "cancel races sending")
async def cancel_races(size: Size, seed: int) -> Result:
    """Whoever is told that it is cancelled can rely on it; whoever is told that it is too late as well."""
    count, seconds = size.of((200, 4.0), (1_000, 20.0))
    async with world(seed) as w:
        boxes = [await w.sender(concurrency=10), await w.sender(gap_ms=30), await w.sender(hourly_limit=1_000)]
        w.smtp.on("data", Step(delay=0.03), always=True)  # there is a while between claim and gate
        await w.fleet.start(2)
        start = await w.room.now() + timedelta(seconds=1)
        orders = []
        for i, box in enumerate(boxes):
            mine = count // 3 + (i < count % 3)
            every = seconds / mine
            ids = await w.room.emails(box, mine, due=start, every=every)
            moments = [start + timedelta(seconds=n * every + w.rng.uniform(-0.25, 0.25)) for n in range(mine)]
            orders += [_cancel(w, email_id, moment) for email_id, moment in zip(ids, moments, strict=True)]
        with TemporaryDirectory() as folder, Stalls(Path(folder)) as stalls:
            answers = await asyncio.gather(*orders)
        words = {email_id: done for email_id, done, _ in answers}
        slowest = max(took for _, _, took in answers)
        if slowest > PROMPT + stalls.worst:  # the machine's own stalls are not ours
            w.violations.append(f"a cancel took {slowest:.1f} s")
        heal = await w.heal()
        await w.settled(30)
        came = {dot.email_id for dot in w.smtp.dots}
        w.violations += [
            f"{email_id} was cancelled and came" for email_id in words if words[email_id] and email_id in came
        ]
        lost = [email_id for email_id in words if not words[email_id] and email_id not in came]
        w.violations += [f"{email_id} was too late to cancel and never came" for email_id in lost]
        if not 0.1 < sum(words.values()) / count < 0.9:
            w.violations.append(f"no race: {sum(words.values())} of {count} were cancelled")
        return await w.result(kills=0, heal=heal, ends=["cancelled"])


async def _cancel(w: World, email_id: UUID, moment: datetime) -> tuple[UUID, bool, float]:
    """Asks for it at the moment; whether it was done, and how many seconds that took."""
    await asyncio.sleep((moment - datetime.now(UTC)).total_seconds())
    began = time.monotonic()
    try:
        await email_controls.cancel(
            w.pool, workspace_id=w.room.workspace_id, id=email_id, by=Actor(new_id()), now=datetime.now(UTC)
        )
        done = True
    except AlreadySending:
        done = False
    return email_id, done, time.monotonic() - began


@scenario(16, "8 workers on one mailbox")
async def crowd_on_a_mailbox(size: Size, seed: int) -> Result:
    """Whoever of them has it is stopped, or frozen beyond its lease, or for a moment between gate and dot."""
    count, seconds, windows = size.of((75, 10.0, 0), (700, 90.0, 5))
    async with world(seed, lease=1.0, window=size.of(20.0, 12.0)) as w:
        limit = 60
        box = await w.sender(hourly_limit=limit, gap_ms=100)
        strikes = 0
        async with _thawing(w) as frozen:
            await w.fleet.start(8, lambda: {"PACELINE_FAILPOINTS": f"gate.committed=stop@{w.rng.randint(2, 8)}"})
            await w.room.emails(box, count, every=seconds / count / 2)
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                await asyncio.sleep(w.rng.uniform(0.3, 1.0))
                strikes += await _strike_runner(w, box, frozen)
            heal = await w.heal()
            await w.settled(60 + count)
        if windows:
            await w.fleet.replace(8)
            await _uses_its_limit(w, box, limit, windows)
        return await w.result(kills=strikes, heal=heal)


@asynccontextmanager
async def _thawing(w: World) -> AsyncIterator[set[WorkerProcess]]:
    """Whatever froze at a failpoint is thawed while its dot may still be in time; what is in the set is left alone."""
    left_alone: set[WorkerProcess] = set()
    pause = w.settings.rate_window_seconds / 200 * 0.6

    async def watch() -> None:
        while True:
            await asyncio.sleep(0.003)
            found = [process for process in w.fleet.ready if process.stopped and process not in left_alone]
            if found:
                await asyncio.sleep(pause)
                for process in found:
                    process.signal(signal.SIGCONT)

    watching = asyncio.create_task(watch())
    try:
        yield left_alone
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
        for process in w.fleet.running:
            process.signal(signal.SIGCONT)


async def _runner(w: World, box: Sender) -> WorkerProcess | None:
    """Who has the lease of the mailbox, if that is one who works."""
    found = await w.all("select runner_id::text as id from mailboxes where id = %s", box.mailbox_id)
    return next((process for process in w.fleet.ready if process.id == found[0]["id"]), None)


async def _strike_runner(w: World, box: Sender, left_alone: set[WorkerProcess]) -> bool:
    process = await _runner(w, box)
    if process is None:
        return False
    if w.rng.random() < 0.5:
        process.signal(signal.SIGTERM)
        return True
    left_alone.add(process)
    process.signal(signal.SIGSTOP)
    dots = len(w.smtp.dots)
    with contextlib.suppress(AssertionError):  # the limit may be reached
        await wait_until(lambda: len(w.smtp.dots) > dots + 2, w.settings.lease_seconds + 2)
    await asyncio.sleep(w.rng.uniform(0, 0.1))
    process.signal(signal.SIGCONT)
    left_alone.discard(process)
    return True


async def _uses_its_limit(w: World, box: Sender, limit: int, windows: int) -> None:
    """Under backlog the mailbox gets what it may have."""
    before = len(w.smtp.dots)
    await w.room.emails(box, limit * (windows + 2))
    await w.settled(w.settings.rate_window_seconds * (windows + 4))
    moments = [dot.monotonic for dot in w.smtp.dots[before:]][limit:]  # from the second window on it is steady
    share = w.settings.rate_window_seconds * windows / (moments[limit * windows] - moments[0])
    if share < USED:
        w.violations.append(f"only {share:.1%} of the limit were used")


@scenario(17, "two senders on one mailbox")
async def shared_mailbox(size: Size, seed: int) -> Result:
    """They share the lower limit and the longer gap, and take turns by due time; also while one of them is changed."""
    count, most, least = size.of((30, 30, 20), (400, 60, 40))
    async with world(seed, window=8.0, smtp_options=("--username", "box@example.com", "--password", "secret")) as w:
        place: dict[str, Any] = {"host": "127.0.0.1", "port": w.smtp.port, "security": "none"}
        place |= {"username": "box@example.com", "password": "secret"}
        one = await _create(w, NewSender(from_email="a@example.com", hourly_limit=most, min_delay_ms=40, **place))
        two = await _create(w, NewSender(from_email="b@example.com", hourly_limit=least, min_delay_ms=20, **place))
        if one.mailbox_id != two.mailbox_id:
            w.violations.append("two senders with one account have two mailboxes")
        await w.fleet.start(3)
        due = await w.room.now() + timedelta(seconds=size.of(4, 8))  # both are there before either is read
        for sender, later in ((one, 0.0), (two, 0.01)):
            await w.room.emails(sender, count, due=due + timedelta(seconds=later), every=0.02)
        await w.until_dots(least)
        first = Counter([await _sender_of(w, dot) for dot in w.smtp.dots[:least]])
        if min(first[one.id], first[two.id]) < least * 0.4:
            w.violations.append(f"of the first {least} one sender got {first[one.id]}, the other {first[two.id]}")
        await w.fleet.strike()
        change = SenderChange(hourly_limit=least * 3 // 4)
        now = datetime.now(UTC)
        await senders.change(w.pool, w.settings, workspace_id=w.room.workspace_id, id=one.id, wanted=change, now=now)
        heal = await w.heal()
        await w.settled(60 + count * 2 / least * 8 * 2)
        await _oldest_first(w, one.mailbox_id, 0)
        return await w.result(kills=1, heal=heal)


async def _create(w: World, wanted: NewSender) -> Sender:
    """As the API does it."""
    now = datetime.now(UTC)
    made = await senders.create(w.pool, w.settings, workspace_id=w.room.workspace_id, wanted=wanted, now=now)
    found = await w.all("select mailbox_id from senders where id = %s", made.id)
    return Sender(made.id, found[0]["mailbox_id"], made.from_email)


async def _sender_of(w: World, dot: Dot) -> UUID:
    found: UUID = (await w.all("select sender_id from emails where id = %s", dot.email_id))[0]["sender_id"]
    return found


async def _oldest_first(w: World, mailbox_id: UUID, most: int) -> None:
    """On the wire no message of a mailbox overtakes more than `most` others that were due before it. Retries are
    exempt, also those of a dispatch that was taken back because its dot had been too slow."""
    rows = await w.all(
        "select e.id, e.due_at, e.position from emails e join lanes l on l.id = e.lane_id where l.mailbox_id = %s"
        " and (select count(*) from dispatches d where d.workspace_id = e.workspace_id and d.email_id = e.id) = 1",
        mailbox_id,
    )
    turn: Mapping[UUID, Any] = {row["id"]: (row["due_at"], row["position"], row["id"]) for row in rows}
    later: list[Any] = []
    worst = 0
    for dot in reversed([dot for dot in w.smtp.dots if dot.email_id in turn]):
        worst = max(worst, bisect_left(later, turn[dot.email_id]))
        insort(later, turn[dot.email_id])
    if worst > most:
        w.violations.append(f"a message overtook {worst} that were due before it, {most} may be")


@scenario(18, "down for an hour")
async def an_hour_late(size: Size, seed: int) -> Result:
    """Thousands are overdue: within the limits, oldest first; what the late policy says is missed or held, and only of
    what came due while nothing ran, longer ago than `late_after_seconds`."""
    count = size.of(500, 5_000)
    async with world(seed, window=size.of(6.0, 10.0), workspace_limit=count // 3) as w:
        boxes = {0: await w.sender(gap_ms=10), 5: await w.sender(hourly_limit=count // 4)}
        campaign = await w.room.campaign(boxes[5], hourly_limit=count // 10)
        await _was_down(w, timedelta(hours=1))
        expected: dict[UUID, str] = {}
        now = await w.room.now()
        for most, box in boxes.items():
            for policy in ("send", "skip", "ask"):
                for start, end in ((-90, -61), (-59, -16), (-14, 0)):  # minutes
                    few = count // 18
                    ids = await w.room.emails(
                        box,
                        few,
                        due=now + timedelta(minutes=start),
                        every=(end - start) * 60 / few,
                        campaign_id=campaign if most and policy == "ask" else None,
                    )
                    await w.room.run("update emails set late_policy = %s::late_policy where id = any (%s)", policy, ids)
                    is_late = start == -59
                    end_as = {"skip": "missed", "ask": "held"}.get(policy, "sent") if is_late else "sent"
                    expected |= dict.fromkeys(ids, end_as)
        began = time.monotonic()
        await w.fleet.replace(3)
        heal = await w.heal(began)
        await w.settled(120)
        rows = await w.all("select id, status::text as status from emails")
        wrong = Counter((expected[row["id"]], row["status"]) for row in rows if row["status"] != expected[row["id"]])
        w.violations += [f"{n} are {status} that should be {wanted}" for (wanted, status), n in wrong.items()]
        for most, box in boxes.items():
            await _oldest_first(w, box.mailbox_id, most)
        return await w.result(kills=1, heal=heal, ends=["missed", "held"])


async def _was_down(w: World, since: timedelta) -> None:
    """A worker lived, and stopped that long ago."""
    await w.fleet.start(1)
    await w.fleet.stop()
    await w.room.run(
        "update workers set started_at = started_at - ago, beat_at = beat_at - ago, expires_at = expires_at - ago"
        " from (select %s::interval as ago) as by",
        since,
    )
