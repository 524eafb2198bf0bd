"""The stage for fault scenarios: real Postgres with fsync on, real Redis, a recording SMTP server and real workers.

A scenario is `async def name(size: Size, seed: int) -> Result`, registered by `@scenario(number, title)`:

    @scenario(1, "200 kill -9 of workers")
    async def killed(size: Size, seed: int) -> Result:
        async with world(seed) as w:
            ...
            return await w.result(kills=kills, heal=heal)
"""

from __future__ import annotations

import asyncio
import math
import random
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Final, TypeAlias, TypeVar
from uuid import UUID

from app.db.migrate import migrate
from app.db.outage import UNAVAILABLE
from app.db.pool import make_pool
from app.settings import load
from tests.faults import judge
from tests.faults.fleet import Fleet
from tests.faults.machine import small_disk
from tests.faults.recorder import RecorderProcess
from tests.support.mailroom import Mailroom, Sender
from tests.support.servers import DURABLE, PostgresServer, RedisServer, server_home
from tests.support.waiting import wait_until

T = TypeVar("T")

GRACE: Final = 15.0  # seconds beyond one lease within which everything must go again


STUCK: Final = """
    select m.id::text as mailbox, w.expires_at > clock_timestamp() as runs, m.blocked_until::text, m.blocked_reason,
        m.free_at::text, l.next_due::text, l.blocked_until::text as lane_until, l.blocked_reason as lane_reason
    from lanes l join mailboxes m on m.id = l.mailbox_id left join workers w on w.id = m.runner_id
    where exists (select from emails e where e.lane_id = l.id and e.status in ('scheduled', 'deferred', 'sending'))
"""


class Size(Enum):
    """The long form is what the promise is proven by; the short one shows in a few seconds that it still holds."""

    SHORT = "short"
    LONG = "long"

    def of(self, short: T, long: T) -> T:
        return short if self is Size.SHORT else long


@dataclass
class Result:
    seed: int
    messages: int
    kills: int
    lost: list[str]
    duplicates: list[str]
    violations: list[str]
    uncertain: int
    heal: float  # seconds from the last fault until everything went again
    allowed_heal: float
    ends: dict[str, int]  # how many messages ended in which status
    notes: list[str] = field(default_factory=list)  # what else was seen; no fault by itself

    @property
    def faults(self) -> list[str]:
        """Everything that breaks a promise, in words."""
        slow = [f"healed only after {self.heal:.1f} s"] if self.heal > self.allowed_heal else []
        return [
            *(f"lost: {line}" for line in judge.summary(self.lost)),
            *(f"duplicate: {line}" for line in judge.summary(self.duplicates)),
            *(f"violation: {line}" for line in judge.summary(self.violations)),
            *slow,
        ]


Play: TypeAlias = Callable[[Size, int], Awaitable[Result]]


@dataclass(frozen=True)
class Scenario:
    number: int
    title: str
    play: Play


SCENARIOS: dict[int, Scenario] = {}


def scenario(number: int, title: str) -> Callable[[Play], Play]:
    def register(play: Play) -> Play:
        assert number not in SCENARIOS, f"two scenarios have the number {number}"
        SCENARIOS[number] = Scenario(number, title, play)
        return play

    return register


class World:
    """All servers of one scenario and what it asks of them. Everything random comes from `rng`."""

    def __init__(
        self,
        seed: int,
        environment: dict[str, str],
        postgres: PostgresServer,
        redis: RedisServer,
        smtp: RecorderProcess,
    ) -> None:
        self.seed = seed
        self.rng = random.Random(seed)
        self.environment = environment
        self.settings = load(environment)
        self.postgres = postgres
        self.redis = redis
        self.smtp = smtp
        self.pool = make_pool(self.settings, name="fault test", min_size=1, max_size=4)
        self.fleet = Fleet(environment, self.rng)
        self.violations: list[str] = []  # what a scenario saw by itself
        self.room: Mailroom

    async def sender(self, room: Mailroom | None = None, **mailbox: Any) -> Sender:
        """A sender on a mailbox of its own at the recording server; see Mailroom.mailbox."""
        return await (room or self.room).sender(port=self.smtp.port, **mailbox)

    async def patient(self, ask: Callable[[], Awaitable[T]], timeout: float = 30.0) -> T:
        """Asks the database again while it is away or has just cut the connection."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                return await ask()
            except UNAVAILABLE:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.1)

    async def all(self, sql: str, *parameters: Any) -> list[dict[str, Any]]:
        return await self.patient(lambda: self.room.all(sql, *parameters))

    # Waiting

    async def open_count(self) -> int:
        """Messages, of all workspaces, that are not at an end: scheduled, deferred, sending."""
        found = await self.all(
            "select coalesce(sum(count), 0)::integer as n from lane_counts"
            " where status in ('scheduled', 'deferred', 'sending')"
        )
        return int(found[0]["n"])

    async def settled(self, timeout: float) -> bool:
        """Waits until no message is open any more, as long as they get fewer; `timeout` seconds if they do not.
        What then still is open, `result` calls lost."""
        least, deadline = math.inf, 0.0
        while left := await self.open_count():
            if left < least:
                least, deadline = left, time.monotonic() + timeout
            elif time.monotonic() > deadline:
                self.violations += [f"stuck: {row}" for row in await self.all(STUCK)]
                return False
            await asyncio.sleep(0.1)
        return True

    async def until_dots(self, count: int, timeout: float = 60.0) -> None:
        """Waits until the server has seen so many dots."""
        await wait_until(lambda: len(self.smtp.dots) >= count, timeout, what=f"{count} dots")

    async def heal(self, since: float | None = None) -> float:
        """Seconds from `since` (monotonic; now) until nothing waits for a runner that is gone, nothing is left between
        gate and reply by one, and mail moves; infinity if that takes much longer than allowed."""
        began = since if since is not None else time.monotonic()
        fault = (await self.all("select clock_timestamp() as now"))[0]["now"]
        while time.monotonic() - began < self.settings.lease_seconds + 2 * GRACE:
            if not await self._ails(fault):
                return time.monotonic() - began
            await asyncio.sleep(0.05)
        return math.inf

    async def _ails(self, fault: datetime) -> bool:
        """Whether a mailbox that may send now has not done so since the fault, or something was left behind by one
        that is dead."""
        found = await self.all(
            """
            select exists (
                select from lanes l join mailboxes m on m.id = l.mailbox_id
                where l.next_due is not null and m.last_gate_at < %s
                    and greatest(l.wake_at, m.blocked_until) < clock_timestamp() - interval '0.5 seconds'
            ) or exists (
                select from emails e join lanes l on l.id = e.lane_id join mailboxes m on m.id = l.mailbox_id
                where e.status = 'sending' and (m.runner_id is null or not m.runner_id = any (%s::uuid[]))
            ) as ails
            """,
            fault,
            self.fleet.ids,
        )
        return bool(found[0]["ails"])

    # The verdict

    async def result(
        self, *, kills: int, heal: float, orders: Mapping[UUID, int] | None = None, ends: Iterable[str] = ()
    ) -> Result:
        """Stops the workers and holds the two records against the promises; see judge.judge."""
        await self.fleet.stop()
        emails = await self.all("select id, to_address, status::text as status, reply from emails")
        ledger = await self.all("select *, outcome::text as outcome from dispatches order by id")
        found = judge.judge(emails, ledger, self.smtp.dots, orders=orders or {}, ends=ends)
        found.violations += [str(line) for line in self.fleet.troubles if line["event"] == "Task was not found"]
        counted = await self.all(
            "select status::text, sum(count)::integer as n from lane_counts group by 1 having sum(count) <> 0"
        )
        if {row["status"]: row["n"] for row in counted} != judge.tally(emails):
            found.violations.append(f"lane_counts say {counted}")
        return Result(
            seed=self.seed,
            messages=len(emails),
            kills=kills,
            lost=found.lost,
            duplicates=found.duplicates,
            violations=self.violations + found.violations + await judge.verify(self.environment),
            uncertain=len(found.uncertain),
            heal=heal,
            allowed_heal=self.settings.lease_seconds + GRACE,
            ends=judge.tally(emails),
            notes=[
                f"{sum(row['outcome'] == 'void' for row in ledger)} dispatches void",
                *judge.events(self.fleet.troubles),
            ],
        )


@asynccontextmanager
async def world(
    seed: int,
    *,
    lease: float = 3.0,
    window: float = 10.0,
    workspace_limit: int | None = None,
    postgres_settings: Mapping[str, str] | None = None,
    redis_environment: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    smtp_options: Iterable[str] = (),
    disk: int | None = None,
) -> AsyncIterator[World]:
    """Fresh servers, a migrated database with one workspace (`room`); afterwards nothing of it runs.

    `disk`: bytes of a file system of its own for Postgres.
    """
    with ExitStack() as held:
        home = held.enter_context(server_home("paceline-fault-pg-"))
        other = held.enter_context(server_home("paceline-fault-"))
        if disk is not None:
            held.enter_context(small_disk(home, disk))
        postgres = PostgresServer(home, DURABLE | dict(postgres_settings or {}))
        redis = RedisServer(other, redis_environment or {})
        smtp = RecorderProcess(other, *smtp_options)
        try:
            postgres.start()
            redis.start()
            await migrate(postgres.url)
            variables = {
                "DATABASE_URL": postgres.url,
                "REDIS_URL": f"{redis.url}/0",
                "SECRET_KEY": secrets.token_urlsafe(32),
                "SMTP_ALLOW_PRIVATE": "1",
                "LEASE_SECONDS": f"{lease:g}",
                "RATE_WINDOW_SECONDS": f"{window:g}",
            } | dict(environment or {})
            w = World(seed, variables, postgres, redis, smtp)
            async with w.pool:
                w.room = await Mailroom.open(w.pool, w.settings, hourly_limit=workspace_limit)
                try:
                    yield w
                finally:
                    await w.fleet.end()
        finally:
            smtp.end()
            redis.stop()
            postgres.stop()
