"""The workspace itself: its name, timezone, global limit and what counts as late."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import UNSET

from app.contract.workspaces import WorkspaceChange, WorkspaceSettings
from app.db.pool import Conn, Pool
from app.db.queries import queries, rows
from app.db.transaction import retrying
from app.domain.opening_hours import is_zone, no_zone
from app.domain.text import is_one_line, why_turned
from app.errors import Problem, ValidationError
from app.services import feed, lanes, mailboxes
from app.settings import Settings


async def get(pool: Pool, *, workspace_id: UUID) -> WorkspaceSettings:
    async with pool.connection() as conn:
        return await _read(conn, workspace_id)


async def change(
    pool: Pool, settings: Settings, *, workspace_id: UUID, wanted: WorkspaceChange, now: datetime
) -> WorkspaceSettings:
    """A new limit holds for every dispatch after this returns; who waited for the old one goes on at once.

    Raises ValidationError.
    """
    given = {field: value for field in wanted.__struct_fields__ if (value := getattr(wanted, field)) is not UNSET}
    problems = list(_problems(given, settings.workspace_max_emails_per_hour))
    if problems:
        raise ValidationError.of(problems)

    async def work(tx: Conn) -> WorkspaceSettings:
        if "hourly_limit" in given:
            await mailboxes.lock(tx, workspace_id)
        kept = await queries.workspaces.lock(tx, workspace_id=workspace_id)
        await queries.workspaces.change(tx, workspace_id=workspace_id, **(kept | given))
        if given.get("hourly_limit", kept["hourly_limit"]) != kept["hourly_limit"]:
            await _let_go(tx, workspace_id, now)
        await lanes.announce_all(tx, workspace_id)
        return await _read(tx, workspace_id)

    answer = await retrying(pool, work)
    feed.announce(pool, workspace_id)
    return answer


async def apply_ceiling(pool: Pool, settings: Settings, now: datetime) -> None:
    """Brings every workspace below WORKSPACE_MAX_EMAILS_PER_HOUR, where it is set; for the start of a process."""
    ceiling = settings.workspace_max_emails_per_hour
    if ceiling is None:
        return
    async with pool.connection() as conn:
        found = await rows(queries.workspaces.above_ceiling(conn, ceiling=ceiling))
    for workspace in found:
        await _lower(pool, workspace["id"], ceiling, now)
        feed.announce(pool, workspace["id"])


async def _lower(pool: Pool, workspace_id: UUID, ceiling: int, now: datetime) -> None:
    async def work(tx: Conn) -> None:
        await mailboxes.lock(tx, workspace_id)
        if await queries.workspaces.lower_to_ceiling(tx, workspace_id=workspace_id, ceiling=ceiling) is not None:
            await _let_go(tx, workspace_id, now)
            await lanes.announce_all(tx, workspace_id)

    await retrying(pool, work)


async def _let_go(tx: Conn, workspace_id: UUID, now: datetime) -> None:
    """Has the mailboxes looked at again that waited for the limit as it was."""
    lifted = await rows(queries.workspaces.lift_limit(tx, workspace_id=workspace_id))
    await mailboxes.wake(tx, workspace_id, now=now, mailbox_ids=[mailbox["id"] for mailbox in lifted])


async def _read(conn: Conn, workspace_id: UUID) -> WorkspaceSettings:
    row = await queries.workspaces.settings(conn, workspace_id=workspace_id)
    return WorkspaceSettings(object="workspace", **row)


def _problems(given: dict[str, Any], ceiling: int | None) -> Iterator[Problem]:
    name, timezone = given.get("name"), given.get("timezone")
    if name is not None and (not is_one_line(name) or not name.strip()):
        yield Problem("name", "A name is one line.")
    elif name is not None and (reason := why_turned(name)) is not None:
        yield Problem("name", reason)
    if timezone is not None and not is_zone(timezone):
        yield Problem("timezone", no_zone(timezone))
    limit = given.get("hourly_limit", ceiling)
    if ceiling is not None and (limit is None or limit > ceiling):
        yield Problem(
            "hourly_limit",
            f"At most {ceiling:,} an hour: WORKSPACE_MAX_EMAILS_PER_HOUR allows a workspace no more here.",
        )
