"""People and their workspaces, and what an identity from an OpenID provider means here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from app.contract.accounts import Me, User, Workspace
from app.db.pool import Conn, Pool
from app.db.queries import queries
from app.db.transaction import transaction
from app.domain.ids import new_id
from app.domain.roles import Role
from app.errors import Kind, PacelineError
from app.services import invitations, sessions
from app.services.sessions import UNKNOWN, Device
from app.settings import Settings

# The person whom `paceline up` makes, before anybody has signed in. RFC 6761, 6.3: nobody can own this address.
SEEDED_EMAIL: Final = "you@paceline.localhost"


class AccountTaken(PacelineError):
    """This email address belongs to another account of the same provider: ask the workspace's owner."""

    code = "conflict"
    kind = Kind.FORBIDDEN


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom an OpenID provider vouches for. The email address is verified and in lower case."""

    issuer: str
    subject: str
    email: str
    name: str
    avatar_url: str | None


async def me(
    pool: Pool,
    settings: Settings,
    *,
    workspace_id: UUID,
    user_id: UUID | None,
    role: Role,
    csrf_token: str | None,
    confined: bool,
) -> Me:
    async with pool.connection() as conn:
        workspace = await queries.workspaces.get(conn, workspace_id=workspace_id)
        user = await queries.users.get(conn, workspace_id=workspace_id, id=user_id)
    return Me(
        user=None if user is None else User(**user),
        workspace=Workspace(**workspace),
        role=role,
        csrf_token=csrf_token,
        confined=confined,
        inbox_url=settings.inbox_url,
        rate_window_seconds=settings.rate_window_seconds,
    )


async def sign_in(
    pool: Pool,
    settings: Settings,
    identity: Identity,
    *,
    now: datetime,
    replaces: str | None,
    device: Device = UNKNOWN,
    invitation: str | None = None,
) -> str:
    """The token of a new session; a person who comes for the first time gets an account, and with the token of an
    invitation joins its workspace. Raises AccountTaken, InvitationEnded or InvitationForAnother."""
    async with transaction(pool) as tx:
        # Two tabs that finish a first sign-in at once would both make the account.
        await queries.users.lock_sign_in(tx)
        user_id = await account_of(tx, identity)
        if invitation is not None:
            workspace_id = await invitations.accept_as(tx, invitation, user_id=user_id, email=identity.email)
        else:
            workspace_id = await workspace_of(tx, settings, user_id, identity)
        return await sessions.start(
            tx, user_id=user_id, workspace_id=workspace_id, now=now, replaces=replaces, device=device
        )


async def account_of(tx: Conn, identity: Identity) -> UUID:
    """The account is the provider's subject; an address only leads to it once, and never to somebody else's.

    Where an address leads to an account that a mailed invitation made, the sessions from before end: the provider's
    word counts for more than that of whoever runs the workspace's mail server.
    """
    known = await queries.users.by_identity(tx, issuer=identity.issuer, subject=identity.subject)
    if known is None:
        known = await queries.users.by_email(tx, email=identity.email)
        if known is None:
            return await add_user(tx, identity)
        if known["oidc_subject"] is not None:
            raise AccountTaken
        await queries.sessions.end_all(tx, user_id=known["id"], only_confined_to=None)
    await queries.users.link(
        tx,
        id=known["id"],
        issuer=identity.issuer,
        subject=identity.subject,
        name=identity.name,
        avatar_url=identity.avatar_url,
        email=identity.email,
    )
    return as_uuid(known["id"])


async def workspace_of(tx: Conn, settings: Settings, user_id: UUID, identity: Identity) -> UUID:
    """The workspace that the person used last. Who has none gets the one that `paceline up` made, if it is nobody's
    yet, or a new one."""
    found = await queries.members.last_of(tx, user_id=user_id)
    if found is None:
        found = await queries.workspaces.unclaimed(tx, seeded_email=SEEDED_EMAIL, newcomer=user_id)
        if found is None:
            return await add_workspace(tx, settings, name=f"{identity.name}'s workspace", owner=user_id)
        await queries.members.add(tx, workspace_id=found, user_id=user_id, role="owner")
    return as_uuid(found)


async def add_user(tx: Conn, identity: Identity) -> UUID:
    id = new_id()
    await queries.users.add(
        tx,
        id=id,
        email=identity.email,
        name=identity.name,
        avatar_url=identity.avatar_url,
        issuer=identity.issuer,
        subject=identity.subject,
    )
    return id


async def add_workspace(tx: Conn, settings: Settings, *, name: str, owner: UUID) -> UUID:
    """A new workspace under the installation's global limit (WORKSPACE_MAX_EMAILS_PER_HOUR)."""
    id = new_id()
    await queries.workspaces.add(tx, id=id, name=name, hourly_limit=settings.workspace_max_emails_per_hour)
    await queries.members.add(tx, workspace_id=id, user_id=owner, role="owner")
    return id


def as_uuid(value: Any) -> UUID:
    assert isinstance(value, UUID)  # noqa: S101  # a row is untyped; the column is a uuid
    return value
