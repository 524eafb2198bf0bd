"""Campaigns: drafted, changed and shown. `campaign_runs` schedules and stops them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import UNSET

from app.contract.campaigns import (
    Campaign,
    CampaignChange,
    CampaignItem,
    CampaignState,
    Counts,
    CreatedCampaign,
    NewCampaign,
)
from app.contract.emails import BatchError, Email
from app.contract.lists import List, Page, page_of
from app.db.pool import Conn, Pool
from app.db.queries import queries, rows
from app.db.transaction import retrying
from app.domain.campaigns import State, open_count, shown_state
from app.domain.ids import new_id
from app.domain.lateness import LatePolicy
from app.domain.status import Status
from app.domain.text import is_one_line, one_line, why_turned
from app.errors import Conflict, NotFound, Problem, ValidationError
from app.services import campaign_timing, email_views, feed, idempotency, imports, mailboxes, windows
from app.services.campaign_drafts import (
    ALWAYS,
    Message,
    check_message,
    check_senders,
    read_list,
    with_parts,
)
from app.services.campaign_timing import Timing
from app.services.email_lists import Wanted

WAITS_FOR: Final = {"hourly_limit": "campaign_hour", "window": "window"}  # by field, the wait that a change may end

_BEING_READ: Final = "This list is still being read: GET /v1/imports/{id} says how far it is."
NOT_READ: Final = {
    "waiting": _BEING_READ,
    "reading": _BEING_READ,
    "failed": "This list could not be read: GET /v1/imports/{id} says why.",
    "cancelled": "Reading this list was cancelled.",
}


class AlreadyScheduled(Conflict):
    """This campaign is scheduled: only its name, its hourly limit and its window can change now."""

    code = "already_scheduled"


async def create(
    pool: Pool,
    *,
    workspace_id: UUID,
    created_by: UUID | None,
    wanted: NewCampaign,
    permissive: bool,
    key: str | None,
    now: datetime,
) -> CreatedCampaign:
    """A draft with its list. With `permissive` bad recipients are left out and named, else they refuse the whole.

    Raises ValidationError and what `idempotency.once` does.
    """
    asked = idempotency.request(key, "POST /campaigns", [permissive, wanted])
    message, problems = await with_parts(Message.of(wanted.subject, wanted.html, wanted.text))

    async def work(tx: Conn) -> CreatedCampaign:
        return await _create(tx, workspace_id, created_by, wanted, message, [*problems], permissive, now)

    answer = await idempotency.once(
        pool, asked, workspace_id=workspace_id, answer=CreatedCampaign, work=work, status_code=201
    )
    feed.announce(pool, workspace_id)
    return answer


async def _create(
    tx: Conn,
    workspace_id: UUID,
    created_by: UUID | None,
    wanted: NewCampaign,
    message: Message,
    problems: list[Problem],
    permissive: bool,
    now: datetime,
) -> CreatedCampaign:
    senders, missing = await check_senders(tx, workspace_id, wanted.sender_ids)
    problems.extend(missing)
    listed = await _take_list(tx, workspace_id, wanted, message, permissive, problems)
    default = Timing(start_at=now, timezone=await queries.campaigns.timezone(tx, workspace_id=workspace_id))
    given = {field: value for field in campaign_timing.FIELDS if (value := getattr(wanted, field)) is not None}
    timing = campaign_timing.changed(default, given, now, problems)
    problems.extend(campaign_timing.check_span(timing, listed.count))
    problems.extend(campaign_timing.check_hours(timing, senders.values(), now))
    name = wanted.name or one_line(wanted.subject)[:200] or "Campaign"
    problems.extend(_check_name(name))
    if problems:
        raise ValidationError.of(problems)
    content_id, campaign_id = new_id(), new_id()
    await queries.campaigns.add_content(
        tx,
        workspace_id=workspace_id,
        id=content_id,
        is_template=message.is_template,
        **msgspec.structs.asdict(message),
    )
    await queries.campaigns.add(
        tx,
        workspace_id=workspace_id,
        id=campaign_id,
        name=name,
        content_id=content_id,
        sender_ids=wanted.sender_ids,
        late_policy=wanted.late_policy.value,
        hourly_limit=wanted.hourly_limit,
        **timing.columns,
        recipient_count=listed.count,
        import_id=listed.import_id,
        created_by=created_by,
    )
    campaign = await read(tx, workspace_id, campaign_id, now)
    return CreatedCampaign(**msgspec.structs.asdict(campaign), duplicates=listed.duplicates, errors=listed.errors)


class _List(msgspec.Struct):
    """The list of a campaign, kept as an import."""

    import_id: UUID | None = None
    count: int = 0
    duplicates: int = 0
    errors: list[BatchError] = msgspec.field(default_factory=list)


async def _take_list(
    tx: Conn, workspace_id: UUID, wanted: NewCampaign, message: Message, permissive: bool, problems: list[Problem]
) -> _List:
    """Adds to `problems` what is wrong with the list or with the message for it."""
    if (wanted.recipients is None) == (wanted.import_id is None):
        problems.append(Problem("recipients", "Give either recipients or an import_id (POST /v1/recipients/parse)."))
        problems.extend(await check_message(message, ALWAYS))
        return _List()
    if wanted.import_id is not None:
        found = await queries.imports.usable(tx, workspace_id=workspace_id, id=wanted.import_id)
        if found is None:
            problems.append(Problem("import_id", "There is no such import in this workspace."))
            return _List()
        if found["state"] not in ("done", "used"):
            problems.append(Problem("import_id", NOT_READ[found["state"]]))
            return _List()
        problems.extend(await check_message(message, ALWAYS.union(found["columns"])))
        if found["valid"] == 0:
            problems.append(Problem("import_id", "There is no valid recipient in this list."))
        await queries.imports.note_use(tx, workspace_id=workspace_id, id=wanted.import_id)
        return _List(wanted.import_id, found["valid"], found["duplicates"])
    given = wanted.recipients or []
    listed = await read_list(given, message)
    anywhere = ALWAYS.union(*(each.variables or {} for each in given if not isinstance(each, str)))
    problems.extend(await check_message(message, anywhere))
    if not permissive:
        problems.extend(listed.problems)
    if not listed.recipients.valid and not problems:
        problems.append(Problem("recipients", "A campaign needs at least one recipient."))
    if problems:
        return _List()
    import_id = await imports.keep(tx, workspace_id=workspace_id, valid=listed.recipients.valid, columns=listed.columns)
    await queries.imports.note_use(tx, workspace_id=workspace_id, id=import_id)
    return _List(import_id, len(listed.recipients.valid), listed.recipients.duplicates, listed.errors)


async def change(pool: Pool, *, workspace_id: UUID, id: UUID, wanted: CampaignChange, now: datetime) -> Campaign:
    """Raises NotFound, ValidationError, or AlreadyScheduled for what is fixed once it is scheduled."""

    async def work(tx: Conn) -> Campaign:
        await mailboxes.lock(tx, workspace_id)
        kept = await lock(tx, workspace_id, id)
        given = {
            field: value for field in CampaignChange.__struct_fields__ if (value := getattr(wanted, field)) is not UNSET
        }
        if kept["state"] == State.CANCELLED or (kept["state"] != State.DRAFT and given.keys() - {"name", *WAITS_FOR}):
            raise AlreadyScheduled
        await _change(tx, workspace_id, kept, given, now)
        lifted = [WAITS_FOR[field] for field in WAITS_FOR if field in given]
        if lifted and kept["state"] != State.DRAFT:
            await mailboxes.lift(tx, workspace_id, lifted, campaign_id=id)
            await mailboxes.wake(tx, workspace_id, now=now, campaign_id=id)
        return await read(tx, workspace_id, id, now)

    answer = await retrying(pool, work)
    feed.announce(pool, workspace_id)
    return answer


async def _change(
    tx: Conn, workspace_id: UUID, kept: Mapping[str, Any], given: Mapping[str, Any], now: datetime
) -> None:
    problems: list[Problem] = []
    if {"subject", "html", "text"} & given.keys():
        before = await queries.campaigns.content(tx, workspace_id=workspace_id, id=kept["content_id"])
        after = {field: given.get(field, before[field]) for field in before}
        message, found = await with_parts(Message.of(after["subject"], after["html"], after["text"]))
        problems.extend(found)
        used = await queries.imports.usable(tx, workspace_id=workspace_id, id=kept["import_id"])
        problems.extend(await check_message(message, ALWAYS.union(used["columns"])))
        if not problems:
            await queries.campaigns.change_content(
                tx,
                workspace_id=workspace_id,
                id=kept["content_id"],
                is_template=message.is_template,
                **msgspec.structs.asdict(message),
            )
    timing = campaign_timing.changed(campaign_timing.of_row(kept), given, now, problems)
    senders, missing = await check_senders(tx, workspace_id, given.get("sender_ids", kept["sender_ids"]))
    if "sender_ids" in given:
        problems.extend(missing)
    problems.extend(campaign_timing.check_span(timing, kept["recipient_count"]))
    if {"sender_ids", "timezone", "window"} & given.keys():
        problems.extend(campaign_timing.check_hours(timing, senders.values(), now))
    problems.extend(_check_name(given.get("name", kept["name"])))
    if problems:
        raise ValidationError.of(problems)
    await queries.campaigns.change(
        tx,
        workspace_id=workspace_id,
        id=kept["id"],
        late_policy=LatePolicy(given.get("late_policy", kept["late_policy"])).value,
        **{field: given.get(field, kept[field]) for field in ("name", "sender_ids", "hourly_limit")},
        **timing.columns,
    )


async def duplicate(pool: Pool, *, workspace_id: UUID, id: UUID, created_by: UUID | None, now: datetime) -> Campaign:
    """A draft with the same list, message, senders and pace, that starts when it is scheduled. Raises NotFound."""
    new = new_id()

    async def work(tx: Conn) -> Campaign:
        made = await queries.campaigns.duplicate(
            tx,
            workspace_id=workspace_id,
            original_id=id,
            id=new,
            content_id=new_id(),
            created_by=created_by,
            now=now,
        )
        if not made:
            raise NotFound
        return await read(tx, workspace_id, new, now)

    answer = await retrying(pool, work)
    feed.announce(pool, workspace_id)
    return answer


async def get(pool: Pool, *, workspace_id: UUID, id: UUID, now: datetime) -> Campaign:
    async with pool.connection() as conn:
        return await read(conn, workspace_id, id, now)


async def list_campaigns(
    pool: Pool, *, workspace_id: UUID, state: CampaignState | None, q: str | None, page: Page, now: datetime
) -> List[CampaignItem]:
    """Newest first; with `q` those that have it in their name."""
    async with pool.connection() as conn:
        found = await rows(
            queries.campaigns.page(
                conn,
                workspace_id=workspace_id,
                state=state,
                q=q or None,
                now=now,
                after=page.after,
                before=page.before,
                count=page.limit + 1,
            )
        )
    return page_of([CampaignItem(**_columns(row, now)) for row in found], page)


async def list_recipients(pool: Pool, *, workspace_id: UUID, id: UUID, page: Page, now: datetime) -> List[Email]:
    """The messages of a campaign, the last position first; none while it is a draft. Raises NotFound."""
    await get(pool, workspace_id=workspace_id, id=id, now=now)
    wanted = Wanted(campaign_id=id)
    return await email_views.list_emails(pool, workspace_id=workspace_id, wanted=wanted, page=page, now=now)


async def read(conn: Conn, workspace_id: UUID, id: UUID, now: datetime) -> Campaign:
    """Raises NotFound."""
    row = await queries.campaigns.get(conn, workspace_id=workspace_id, id=id)
    if row is None:
        raise NotFound
    return Campaign(**_columns(row, now))


async def lock(tx: Conn, workspace_id: UUID, id: UUID) -> dict[str, Any]:
    """The campaign's row, held against every other change. Raises NotFound."""
    row: dict[str, Any] | None = await queries.campaigns.lock(tx, workspace_id=workspace_id, id=id)
    if row is None:
        raise NotFound
    return row


def _columns(row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    counts = {status: row["counts"].get(status, 0) for status in Status}
    state, start_at = State(row["state"]), row["start_at"]
    hidden = ("counts", "delay_ms", "window_days", "window_start", "window_end", "placed")
    kept = {field: value for field, value in row.items() if field not in hidden}
    # Not written yet of a large campaign: they wait like the others.
    unplaced = 0 if row["placed"] is None else row["recipient_count"] - row["placed"]
    total = sum(counts.values()) + unplaced
    return kept | {
        "object": "campaign",
        "state": shown_state(state, start_at=start_at, now=now, counts=counts, unplaced=unplaced).value,
        "delay_seconds": row["delay_ms"] / 1000,
        "window": windows.campaign_window(windows.of_row(row, row["timezone"])),
        "late_policy": LatePolicy(row["late_policy"]),
        "counts": Counts(**counts | {Status.SCHEDULED: counts[Status.SCHEDULED] + unplaced}),
        "progress": 0.0 if total == 0 else round(1 - (open_count(counts) + unplaced) / total, 4),
    }


def _check_name(name: str) -> tuple[Problem, ...]:
    if not is_one_line(name) or not name.strip():
        return (Problem("name", "A name is one line."),)
    reason = why_turned(name)
    return () if reason is None else (Problem("name", reason),)
