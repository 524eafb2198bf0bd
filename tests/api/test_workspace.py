"""The workspace: what can be set, who may, and that a new limit ends the wait for the old one and no other wait."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from litestar import Litestar

from app.db.transaction import transaction
from app.main import create_app
from app.services import sessions
from app.settings import Settings
from tests.support.tenants import Api, make_tenant
from tests.support.waiting import wait_until


async def query(app: Litestar, sql: str, *parameters: Any) -> list[dict[str, Any]]:
    async with app.state.pool.connection() as conn:
        cursor = await conn.execute(sql, parameters)
        return list(await cursor.fetchall())


async def test_what_is_absent_stays_and_null_is_none(api: Api, app: Litestar) -> None:
    workspace = await api.ok("GET", "/workspace")
    assert workspace == {
        "object": "workspace",
        "id": str(api.tenant.workspace_id),
        "name": "ann@example.test",
        "timezone": "UTC",
        "hourly_limit": None,
        "late_after_seconds": 900,
    }
    change = {"name": "Ann's", "timezone": "Europe/Berlin", "hourly_limit": 500, "late_after_seconds": 0}
    assert await api.ok("PATCH", "/workspace", json=change) == workspace | change
    assert await api.ok("PATCH", "/workspace", json={"name": "New"}) == workspace | change | {"name": "New"}
    cleared = await api.ok("PATCH", "/workspace", json={"hourly_limit": None})
    assert cleared == workspace | change | {"name": "New", "hourly_limit": None}
    assert (await api.ok("GET", "/me"))["workspace"]["timezone"] == "Europe/Berlin"


@pytest.mark.parametrize(
    ("change", "paths"),
    [
        ({"name": ""}, {"name"}),
        ({"name": "a\nb", "timezone": "Berlin"}, {"name", "timezone"}),
        ({"name": "a\u202eb"}, {"name"}),
        ({"timezone": None}, {"timezone"}),
        ({"hourly_limit": 0}, {"hourly_limit"}),
        ({"late_after_seconds": -1}, {"late_after_seconds"}),
        ({"late_after_seconds": None}, {"late_after_seconds"}),
        ({"id": "01a20083-a5c6-727d-9c3c-5b5e47c4d398"}, {"id"}),
    ],
)
async def test_what_cannot_be_is_refused_by_name(api: Api, change: Any, paths: set[str]) -> None:
    before = await api.ok("GET", "/workspace")
    assert set(await api.refused(422, "PATCH", "/workspace", json=change)) - {""} == paths
    assert await api.ok("GET", "/workspace") == before


async def test_everyone_has_their_own(api: Api, stranger: Api) -> None:
    await api.ok("PATCH", "/workspace", json={"name": "Ann's", "hourly_limit": 5})
    theirs = await stranger.ok("GET", "/workspace")
    assert (theirs["name"], theirs["hourly_limit"]) == ("zoe@example.test", None)


@pytest.mark.parametrize(("role", "status"), [("owner", 200), ("member", 403), ("viewer", 403)])
async def test_owners_change_it_and_the_others_look(api: Api, app: Litestar, role: str, status: int) -> None:
    await query(app, "update members set role = %s::member_role returning 1", role)
    async with transaction(app.state.pool) as tx:
        token = await sessions.start(
            tx, user_id=api.tenant.user_id, workspace_id=api.tenant.workspace_id, now=datetime.now(UTC), replaces=None
        )
    del api.headers["authorization"]
    api.cookies.set("paceline_session", token)
    csrf = (await api.ok("GET", "/me"))["csrf_token"]
    await api.ok("GET", "/workspace")
    answer = await api.patch("/workspace", json={"name": "New"}, headers={"x-csrf-token": csrf})
    assert answer.status_code == status


async def test_a_new_limit_ends_only_the_wait_for_the_old_one(api: Api, stranger: Api, app: Litestar) -> None:
    for client in (api, stranger):
        for reason in ("workspace_hour", "mailbox_hour", "connection"):
            sender = await client.ok(
                "POST",
                "/senders",
                json={"from_email": f"{reason}@example.com", "host": f"{reason.replace('_', '-')}.test"},
            )
            await client.ok(
                "POST", "/emails", json={"sender_id": sender["id"], "to": "r@x.example", "subject": "A", "text": "B"}
            )
            await query(
                app,
                "update mailboxes set blocked_until = now() + interval '1 h', blocked_reason = %s"
                " where id = (select mailbox_id from senders where id = %s) returning id",
                reason,
                UUID(sender["id"]),
            )
    await query(app, "delete from procrastinate_jobs returning id")

    async def waits() -> list[tuple[bool, str | None]]:
        found = await query(app, "select workspace_id, blocked_reason from mailboxes order by host")
        return [(row["workspace_id"] == api.tenant.workspace_id, row["blocked_reason"]) for row in found]

    before = await waits()
    await api.ok("PATCH", "/workspace", json={"late_after_seconds": 5, "hourly_limit": None})
    assert await waits() == before
    await api.ok("PATCH", "/workspace", json={"hourly_limit": 10})
    assert sorted(await waits(), key=str) == sorted(
        [(mine, None if mine and reason == "workspace_hour" else reason) for mine, reason in before], key=str
    )
    knocks = await query(app, "select scheduled_at from procrastinate_jobs")
    assert [knock["scheduled_at"] for knock in knocks] == [None]


async def test_the_installation_has_a_ceiling(api: Api, stranger: Api, app: Litestar, settings: Settings) -> None:
    third = await make_tenant(app.state.pool, settings, "low@example.test")
    await query(app, "update workspaces set hourly_limit = 5 where id = %s returning 1", third.workspace_id)
    await stranger.ok("PATCH", "/workspace", json={"hourly_limit": 500})
    for client in (api, stranger):
        sender = await client.ok("POST", "/senders", json={"from_email": "a@example.com", "host": "smtp.test"})
        message = {"sender_id": sender["id"], "to": "r@x.example", "subject": "A", "text": "B"}
        await client.ok("POST", "/emails", json=message)
    await query(
        app,
        "update mailboxes set blocked_until = now() + interval '1 h', blocked_reason = 'workspace_hour' returning id",
    )
    await query(app, "delete from procrastinate_jobs returning id")

    limited = create_app(msgspec.structs.replace(settings, workspace_max_emails_per_hour=100))
    async with limited.lifespan(), Api(limited, api.tenant) as mine:

        async def lowered() -> bool:
            found = await query(app, "select hourly_limit from workspaces order by hourly_limit")
            return [row["hourly_limit"] for row in found] == [5, 100, 100]

        await wait_until(lowered, what="the ceiling to hold")
        assert {row["blocked_reason"] for row in await query(app, "select blocked_reason from mailboxes")} == {None}
        assert len(await query(app, "select id from procrastinate_jobs where scheduled_at is null")) == 2

        for limit in (None, 101):
            problems = await mine.refused(422, "PATCH", "/workspace", json={"hourly_limit": limit})
            assert "At most 100 an hour" in problems["hourly_limit"]
        for limit in (20, 100):
            assert (await mine.ok("PATCH", "/workspace", json={"hourly_limit": limit}))["hourly_limit"] == limit
        assert (await mine.ok("PATCH", "/workspace", json={"name": "New"}))["hourly_limit"] == 100


async def test_a_ceiling_comes_down_once_the_database_can_be_asked(api: Api, app: Litestar, settings: Settings) -> None:
    async with app.state.pool.connection() as conn:
        await conn.execute("alter table workspaces rename to on_its_way")
    limited = create_app(msgspec.structs.replace(settings, workspace_max_emails_per_hour=100))
    async with limited.lifespan():

        async def asked() -> bool:
            return bool(limited.state.pool.get_stats().get("requests_num"))

        await wait_until(asked, what="the first try")
        async with app.state.pool.connection() as conn:
            await conn.execute("alter table on_its_way rename to workspaces")

        async def lowered() -> bool:
            return await query(app, "select hourly_limit from workspaces") == [{"hourly_limit": 100}]

        await wait_until(lowered, what="the ceiling to hold")
