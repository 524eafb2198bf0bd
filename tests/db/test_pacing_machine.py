"""A state machine against the real gate and the real Redis, on a clock of its own.

Two mailboxes of one workspace reserve, pass the gate, write dots late or not at all, crash, are cancelled; Redis is
flushed and set back; the clock jumps; limits change. Whatever happens: at every dot, the window that ends there holds
no more than the limit that its dispatch was granted under.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import psycopg
import pytest
import redis
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from app.db.pool import make_pool
from app.domain.pacing import dot_deadline
from app.pacing.reservations import Ask, Reservations, Scope, Settlement
from app.services import delivery
from app.services.delivery import Due
from app.services.leases import Lease
from app.settings import Settings
from tests.support.mailroom import Mailroom, Sender

WINDOW = 64.0  # seconds: a slot is half a second
START = datetime(2026, 11, 21, 12, tzinfo=UTC)
T = TypeVar("T")

limits = st.none() | st.integers(1, 12)


@dataclass
class Dot:
    """A message on the wire, as its receiver saw it."""

    at: float
    recipients: int
    mailbox: int
    campaign: UUID | None
    granted: dict[str, int | None]  # the limits in force, by scope


class PacingMachine(RuleBasedStateMachine):
    environment: Settings  # set by the test

    @initialize(workspace=limits, campaign=limits, first=limits, second=limits)
    def open(self, workspace: int | None, campaign: int | None, first: int | None, second: int | None) -> None:
        self.loop = asyncio.Runner()
        self.now = START
        self.dots: list[Dot] = []
        self.limits = {"workspace": workspace, "campaign": campaign, "0": first, "1": second}
        self.loop.run(self._open())

    async def _open(self) -> None:
        self.pool = make_pool(self.environment, name="machine", min_size=1, max_size=3)
        await self.pool.open()
        await self._tell_time()
        self.redis = redis.Redis.from_url(self.environment.redis_url)
        self.redis.flushall()
        self.snapshot: dict[Any, Any] = {}
        self.reservations = Reservations(self.environment.redis_url, hold_seconds=5.0)
        self.room = await Mailroom.open(self.pool, self.environment, hourly_limit=self.limits["workspace"])
        self.senders: list[Sender] = [await self.room.sender(hourly_limit=self.limits[str(i)]) for i in range(2)]
        self.campaign = await self.room.campaign(*self.senders, hourly_limit=self.limits["campaign"])
        for sender in self.senders:
            await self.room.emails(sender, 60, campaign_id=self.campaign)
            await self.room.emails(sender, 40)
            await self.room.emails(sender, 10, recipients=3)
        self.leases: list[Lease] = [await self.room.lease(s.mailbox_id, seconds=1e7) for s in self.senders]

    def teardown(self) -> None:
        async def close() -> None:
            await self.reservations.close()
            await self.pool.close()

        if hasattr(self, "loop"):
            self.loop.run(close())
            self.redis.close()
            self.loop.close()

    def run_async(self, work: Awaitable[T]) -> T:
        async def wait() -> T:
            return await work

        return self.loop.run(wait())

    async def _tell_time(self) -> None:
        async with self.pool.connection() as conn:
            await conn.execute("update fakeclock.now set now_at = %s", [self.now])

    # What happens

    @rule(seconds=st.sampled_from([0.0, 0.1, 0.4, 3.0, 20.0, WINDOW / 2, WINDOW - 0.4, WINDOW, WINDOW * 1.1]))
    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.run_async(self._tell_time())

    @rule(seconds=st.sampled_from([1.0, WINDOW, 3600.0]))
    def clock_steps_back(self, seconds: float) -> None:
        """The server's clock is set back; the gate goes on from the last moment that it gave out."""
        latest = self.run_async(
            self.room.value("select max(last_gate_at) from mailboxes where workspace_id = %s", self.room.workspace_id)
        )
        self.now = max(self.now - timedelta(seconds=seconds), START)
        self.run_async(self._tell_time())
        # Real time goes on: what is dispatched now carries the old moment until the clock has caught up.
        if isinstance(latest, datetime) and latest > self.now:
            self.now = latest

    @rule(who=st.integers(0, 1), count=st.integers(1, 8), lateness=st.floats(0.0, 1.0), void=st.booleans())
    def send(self, who: int, count: int, lateness: float, void: bool) -> None:
        """Reserve, pass the gate, write the dots up to the deadline later, or provably not."""
        self.run_async(self._send(who, count, lateness, void=void))

    async def _send(self, who: int, count: int, lateness: float, *, void: bool) -> None:
        await self._tell_time()
        lease = self.leases[who]
        found = await delivery.due(self.pool, lease, now=self.now, until=self.now, limit=count)
        granted = await self._reserve(who, found)
        verdicts = await delivery.gate(self.pool, lease, window=WINDOW, prior_dot=None, offers=granted)
        went = [message for message in granted if verdicts[message.id].verdict == "go"]
        settled = [Settlement(scope, len(went), len(granted), self.now.timestamp()) for scope in self._scopes(who)]
        await self.reservations.settle(self.room.workspace_id, str(who), settled)
        if void and went:
            ids = [verdicts[message.id].dispatch_id for message in went]
            await delivery.void(self.pool, lease, [found_id for found_id in ids if found_id is not None])
            return
        late = timedelta(seconds=lateness * dot_deadline(WINDOW))  # whole microseconds, as all moments are
        for message in went:
            self.dots.append(self._dot(who, message, (verdicts[message.id].at + late).timestamp()))
        self.now = max(self.now, max((v.at for v in verdicts.values()), default=self.now))
        self.now += late

    def _dot(self, who: int, message: Due, at: float) -> Dot:
        granted = {"workspace": self.limits["workspace"], "mailbox": self.limits[str(who)]}
        if message.campaign_id is not None:
            granted["campaign"] = self.limits["campaign"]
        return Dot(at, message.recipient_count, who, message.campaign_id, granted)

    async def _reserve(self, who: int, found: list[Due]) -> list[Due]:
        scopes = self._scopes(who)
        if not scopes or not found:
            return found
        answers = await self.reservations.reserve(
            self.room.workspace_id,
            str(who),
            scopes,
            [Ask(message.recipient_count, message.campaign_id) for message in found],
            now=self.now.timestamp(),
        )
        if answers is None:
            return found
        return [message for message, refusal in zip(found, answers, strict=True) if refusal is None]

    def _scopes(self, who: int) -> list[Scope]:
        known: list[tuple[str, UUID, int | None]] = [
            ("workspace_hour", self.room.workspace_id, self.limits["workspace"]),
            ("campaign_hour", self.campaign, self.limits["campaign"]),
            ("mailbox_hour", self.senders[who].mailbox_id, self.limits[str(who)]),
        ]
        return [Scope(kind, key, limit, WINDOW) for kind, key, limit in known if limit is not None]

    @rule(who=st.integers(0, 1), count=st.integers(1, 8))
    def gate_without_redis(self, who: int, count: int) -> None:
        """A worker that is cut off from Redis: nothing is proposed, nothing is told."""

        async def work() -> None:
            await self._tell_time()
            lease = self.leases[who]
            found = await delivery.due(self.pool, lease, now=self.now, until=self.now, limit=count)
            verdicts = await delivery.gate(self.pool, lease, window=WINDOW, prior_dot=None, offers=found)
            self.dots += [
                self._dot(who, message, verdicts[message.id].at.timestamp())
                for message in found
                if verdicts[message.id].verdict == "go"
            ]
            self.now = max(self.now, max((v.at for v in verdicts.values()), default=self.now))

        self.run_async(work())

    @rule(who=st.integers(0, 1))
    def crash(self, who: int) -> None:
        """The worker dies; another takes the mailbox. The old lease must not pass the gate any more."""

        async def work() -> None:
            old = self.leases[who]
            await self.room.run("update workers set expires_at = clock_timestamp() where id = %s", old.worker_id)
            self.leases[who] = await self.room.lease(self.senders[who].mailbox_id, seconds=1e7)
            found = await delivery.due(self.pool, old, now=self.now, until=self.now, limit=2)
            verdicts = await delivery.gate(self.pool, old, window=WINDOW, prior_dot=None, offers=found)
            assert {verdict.verdict for verdict in verdicts.values()} <= {"lost"}

        self.run_async(work())

    @rule()
    def flush_redis(self) -> None:
        self.redis.flushall()

    @rule()
    def keep_a_snapshot_of_redis(self) -> None:
        self.snapshot = {key: self.redis.dump(key) for key in self.redis.keys("paceline:*")}

    @rule()
    def redis_comes_back_stale(self) -> None:
        self.redis.flushall()
        for key, value in self.snapshot.items():
            self.redis.restore(key, 0, value)

    @rule(which=st.sampled_from(["workspace", "campaign", "0", "1"]), limit=limits)
    def change_a_limit(self, which: str, limit: int | None) -> None:
        table, row = {
            "workspace": ("workspaces", self.room.workspace_id),
            "campaign": ("campaigns", self.campaign),
            "0": ("mailboxes", self.senders[0].mailbox_id),
            "1": ("mailboxes", self.senders[1].mailbox_id),
        }[which]
        self.run_async(self.room.configure(f"update {table} set hourly_limit = %s where id = %s", limit, row))
        self.limits[which] = limit

    @rule(which=st.sampled_from(["workspace", "campaign", "0", "1"]), limit=st.integers(1, 12), who=st.integers(0, 1))
    def a_limit_goes_and_comes_back(self, which: str, limit: int, who: int) -> None:
        """What was sent meanwhile counts as well, though nobody kept a counter of it."""
        self.change_a_limit(which, None)
        self.gate_without_redis(who, 8)
        self.change_a_limit(which, limit)
        self.gate_without_redis(who, 8)

    @rule(who=st.integers(0, 1), count=st.integers(1, 3))
    def cancel(self, who: int, count: int) -> None:
        self.run_async(
            self.room.run(
                "update emails set status = 'cancelled', ended_at = now(), revision = revision + 1 where id in ("
                " select id from emails where workspace_id = %s and sender_id = %s and status = 'scheduled'"
                " order by due_at limit %s)",
                self.room.workspace_id,
                self.senders[who].id,
                count,
            )
        )

    # What must hold

    @invariant()
    def no_window_exceeds_what_was_granted(self) -> None:
        if not hasattr(self, "dots"):
            return
        for i, dot in enumerate(self.dots):
            for scope, limit in dot.granted.items():
                if limit is None:
                    continue
                seen = sum(
                    other.recipients
                    # What came afterwards did so though the clock, set back meanwhile, calls it earlier.
                    for other in self.dots[: i + 1]
                    if dot.at - WINDOW < other.at <= dot.at and _same(scope, dot, other)
                )
                assert seen <= limit, f"{seen} in the {scope} window that ends at {dot.at}, limit {limit}"


def _same(scope: str, dot: Dot, other: Dot) -> bool:
    if scope == "workspace":
        return True
    return dot.mailbox == other.mailbox if scope == "mailbox" else dot.campaign == other.campaign


@pytest.fixture
def settings_on_a_fake_clock(settings: Settings) -> Settings:
    """A database in which every function of ours reads the time from a table: only the clock is not real."""
    with psycopg.connect(settings.database_url, autocommit=True) as conn:
        conn.execute("create schema fakeclock")
        conn.execute("create table fakeclock.now (now_at timestamptz not null)")
        conn.execute("insert into fakeclock.now values (%s)", [START])
        conn.execute(
            "create function fakeclock.clock_timestamp() returns timestamptz language sql volatile"
            " as 'select now_at from fakeclock.now'"
        )
        name = conn.info.dbname
        conn.execute(f"alter database {name} set search_path = fakeclock, pg_catalog, public")
    return settings


def test_no_limit_is_exceeded_whatever_happens(settings_on_a_fake_clock: Settings) -> None:
    class Machine(PacingMachine):
        environment = settings_on_a_fake_clock

    run_state_machine_as_test(
        Machine,
        settings=hypothesis_settings(
            max_examples=25, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
