"""Signing a sender's mail (DKIM): its key is set up, its record is seen in the DNS, from then on it signs.

A signature without its record fails at every receiver, so a key that nobody has seen the record of signs nothing.
"""

from __future__ import annotations

import asyncio
import secrets as randomness
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from app.contract.sender_dns import DkimKey, DnsRecord, NewDkim, SenderDkim
from app.db.pool import Conn, Pool
from app.db.queries import queries, rows
from app.db.transaction import retrying
from app.domain.dkim import covers, is_selector, record_name, record_value, why_no_match
from app.domain.hosts import domain_of, host_name
from app.errors import ConfigurationError, Conflict, Problem, ValidationError
from app.mail.signing import Signer
from app.mail.signing_keys import KeyPair, given_key, make_key
from app.outbound.dns import DnsTrouble, Resolver
from app.services import feed, mailboxes, secrets, senders
from app.settings import Settings

UNREADABLE: Final = (
    "The stored DKIM key cannot be read: SECRET_KEY is not the one it was saved under. "
    "Make a new key, remove DKIM, or set the old SECRET_KEY."
)


class NothingToCheck(Conflict):
    """No key waits for its record: set DKIM up first."""

    code = "dkim_not_waiting"


async def get(pool: Pool, *, workspace_id: UUID, id: UUID) -> SenderDkim:
    """Raises NotFound."""
    async with pool.connection() as conn:
        await senders.read(conn, workspace_id, id)
        return await read(conn, workspace_id, id)


async def set_up(
    pool: Pool, settings: Settings, *, workspace_id: UUID, id: UUID, wanted: NewDkim, now: datetime
) -> SenderDkim:
    """A key that waits for its record, in place of one that waits. Where another sender of the workspace signs for the
    domain already and nothing else is asked for, its key signs here too, at once. Raises NotFound, ValidationError."""
    async with pool.connection() as conn:
        sender = await senders.read(conn, workspace_id, id)
    domain, selector = _place(wanted, domain_of(sender.from_email))
    if wanted.private_key is None:
        pair = await asyncio.to_thread(make_key)
    else:
        pair = await asyncio.to_thread(given_key, wanted.private_key)
    may_share = wanted.private_key is None and wanted.selector is None

    async def work(tx: Conn) -> SenderDkim:
        await mailboxes.lock(tx, workspace_id)
        sender = await senders.read(tx, workspace_id, id)
        if not covers(domain, domain_of(sender.from_email)):
            raise ValidationError.at("domain", "The sender's address has changed meanwhile: try again.")
        shared = None
        if may_share and (await read(tx, workspace_id, id)).state == "off":
            shared = await _shared(tx, settings, workspace_id, id, domain)
        await _add(tx, settings, workspace_id, id, domain, *(shared or (selector, pair)))
        if shared is not None:
            await _activate(tx, workspace_id, id, shared[0], shared[1].public, now)
        return await read(tx, workspace_id, id)

    answer = await retrying(pool, work)
    feed.announce(pool, workspace_id)
    return answer


async def check(pool: Pool, settings: Settings, *, workspace_id: UUID, id: UUID, now: datetime) -> SenderDkim:
    """Asks the DNS for the record of the key that waits, else of the one that signs. Once it is there the key signs.

    Raises NotFound, or NothingToCheck without a key.
    """
    found = await get(pool, workspace_id=workspace_id, id=id)
    key = found.waiting or found.active
    if key is None:
        raise NothingToCheck
    public = key.record.value.rpartition("p=")[2]
    try:
        finding = why_no_match(await Resolver(settings.dns_server).txt(key.record.name), public)
    except DnsTrouble as error:
        finding = error.message

    async def work(tx: Conn) -> SenderDkim:
        await mailboxes.lock(tx, workspace_id)
        await senders.read(tx, workspace_id, id)
        await queries.dkim.looked(
            tx, workspace_id=workspace_id, sender_id=id, public_key=public, selector=key.selector, finding=finding
        )
        if finding is None and key == found.waiting:
            await _activate(tx, workspace_id, id, key.selector, public, now)
        return await read(tx, workspace_id, id)

    answer = await retrying(pool, work)
    feed.announce(pool, workspace_id)
    return answer


async def remove(pool: Pool, *, workspace_id: UUID, id: UUID, now: datetime, only_waiting: bool = False) -> SenderDkim:
    """Its mail is no longer signed, or with `only_waiting` as until now; what is removed is gone. Raises NotFound."""

    async def work(tx: Conn) -> SenderDkim:
        await mailboxes.lock(tx, workspace_id)
        await senders.read(tx, workspace_id, id)
        await queries.dkim.remove(tx, workspace_id=workspace_id, sender_id=id, only_waiting=only_waiting)
        await _take_effect(tx, workspace_id, id, now)
        return await read(tx, workspace_id, id)

    answer = await retrying(pool, work)
    feed.announce(pool, workspace_id)
    return answer


async def read(conn: Conn, workspace_id: UUID, id: UUID) -> SenderDkim:
    found = await rows(queries.dkim.keys(conn, workspace_id=workspace_id, sender_id=id))
    active, waiting = (_shown(found, state) for state in ("active", "waiting"))
    return SenderDkim(
        object="sender_dkim",
        sender_id=id,
        state="active" if active is not None else "waiting" if waiting is not None else "off",
        active=active,
        waiting=waiting,
    )


def signer(settings: Settings, row: dict[str, Any], *, host: str) -> Signer:
    """Of a row with `id`, `dkim_domain`, `dkim_selector` and `dkim_key`. Raises ConfigurationError where the key was
    saved under another SECRET_KEY."""
    private = _unsealed(settings, row["id"], bytes(row["dkim_key"]))
    return Signer(domain=row["dkim_domain"], selector=row["dkim_selector"], private_key=private, host=host)


async def _shared(
    tx: Conn, settings: Settings, workspace_id: UUID, id: UUID, domain: str
) -> tuple[str, KeyPair] | None:
    """Selector and key of another sender that signs for the domain."""
    row = await queries.dkim.of_domain(tx, workspace_id=workspace_id, sender_id=id, domain=domain)
    if row is None:
        return None
    try:
        private = _unsealed(settings, row["sender_id"], bytes(row["private_key"]))
    except ConfigurationError:
        return None
    return row["selector"], KeyPair(private, row["public_key"])


async def _add(
    tx: Conn, settings: Settings, workspace_id: UUID, id: UUID, domain: str, selector: str, pair: KeyPair
) -> None:
    await queries.dkim.add(
        tx,
        workspace_id=workspace_id,
        sender_id=id,
        domain=domain,
        selector=selector,
        private_key=secrets.seal(settings.secret_key, pair.private, bound_to=_bound_to(id)),
        public_key=pair.public,
    )


async def _activate(tx: Conn, workspace_id: UUID, id: UUID, selector: str, public: str, now: datetime) -> None:
    """Unless another key took the place of this one meanwhile."""
    key = {"workspace_id": workspace_id, "sender_id": id, "selector": selector, "public_key": public}
    await queries.dkim.retire(tx, **key)
    await queries.dkim.activate(tx, **key)
    await _take_effect(tx, workspace_id, id, now)


async def _take_effect(tx: Conn, workspace_id: UUID, id: UUID, now: datetime) -> None:
    """Has its worker read the sender again; lets go what was paused because the old key could not be read."""
    sender = await senders.read(tx, workspace_id, id)
    if sender.state == "paused" and sender.state_reason == UNREADABLE:
        await queries.senders.set_state(tx, workspace_id=workspace_id, id=id, state="active", reason=None)
        await mailboxes.settle_lanes(tx, workspace_id, sender_id=id)
    place = await queries.senders.sign_in(tx, workspace_id=workspace_id, id=id)
    await mailboxes.wake(tx, workspace_id, now=now, mailbox_ids=[place["mailbox_id"]])


def _unsealed(settings: Settings, sender_id: UUID, sealed: bytes) -> str:
    try:
        return secrets.unseal(settings.secret_key, sealed, bound_to=_bound_to(sender_id))
    except ConfigurationError:
        raise ConfigurationError(UNREADABLE) from None


def _bound_to(sender_id: UUID) -> bytes:
    return sender_id.bytes + b"/dkim"


def _place(wanted: NewDkim, own: str) -> tuple[str, str]:
    """Domain and selector. Raises ValidationError."""
    problems: list[Problem] = []
    domain = own
    if wanted.domain is not None:
        try:
            domain = host_name(wanted.domain)
        except ValueError as error:
            problems.append(Problem("domain", str(error)))
        else:
            if not covers(domain, own):
                why = f"Receivers compare it with the sender's address: give {own}, or a domain above it."
                problems.append(Problem("domain", why))
    elif not covers(domain, own):
        problems.append(Problem("domain", f"{own} is no domain that has records in the DNS."))
    selector = f"paceline-{randomness.token_hex(4)}"
    if wanted.selector is not None:
        selector = wanted.selector.strip().lower()
        if not is_selector(selector):
            why = "A selector has letters, digits and hyphens, such as mail or s2027."
            problems.append(Problem("selector", why))
    if problems:
        raise ValidationError.of(problems)
    return domain, selector


def _shown(found: Sequence[dict[str, Any]], state: str) -> DkimKey | None:
    row = next((row for row in found if row["state"] == state), None)
    if row is None:
        return None
    name, value = record_name(row["selector"], row["domain"]), record_value(row["public_key"])
    return DkimKey(
        domain=row["domain"],
        selector=row["selector"],
        record=DnsRecord(type="TXT", name=name, value=value),
        created_at=row["created_at"],
        active_at=row["active_at"],
        checked_at=row["checked_at"],
        finding=row["finding"],
    )
