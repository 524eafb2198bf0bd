"""Signing in by a link that is mailed to the person, by the default sender of the workspace that they used last.

Whoever owns a workspace chooses the server that its mail goes through and can read it, so such a link vouches for the
person in that workspace alone: the session is confined to it. The link is not bound to the browser that asked: people
ask on one device and read their mail on another. It lives for 15 minutes, works once, and only a click spends it.
"""

from __future__ import annotations

import asyncio
import secrets
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from typing import Any, Final
from uuid import UUID

import structlog

from app.contract.people import AskForLink, LinkSeen
from app.db.outage import UNAVAILABLE
from app.db.pool import Conn, Pool
from app.db.queries import queries
from app.db.transaction import transaction
from app.domain.addresses import is_of_domain, parse
from app.domain.ids import new_id
from app.domain.lateness import LatePolicy
from app.domain.text import one_line
from app.errors import RateLimited
from app.services import invitations, notices, sessions
from app.services.invitations import InvitationEnded
from app.services.secrets import keyed_hash
from app.services.sessions import Device, LinkEnded, hash_token
from app.settings import Settings

LIFETIME: Final = timedelta(minutes=15)
COUNTED: Final = timedelta(minutes=15)
PER_ADDRESS: Final = 3
PER_CLIENT: Final = 20  # an office behind one address

log = structlog.get_logger("paceline.web")

_at_work: set[asyncio.Task[None]] = set()


async def ask(pool: Pool, settings: Settings, *, wanted: AskForLink, client: str | None, now: datetime) -> None:
    """Mails a link if the address is somebody's here. Does the same before it returns, and takes as long, if it is not:
    the looking and sending come after. Raises ValidationError for what is no address, RateLimited."""
    email = parse(wanted.email, path="email").email.lower()
    await _count(pool, settings, email, client or "", now)
    task = asyncio.create_task(_mail(pool, settings, email, wanted.invitation, now))
    _at_work.add(task)
    task.add_done_callback(_at_work.discard)


async def look(pool: Pool, token: str) -> LinkSeen:
    """Whose link it is, for the page with the button. Spends nothing. Raises LinkEnded."""
    async with pool.connection() as conn:
        row = await queries.sign_in_links.open(conn, token_hash=hash_token(token))
    if row is None:
        raise LinkEnded
    return LinkSeen(**row)


async def spend(pool: Pool, token: str, *, now: datetime, replaces: str | None, device: Device) -> str:
    """Spends the link and starts a session: its token. With an invitation the person joins. Raises LinkEnded."""
    async with transaction(pool) as tx:
        link = await queries.sign_in_links.spend(tx, token_hash=hash_token(token))
        if link is None:
            raise LinkEnded
        user_id = link["user_id"]
        if link["invitation_id"] is not None:
            await queries.users.lock_sign_in(tx)
            user_id = await _person(tx, link["email"])
            try:
                await invitations.spend(tx, link["invitation_id"], user_id=user_id, email=link["email"])
            except InvitationEnded:
                if not await _is_member(tx, link["workspace_id"], user_id):
                    raise
        if not await _is_member(tx, link["workspace_id"], user_id):
            raise LinkEnded
        return await sessions.start(
            tx,
            user_id=user_id,
            workspace_id=link["workspace_id"],
            now=now,
            replaces=replaces,
            device=device,
            confined=True,
        )


async def _count(pool: Pool, settings: Settings, email: str, client: str, now: datetime) -> None:
    network = network_of(client)
    address_hash = keyed_hash(settings.secret_key, email, purpose="sign-in-requests")
    async with transaction(pool) as tx:
        await queries.sign_in_links.lock(tx)
        asked = await queries.sign_in_links.oldest(tx, address_hash=address_hash, client=network, since=now - COUNTED)
        for count, most, since in (
            (asked["of_address"], PER_ADDRESS, asked["address_since"]),
            (asked["of_client"], PER_CLIENT, asked["client_since"]),
        ):
            if count >= most:
                wait = max((since + COUNTED - now).total_seconds(), 1.0)
                raise RateLimited("Too many links were asked for: look into your mail, or wait.", retry_after=wait)
        await queries.sign_in_links.note(tx, address_hash=address_hash, client=network)


async def _mail(pool: Pool, settings: Settings, email: str, invitation: str | None, now: datetime) -> None:
    try:
        await _find_and_mail(pool, settings, email, invitation, now)
    except UNAVAILABLE as error:
        log.warning("sign_in_link_lost", error=str(error).strip())
    except Exception:
        log.exception("sign_in_link_lost")


async def _find_and_mail(pool: Pool, settings: Settings, email: str, invitation: str | None, now: datetime) -> None:
    token = secrets.token_urlsafe(32)
    async with transaction(pool) as tx:
        found = await _carrier(tx, email, invitation)
        if found is None or not is_of_domain(email, settings.allowed_domains):
            log.info("sign_in_link_not_sent")  # not whose: the log is no place to look addresses up
            return
        await queries.sign_in_links.add(
            tx,
            token_hash=hash_token(token),
            user_id=found.get("user_id"),
            workspace_id=found["workspace_id"],
            email=email,
            invitation_id=found.get("invitation_id"),
            expires_at=now + LIFETIME,
        )
    await notices.post(
        pool,
        workspace_id=found["workspace_id"],
        sender_id=found["sender_id"],
        to=email,
        subject="Your sign-in link for Paceline",
        lines=[
            f"This link signs you in to {one_line(found['workspace'])}. It works once and for 15 minutes.",
            "If you did not ask for it, leave it alone: nobody is signed in without it.",
        ],
        link=f"{settings.base_url}/sign-in/link#{token}",
        action="Sign in",
        late_policy=LatePolicy.SKIP,
        now=now,
    )


async def _carrier(tx: Conn, email: str, invitation: str | None) -> dict[str, Any] | None:
    """By which workspace and sender the link goes; None where there is none, or nobody to send it to."""
    if invitation is None:
        found: dict[str, Any] | None = await queries.sign_in_links.carrier(tx, email=email)
        return found
    invited = await queries.invitations.open(tx, token_hash=hash_token(invitation))
    if invited is None or invited["email"] != email:
        return None
    carrier = await queries.sign_in_links.carrier_of(tx, workspace_id=invited["workspace_id"])
    return None if carrier is None else {**carrier, "invitation_id": invited["id"]}


async def _person(tx: Conn, email: str) -> UUID:
    """The account of an address that a mailed link has shown to be theirs; a new one without any identity."""
    known = await queries.users.by_email(tx, email=email)
    if known is not None:
        known_id: UUID = known["id"]
        return known_id
    id = new_id()
    name = email.partition("@")[0]
    await queries.users.add(tx, id=id, email=email, name=name, avatar_url=None, issuer=None, subject=None)
    return id


async def _is_member(tx: Conn, workspace_id: UUID, user_id: UUID) -> bool:
    return await queries.members.get(tx, workspace_id=workspace_id, user_id=user_id) is not None


def network_of(client: str) -> str:
    """What is counted as one client: an IPv4 address, or the /64 that one IPv6 subscriber has (RFC 6177)."""
    try:
        address = ip_address(client)
    except ValueError:
        return client
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return f"{IPv6Address(int(address) >> 64 << 64)}/64"
    return str(address)
