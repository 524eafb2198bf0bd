"""Senders: added, changed, stopped and let go again. Every change of them takes effect within a second."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import UNSET

from app.contract.lists import List, Page, page_of
from app.contract.senders import Allowance, NewSender, Sender, SenderChange, Usage
from app.db.pool import Conn, Pool
from app.db.queries import queries, rows
from app.db.transaction import retrying
from app.domain.dkim import covers
from app.domain.hosts import domain_of
from app.domain.ids import new_id
from app.errors import ConfigurationError, Conflict, NotFound, ValidationError
from app.services import feed, mailboxes, secrets, windows
from app.services.secrets import UNREADABLE
from app.services.sender_settings import SenderSettings, changed, from_new
from app.settings import Settings

# Who sets one of these chooses who can read what the sender sends.
SERVER: Final = ("host", "port", "security", "username", "password")
KEPT: Final = "kept"  # stands for a password that stays and that nobody can read


class SenderInUse(Conflict):
    """Mail waits for this sender, or is in doubt: cancel or resolve it first."""

    code = "sender_in_use"


async def create(
    pool: Pool, settings: Settings, *, workspace_id: UUID, wanted: NewSender, now: datetime, by: UUID | None = None
) -> Sender:
    """The first sender of a workspace is its default. `by` is the person who names its server, where one does.

    Raises ValidationError.
    """
    draft = from_new(wanted, settings)
    sender_id = new_id()

    async def work(tx: Conn) -> Sender:
        await mailboxes.lock(tx, workspace_id)
        await _refuse_second(tx, workspace_id, sender_id, draft.from_email)
        mailbox_id = await mailboxes.find_or_add(tx, settings, workspace_id, draft.sign_in)
        await queries.senders.insert(
            tx, workspace_id=workspace_id, id=sender_id, mailbox_id=mailbox_id, **_columns(draft, settings, sender_id)
        )
        await queries.senders.note_server(tx, workspace_id=workspace_id, id=sender_id, by=by)
        await mailboxes.refresh(tx, workspace_id, mailbox_id, afresh=False)
        await mailboxes.wake(tx, workspace_id, now=now, mailbox_ids=[mailbox_id])
        return await read(tx, workspace_id, sender_id)

    answer = await retrying(pool, work)
    feed.announce(pool, workspace_id)
    return answer


async def get(pool: Pool, *, workspace_id: UUID, id: UUID) -> Sender:
    async with pool.connection() as conn:
        return await read(conn, workspace_id, id)


async def list_senders(pool: Pool, *, workspace_id: UUID, page: Page) -> List[Sender]:
    async with pool.connection() as conn:
        found = await rows(
            queries.senders.page(
                conn, workspace_id=workspace_id, after=page.after, before=page.before, count=page.limit + 1
            )
        )
    return page_of([_shown(row) for row in found], page)


async def change(
    pool: Pool,
    settings: Settings,
    *,
    workspace_id: UUID,
    id: UUID,
    wanted: SenderChange,
    now: datetime,
    by: UUID | None = None,
) -> Sender:
    """Another host, port or user is another mailbox: what waits goes there. `by` is the person who names its server,
    where one does. A password that can no longer be read stays as it is, and the sender waits for another one.

    Raises NotFound, ValidationError.
    """

    async def work(tx: Conn) -> Sender:
        await mailboxes.lock(tx, workspace_id)
        old, before, lost = await _before(tx, settings, workspace_id, id, wanted)
        draft = changed(before, wanted, settings)
        await _refuse_second(tx, workspace_id, id, draft.from_email)
        await _refuse_unsigned(tx, workspace_id, id, draft.from_email)
        new = old
        if draft.sign_in != before.sign_in:
            new = await mailboxes.find_or_add(tx, settings, workspace_id, draft.sign_in)
        columns = _columns(draft, settings, id) | ({} if lost is None else {"password": lost})
        await queries.senders.update(tx, workspace_id=workspace_id, id=id, mailbox_id=new, **columns)
        if any(getattr(wanted, field) is not UNSET for field in SERVER):
            await queries.senders.note_server(tx, workspace_id=workspace_id, id=id, by=by)
            # Mail that waits goes to the new server: what signs in must not be read there.
            await queries.sign_in_links.end_unspent(tx, workspace_id=workspace_id)
        await _wait_for_password(tx, workspace_id, id, is_lost=lost is not None, is_new=_replaces_password(wanted))
        if new != old:
            await queries.senders.move_lanes(tx, workspace_id=workspace_id, id=id, mailbox_id=new)
            await mailboxes.refresh(tx, workspace_id, old, afresh=False)
        afresh = (draft.sign_in, draft.security) != (before.sign_in, before.security)
        await mailboxes.refresh(tx, workspace_id, new, afresh=afresh)
        if draft.window != before.window:
            await mailboxes.lift(tx, workspace_id, ["window"], sender_id=id)
        if wanted.is_default is not UNSET:
            await _make_default(tx, workspace_id, id)
        await mailboxes.wake(tx, workspace_id, now=now, mailbox_ids=[old, new])
        return await read(tx, workspace_id, id)

    answer = await retrying(pool, work)
    feed.announce(pool, workspace_id)
    return answer


async def delete(pool: Pool, *, workspace_id: UUID, id: UUID, now: datetime) -> None:
    """Its history stays. Raises NotFound, or SenderInUse while mail waits for it or is in doubt."""

    async def work(tx: Conn) -> None:
        await mailboxes.lock(tx, workspace_id)
        sender = await read(tx, workspace_id, id)
        place = await queries.senders.sign_in(tx, workspace_id=workspace_id, id=id)
        # Holding its row and its lanes first: whoever is just adding to them is counted, or finds the sender gone.
        await queries.senders.delete(tx, workspace_id=workspace_id, id=id)
        await queries.dkim.remove(tx, workspace_id=workspace_id, sender_id=id, only_waiting=False)
        await mailboxes.settle_lanes(tx, workspace_id, sender_id=id)
        found = await queries.senders.open(tx, workspace_id=workspace_id, id=id)
        if found["waiting"] or found["in_doubt"]:
            raise SenderInUse(_why_in_use(found["waiting"], found["in_doubt"]))
        if await queries.placing.is_sender_of(tx, workspace_id=workspace_id, sender_id=id):
            raise SenderInUse("A campaign that is being written sends by it: cancel that first.")
        if sender.is_default:
            await _make_default(tx, workspace_id, await queries.senders.oldest(tx, workspace_id=workspace_id))
        await mailboxes.refresh(tx, workspace_id, place["mailbox_id"], afresh=False)
        await mailboxes.wake(tx, workspace_id, now=now, mailbox_ids=[place["mailbox_id"]])

    await retrying(pool, work)
    feed.announce(pool, workspace_id)


def _why_in_use(waiting: int, in_doubt: int) -> str:
    why = []
    if waiting:
        why.append(f"{waiting:,} message{'s wait' if waiting > 1 else ' waits'} for this sender: cancel first.")
    if in_doubt:
        why.append(f"{in_doubt:,} message{'s are' if in_doubt > 1 else ' is'} uncertain: resolve first.")
    return " ".join(why)


async def pause(pool: Pool, *, workspace_id: UUID, id: UUID, now: datetime) -> Sender:
    """Nothing more leaves by it once this returns; its mail waits. Pausing twice is no error."""
    return await _set_state(pool, workspace_id, id, "paused", "Paused by a person.", now)


async def resume(pool: Pool, *, workspace_id: UUID, id: UUID, now: datetime) -> Sender:
    """Lets its mail go at once, whatever trouble held the mailbox back before."""
    return await _set_state(pool, workspace_id, id, "active", None, now)


async def _set_state(pool: Pool, workspace_id: UUID, id: UUID, state: str, reason: str | None, now: datetime) -> Sender:
    async def work(tx: Conn) -> Sender:
        await mailboxes.lock(tx, workspace_id)
        place = await queries.senders.sign_in(tx, workspace_id=workspace_id, id=id)
        if place is None:
            raise NotFound
        await queries.senders.set_state(tx, workspace_id=workspace_id, id=id, state=state, reason=reason)
        await mailboxes.settle_lanes(tx, workspace_id, sender_id=id)
        await mailboxes.refresh(tx, workspace_id, place["mailbox_id"], afresh=state == "active")
        await mailboxes.wake(tx, workspace_id, now=now, mailbox_ids=[place["mailbox_id"]])
        return await read(tx, workspace_id, id)

    answer = await retrying(pool, work)
    feed.announce(pool, workspace_id)
    return answer


async def usage(pool: Pool, settings: Settings, *, workspace_id: UUID, id: UUID) -> Usage:
    """How much of the mailbox's limits is used now, as the gate counts."""
    window = settings.rate_window_seconds
    async with pool.connection() as conn:
        found = await queries.senders.usage(conn, workspace_id=workspace_id, id=id, window=window)
        if found is None:
            raise NotFound
        waiting: int = (await queries.senders.open(conn, workspace_id=workspace_id, id=id))["waiting"]
    day = None
    if found["daily_limit"] is not None:
        day = Allowance(used=found["day_used"], limit=found["daily_limit"], next_at=found["day_next_at"])
    return Usage(
        object="sender_usage",
        sender_id=id,
        window_seconds=window,
        hour=Allowance(used=found["hour_used"], limit=found["hourly_limit"], next_at=found["hour_next_at"]),
        day=day,
        waiting=waiting,
    )


async def read(conn: Conn, workspace_id: UUID, id: UUID) -> Sender:
    """Raises NotFound, also where it was deleted."""
    row = await queries.senders.get(conn, workspace_id=workspace_id, id=id)
    if row is None:
        raise NotFound
    return _shown(row)


async def stored(
    conn: Conn, settings: Settings, workspace_id: UUID, id: UUID, *, with_password: bool = True
) -> tuple[UUID, SenderSettings]:
    """The mailbox of a sender and all that it is set to. Raises NotFound, or ConfigurationError for a password that
    was saved under another SECRET_KEY; without the password it is readable all the same."""
    sender = await read(conn, workspace_id, id)
    place = await queries.senders.sign_in(conn, workspace_id=workspace_id, id=id)
    sealed = place["password"] if with_password else None
    return place["mailbox_id"], SenderSettings(
        name=sender.name,
        from_name=sender.from_name,
        from_email=sender.from_email,
        reply_to=sender.reply_to,
        host=sender.host,
        port=sender.port,
        security=sender.security,
        username=sender.username or "",
        password=None if sealed is None else secrets.unseal(settings.secret_key, sealed, bound_to=id.bytes),
        hourly_limit=sender.hourly_limit,
        daily_limit=sender.daily_limit,
        min_delay_ms=sender.min_delay_ms,
        concurrency=sender.concurrency,
        window=windows.of_sender(sender.window),
    )


async def _before(
    tx: Conn, settings: Settings, workspace_id: UUID, id: UUID, wanted: SenderChange
) -> tuple[UUID, SenderSettings, bytes | None]:
    """The mailbox, what the sender is set to until now and, where its password can no longer be read, that password as
    it is stored. Raises NotFound, or ValidationError where the change cannot do without it."""
    if _replaces_password(wanted):
        return *await stored(tx, settings, workspace_id, id, with_password=False), None
    try:
        return *await stored(tx, settings, workspace_id, id), None
    except ConfigurationError as error:
        if any(getattr(wanted, field) is not UNSET for field in ("host", "port", "security", "username")):
            raise ValidationError.at("password", error.message) from error
    mailbox_id, before = await stored(tx, settings, workspace_id, id, with_password=False)
    place = await queries.senders.sign_in(tx, workspace_id=workspace_id, id=id)
    return mailbox_id, msgspec.structs.replace(before, password=KEPT), place["password"]


async def _wait_for_password(tx: Conn, workspace_id: UUID, id: UUID, *, is_lost: bool, is_new: bool) -> None:
    """Pauses a sender that cannot sign in, with the reason; lets go what was paused for it alone."""
    sender = await read(tx, workspace_id, id)
    if is_lost and sender.state == "active":
        state, reason = "paused", UNREADABLE
    elif is_new and sender.state == "paused" and sender.state_reason == UNREADABLE:
        state, reason = "active", None
    else:
        return
    await queries.senders.set_state(tx, workspace_id=workspace_id, id=id, state=state, reason=reason)
    await mailboxes.settle_lanes(tx, workspace_id, sender_id=id)


def _replaces_password(wanted: SenderChange) -> bool:
    """Whether the old one does not matter: another one is given, or there is nobody left to sign in as."""
    return wanted.password is not UNSET or (wanted.username is not UNSET and not (wanted.username or "").strip())


def _columns(draft: SenderSettings, settings: Settings, sender_id: UUID) -> dict[str, Any]:
    sealed = None
    if draft.password is not None:
        sealed = secrets.seal(settings.secret_key, draft.password, bound_to=sender_id.bytes)
    return {
        "name": draft.name,
        "from_name": draft.from_name,
        "from_email": draft.from_email,
        "reply_to": draft.reply_to,
        "security": draft.security,
        "password": sealed,
        "hourly_limit": draft.hourly_limit,
        "daily_limit": draft.daily_limit,
        "min_delay_ms": draft.min_delay_ms,
        "concurrency": draft.concurrency,
        "window_timezone": None if draft.window is None else draft.window.timezone,
        **windows.columns(draft.window),
    }


async def _refuse_second(tx: Conn, workspace_id: UUID, id: UUID, from_email: str) -> None:
    """`from` picks the sender, so an address has one."""
    if await queries.senders.by_from_email(tx, workspace_id=workspace_id, from_email=from_email, id=id):
        raise ValidationError.at("from_email", f"There is a sender with the address {from_email} already.")


async def _refuse_unsigned(tx: Conn, workspace_id: UUID, id: UUID, from_email: str) -> None:
    """A key signs for one domain; receivers would not take its word for another one's mail."""
    for key in await rows(queries.dkim.keys(tx, workspace_id=workspace_id, sender_id=id)):
        if not covers(key["domain"], domain_of(from_email)):
            why = f"The mail of this sender is signed for {key['domain']}: remove DKIM first, then set it up again."
            raise ValidationError.at("from_email", why)


async def _make_default(tx: Conn, workspace_id: UUID, id: UUID | None) -> None:
    await queries.senders.no_default(tx, workspace_id=workspace_id)
    await queries.senders.make_default(tx, workspace_id=workspace_id, id=id)


def _shown(row: dict[str, Any]) -> Sender:
    columns = {field: value for field, value in row.items() if not field.startswith("window_")}
    window = windows.sender_window(windows.of_row(row, row["window_timezone"]))
    return Sender(object="sender", window=window, **columns)
