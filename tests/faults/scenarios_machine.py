"""Scenarios 19 and 20: clocks that are wrong by an hour, a disk that is full."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import redis

from app.db.outage import UNAVAILABLE
from app.domain.pacing import DAY
from tests.faults.harness import Result, Size, World, scenario, world
from tests.faults.machine import HOUR, Clock, fill
from tests.support.mailroom import Sender
from tests.support.servers import PostgresServer

DISK: Final = 192 * 1024 * 1024  # bytes: the cluster takes about 60 of these MB
SMALL_WAL: Final = {"min_wal_size": "32MB", "max_wal_size": "64MB", "wal_recycle": "off", "wal_init_zero": "off"}
SUPERVISED: Final = {"restart_after_crash": "off"}  # as in app/embedded/postgres.py, which says why
DUE_A_SECOND: Final = 15  # messages, until twice the time without room is over
FULL: Final = ("No space left on device", "could not extend file", "disk full")


@scenario(19, "clocks off by an hour")
async def wrong_clocks(size: Size, seed: int) -> Result:
    """One worker's clock and Redis's are an hour off, then the other way, and jump while mail goes: only Postgres's
    decides when a message is due and what a limit still counts. In the long form a day, 24 of the windows, is full
    before its mail is over: the rest goes when its day is, neither sooner nor an hour later."""
    with TemporaryDirectory() as folder:
        workers, server = Clock(Path(folder) / "worker"), Clock(Path(folder) / "redis")
        async with world(seed, window=8.0, redis_environment=server.environment) as w:
            boxes = [await w.sender(hourly_limit=40, gap_ms=20), await w.sender(), await w.sender(daily_limit=200)]
            patience = 30 + size.of(0, w.settings.rate_window_seconds * DAY)  # the short form fills no day
            workers.set(HOUR)
            server.set(-HOUR)
            await w.fleet.start(1, lambda: workers.environment)
            await _is_off(w, HOUR)
            await w.fleet.start(1)
            jumps = size.of(4, 20)
            for box in boxes:
                await w.room.emails(box, jumps * 15, every=3.5 * jumps / (jumps * 15))
            in_time = await w.room.now() + timedelta(seconds=HOUR * 0.9)
            later = [(await w.room.emails(box, due=in_time))[0] for box in boxes]
            for _ in range(jumps):
                await asyncio.sleep(w.rng.uniform(2.0, 5.0))
                workers.set(w.rng.choice([-HOUR, 0, HOUR]))
                server.set(w.rng.choice([-HOUR, 0, HOUR]))
            heal = await w.heal()
            await _settled_but(w, len(later), patience + jumps * 4)
            early = sum(dot.email_id in later for dot in w.smtp.dots)
            if early:
                w.violations.append(f"{early} messages went an hour early")
            for email_id in later:
                await w.room.reschedule(email_id)
            await w.settled(patience)
            return await w.result(kills=jumps, heal=heal)


async def _settled_but(w: World, few: int, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while await w.open_count() > few and time.monotonic() < deadline:
        await asyncio.sleep(0.1)


async def _is_off(w: World, seconds: int) -> None:
    """The clocks do lie: the worker's log and Redis's TIME say so."""
    said = datetime.fromisoformat(w.fleet.ready[0].said("worker.ready")[0]["timestamp"]).timestamp()
    with redis.Redis.from_url(w.redis.url) as client:
        there = client.time()[0]
    if abs(said - time.time() - seconds) > 60 or abs(there - time.time() + seconds) > 60:
        w.violations.append(f"the clocks are off by {said - time.time():.0f} s and {there - time.time():.0f} s")


@scenario(20, "Postgres's disk is full")
async def full_disk(size: Size, seed: int) -> Result:
    """Nothing leaves that cannot be written down, and the log says why; with room again all goes on by itself. Where
    Postgres itself ends over it, it is started again, as a supervisor would."""
    times, seconds = size.of((1, 6.0), (6, 20.0))
    async with world(seed, disk=DISK, postgres_settings=SMALL_WAL | SUPERVISED) as w, _supervised(w.postgres):
        boxes = [await w.sender(), await w.sender(hourly_limit=100), await w.sender(gap_ms=50)]
        await w.fleet.start(2)
        filler = w.postgres.data.parent / "filler"
        heal = 0.0
        for _ in range(times):
            for box in boxes:
                await w.room.emails(box, int(seconds * DUE_A_SECOND * 2 / 3), every=3 / DUE_A_SECOND)
            await asyncio.sleep(1)
            await _without_room(w, filler, boxes[0], seconds)
            filler.unlink()
            heal = max(heal, await w.heal())
            await w.settled(60 + seconds * 2)
        if not any(reason in str(line) for reason in FULL for line in w.fleet.lines):
            w.violations.append("no worker said that the disk was full")
        return await w.result(kills=times, heal=heal)


async def _without_room(w: World, filler: Path, box: Sender, seconds: float) -> None:
    """There is little room at first and none in the second half, and people go on writing messages: what is not
    refused is accepted. A message now and then may still fit; on the whole sending stops."""
    fill(filler, leave=w.rng.choice([0, 32 * 1024, 1024 * 1024]))
    async with _accepting(w, box) as refused:
        await asyncio.sleep(seconds / 2)
        dots = len(w.smtp.dots)
        until = time.monotonic() + seconds / 2
        while time.monotonic() < until:
            fill(filler)  # whatever Postgres gave up meanwhile
            await asyncio.sleep(0.02)
        more = len(w.smtp.dots) - dots
    if not refused:
        w.violations.append("the disk was not full")
    if more > DUE_A_SECOND * seconds / 4:
        w.violations.append(f"{more} messages left while the disk was full, as if nothing had been")


@asynccontextmanager
async def _accepting(w: World, box: Sender) -> AsyncIterator[list[Exception]]:
    """Meanwhile messages are written; why some were refused."""
    refused: list[Exception] = []

    async def write() -> None:
        while True:
            try:
                await w.room.emails(box, 200, every=0.01)
            except UNAVAILABLE as error:
                refused.append(error)
            await asyncio.sleep(0.2)

    writing = asyncio.create_task(write())
    try:
        yield refused
    finally:
        writing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await writing


@asynccontextmanager
async def _supervised(postgres: PostgresServer) -> AsyncIterator[None]:
    async def watch() -> None:
        while True:
            await asyncio.sleep(0.3)
            if postgres.ended:
                with contextlib.suppress(AssertionError):  # it cannot start without room either
                    await asyncio.to_thread(postgres.start)

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
