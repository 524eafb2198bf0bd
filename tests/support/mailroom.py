"""Rows for tests of the sending path: a workspace, mailboxes, senders, campaigns, messages, written straight down."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from app.db.pool import Conn, Pool
from app.db.queries import queries
from app.db.transaction import transaction
from app.domain.ids import new_id, new_ids
from app.services import lanes, leases, secrets
from app.services.leases import Lease
from app.settings import Settings

INSERT: Final = """
    insert into emails (
        workspace_id, id, lane_id, sender_id, campaign_id, content_id, position, scheduled_at, due_at, to_address,
        recipients, recipient_count, message_id
    )
    select %(workspace)s, r.id, %(lane)s, %(sender)s, %(campaign)s, %(content)s, r.place - 1, m.due, m.due, r.address,
        r.recipients::jsonb, %(count)s, '<' || r.id || '@example.com>'
    from unnest(%(ids)s::uuid[], %(addresses)s::text[], %(recipients)s::text[])
        with ordinality as r (id, address, recipients, place)
    cross join lateral (select %(start)s::timestamptz + (r.place - 1) * make_interval(secs => %(every)s) as due) as m
"""


@dataclass(frozen=True)
class Sender:
    id: UUID
    mailbox_id: UUID
    email: str


class Mailroom:
    """One workspace. Everything is committed when a method returns."""

    def __init__(self, pool: Pool, settings: Settings, workspace_id: UUID) -> None:
        self.pool = pool
        self.settings = settings
        self.workspace_id = workspace_id

    @classmethod
    async def open(cls, pool: Pool, settings: Settings, *, hourly_limit: int | None = None) -> Mailroom:
        room = cls(pool, settings, new_id())
        await room.run(
            "insert into workspaces (id, name, hourly_limit) values (%s, 'Test', %s)", room.workspace_id, hourly_limit
        )
        return room

    # SQL

    async def run(self, sql: str, *parameters: Any) -> int:
        """Executes one statement; how many rows it touched."""
        async with self.pool.connection() as conn:
            return (await conn.execute(sql, parameters)).rowcount

    async def all(self, sql: str, *parameters: Any) -> list[dict[str, Any]]:
        async with self.pool.connection() as conn:
            return await (await conn.execute(sql, parameters)).fetchall()

    async def value(self, sql: str, *parameters: Any) -> Any:
        return next(iter((await self.all(sql, *parameters))[0].values()))

    async def now(self) -> datetime:
        """The database's time."""
        found: datetime = await self.value("select clock_timestamp()")
        return found

    async def configure(self, sql: str, *parameters: Any) -> None:
        """A change of limits, gaps or pauses, made as the services make it: no gate is in flight meanwhile."""
        async with transaction(self.pool) as tx:
            await queries.lanes.lock_settings(tx, workspace_id=self.workspace_id)
            await tx.execute(sql, parameters)

    # Who sends

    async def mailbox(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 25,
        username: str | None = None,
        hourly_limit: int | None = None,
        daily_limit: int | None = None,
        gap_ms: int = 0,
        concurrency: int = 5,
    ) -> UUID:
        mailbox_id = new_id()
        await self.run(
            "insert into mailboxes (workspace_id, id, host, port, username, secret_hash, hourly_limit, daily_limit,"
            " min_delay_ms, concurrency) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            self.workspace_id,
            mailbox_id,
            host,
            port,
            username or "",
            b"" if username else mailbox_id.bytes,  # so that a test may have several at one server
            hourly_limit,
            daily_limit,
            gap_ms,
            concurrency,
        )
        return mailbox_id

    async def sender(
        self,
        mailbox_id: UUID | None = None,
        *,
        security: str = "none",
        password: str | None = None,
        **mailbox: Any,
    ) -> Sender:
        """On a mailbox of its own, made of the further arguments, unless one is given."""
        mailbox_id = mailbox_id or await self.mailbox(**mailbox)
        sender_id = new_id()
        email = f"sender-{sender_id.hex[-8:]}@example.com"
        sealed = password and secrets.seal(self.settings.secret_key, password, bound_to=sender_id.bytes)
        await self.run(
            "insert into senders (workspace_id, id, mailbox_id, name, from_email, security, password, hourly_limit,"
            " daily_limit, min_delay_ms, concurrency)"
            " select %s, %s, id, 'Test', %s, %s::smtp_security, %s, hourly_limit, daily_limit, min_delay_ms,"
            " concurrency from mailboxes where id = %s",
            self.workspace_id,
            sender_id,
            email,
            security,
            sealed,
            mailbox_id,
        )
        return Sender(sender_id, mailbox_id, email)

    async def campaign(self, *senders: Sender, hourly_limit: int | None = None) -> UUID:
        """A running campaign without messages."""
        campaign_id = new_id()
        await self.run(
            "insert into campaigns (workspace_id, id, name, state, content_id, sender_ids, start_at, timezone,"
            " hourly_limit, recipient_count, scheduled_at)"
            " values (%s, %s, 'Test', 'running', %s, %s, now(), 'UTC', %s, 0, now())",
            self.workspace_id,
            campaign_id,
            await self.content(),
            [sender.id for sender in senders],
            hourly_limit,
        )
        return campaign_id

    async def content(self, *, subject: str = "Hello", text: str = "Hello.\r\n", is_template: bool = False) -> UUID:
        content_id = new_id()
        await self.run(
            "insert into contents (workspace_id, id, subject, text, is_template) values (%s, %s, %s, %s, %s)",
            self.workspace_id,
            content_id,
            subject,
            text,
            is_template,
        )
        return content_id

    # What is sent

    async def emails(
        self,
        sender: Sender,
        count: int = 1,
        *,
        due: datetime | None = None,
        every: float = 0.0,
        campaign_id: UUID | None = None,
        recipients: int = 1,
        to: Sequence[str] = (),
        content_id: UUID | None = None,
    ) -> list[UUID]:
        """`count` messages, due now or at `due`, each `every` seconds after the one before; the lane is woken.

        Message i goes to `to[i]`, else to m<first id's end>-<i>@example.com.
        """
        ids = new_ids(count)
        addresses = [to[i] if to else address(ids, i) for i in range(count)]
        content_id = content_id or await self.content()
        async with transaction(self.pool) as tx:
            now = await _now(tx)
            start = due or now
            lane_id = await lanes.ensure(
                tx, workspace_id=self.workspace_id, sender_id=sender.id, campaign_id=campaign_id
            )
            await tx.execute(
                INSERT,
                {
                    "workspace": self.workspace_id,
                    "lane": lane_id,
                    "sender": sender.id,
                    "campaign": campaign_id,
                    "content": content_id,
                    "start": start,
                    "every": every,
                    "count": recipients,
                    "ids": ids,
                    "addresses": addresses,
                    "recipients": [_recipients(each, recipients) for each in addresses],
                },
            )
            await lanes.wake(tx, workspace_id=self.workspace_id, lane_id=lane_id, due=start, now=now)
        return ids

    async def reschedule(self, email_id: UUID, due: datetime | None = None) -> None:
        """Moves a waiting message as the API does, by default to now: also a retry, as if its time had come."""
        async with transaction(self.pool) as tx:
            now = await _now(tx)
            cursor = await tx.execute(
                "update emails set due_at = %s, revision = revision + 1 where id = %s returning lane_id",
                [due or now, email_id],
            )
            lane = await cursor.fetchone()
            assert lane is not None
            await lanes.wake(tx, workspace_id=self.workspace_id, lane_id=lane["lane_id"], due=due or now, now=now)

    async def cancel(self, email_id: UUID) -> None:
        """Takes a waiting message out, as the API does."""
        await self.run(
            "update emails set status = 'cancelled', ended_at = now(), revision = revision + 1 where id = %s", email_id
        )

    async def wake(self, mailbox_id: UUID) -> None:
        """Has a mailbox looked at, as after a change of its settings."""
        async with transaction(self.pool) as tx:
            now = await _now(tx)
            await lanes.knock(tx, mailbox_id, due=now, now=now)

    # What became of it

    async def email(self, email_id: UUID) -> dict[str, Any]:
        return (await self.all("select * from emails where id = %s", email_id))[0]

    async def status(self, email_id: UUID) -> str:
        return str(await self.value("select status from emails where id = %s", email_id))

    async def statuses(self) -> dict[str, int]:
        """How many messages of the workspace have each status."""
        found = await self.all(
            "select status::text, count(*) as n from emails where workspace_id = %s group by 1", self.workspace_id
        )
        return {row["status"]: row["n"] for row in found}

    def are(self, status: str, *email_ids: UUID) -> Callable[[], Awaitable[bool]]:
        """Whether these messages, or all of the workspace, have this status: a condition to wait for."""

        async def check() -> bool:
            found = await self.all(
                "select from emails where workspace_id = %s and (id = any (%s) or %s) and status <> %s::email_status",
                self.workspace_id,
                list(email_ids),
                not email_ids,
                status,
            )
            return not found

        return check

    async def ledger(self, *email_ids: UUID) -> list[dict[str, Any]]:
        """The dispatches of the workspace, or of these messages, in their order."""
        return await self.all(
            "select * from dispatches where workspace_id = %s and (email_id = any (%s) or %s) order by id",
            self.workspace_id,
            list(email_ids),
            not email_ids,
        )

    async def outcomes(self, *email_ids: UUID) -> list[str]:
        """Those of the dispatches that count. Void is one whose dot would have been late: a busy machine has some."""
        return [row["outcome"] for row in await self.ledger(*email_ids) if row["outcome"] != "void"]

    async def taken_back(self) -> set[str]:
        """Whom messages go to that have a void dispatch: they go again as retries do, in an order of their own."""
        found = await self.all(
            "select distinct e.to_address from emails e join dispatches d on d.email_id = e.id"
            " where e.workspace_id = %s and d.workspace_id = e.workspace_id and d.outcome = 'void'",
            self.workspace_id,
        )
        return {row["to_address"] for row in found}

    # Leases without a worker process

    async def lease(self, mailbox_id: UUID, worker_id: UUID | None = None, *, seconds: float = 60.0) -> Lease:
        """The lease of a mailbox for a worker that lives for `seconds`."""
        worker_id = worker_id or new_id()
        await leases.beat(self.pool, worker_id, host="test", pid=1, lease_seconds=seconds)
        found = await leases.take(self.pool, mailbox_id, worker_id)
        assert found is not None, "somebody else runs this mailbox"
        return found


def address(ids: Sequence[UUID], i: int) -> str:
    """Whom message i of a batch goes to."""
    return f"m{ids[0].hex[-6:]}-{i:05}@example.com"


def _recipients(first: str, count: int) -> str | None:
    if count == 1:
        return None
    return json.dumps([{"kind": "to", "email": f"r{i}-{first}" if i else first, "name": None} for i in range(count)])


async def _now(tx: Conn) -> datetime:
    row = await (await tx.execute("select clock_timestamp() as now")).fetchone()
    assert row is not None
    found: datetime = row["now"]
    return found.astimezone(UTC)
