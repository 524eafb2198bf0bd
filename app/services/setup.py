"""What `paceline up` puts into the database, so that the first message can be scheduled at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from app.contract.lists import Page
from app.contract.senders import NewSender, Sender, SenderChange
from app.db.pool import Conn, Pool
from app.db.queries import queries
from app.db.transaction import transaction
from app.domain.ids import new_id
from app.services import accounts, api_keys, senders, sessions
from app.services.accounts import SEEDED_EMAIL
from app.settings import Settings

WORKSPACE: Final = "My workspace"
INBOX_FROM: Final = "you@paceline.example"  # by it the sender is known again at the next start
KEY_NAME: Final = "paceline up"
INBOX_CONCURRENCY: Final = 20


@dataclass(frozen=True, slots=True)
class InboxAddress:
    """Where the test inbox listens for SMTP, and where a person reads it."""

    smtp_host: str
    smtp_port: int
    url: str


@dataclass(frozen=True, slots=True)
class Seeded:
    sign_in_url: str  # works once, within an hour
    api_key: str


async def seed(
    pool: Pool, settings: Settings, *, inbox: InboxAddress | None, existing_api_key: str | None = None
) -> Seeded:
    """Makes a person with a workspace, an API key and a sender for the test inbox, each where it is missing; the
    sign-in link is new every time. A key that still works is kept."""
    now = datetime.now(UTC)
    holder = await api_keys.authenticate(pool, existing_api_key) if existing_api_key else None
    async with transaction(pool) as tx:
        await queries.users.lock_sign_in(tx)
        user_id, workspace_id = await first_person(tx, settings)
        link = await sessions.make_link(tx, user_id=user_id, now=now)
        key = existing_api_key if holder is not None and holder.workspace_id == workspace_id else None
        if key is None:
            made = await api_keys.add(tx, workspace_id=workspace_id, created_by=user_id, name=KEY_NAME, scope="full")
            key = made.token
    if inbox is not None and settings.smtp_allow_private:
        await point_sender_at(inbox, pool, settings, workspace_id=workspace_id, by=user_id, now=now)
    return Seeded(sign_in_url=f"{settings.base_url}/auth/link/{link}", api_key=key)


async def first_person(tx: Conn, settings: Settings) -> tuple[UUID, UUID]:
    """The ids of the seeded person and workspace."""
    person = await queries.users.by_email(tx, email=SEEDED_EMAIL)
    if person is not None and person["workspace_id"] is not None:
        return person["id"], person["workspace_id"]
    if person is not None:  # an owner has taken the seeded person out of their workspace
        return person["id"], await accounts.add_workspace(tx, settings, name=WORKSPACE, owner=person["id"])
    user_id = new_id()
    await queries.users.add(tx, id=user_id, email=SEEDED_EMAIL, name="You", avatar_url=None, issuer=None, subject=None)
    return user_id, await accounts.add_workspace(tx, settings, name=WORKSPACE, owner=user_id)


async def point_sender_at(
    inbox: InboxAddress, pool: Pool, settings: Settings, *, workspace_id: UUID, by: UUID, now: datetime
) -> None:
    """A workspace without any sender gets one for the test inbox; an existing one follows the inbox to its new port."""
    found = (await senders.list_senders(pool, workspace_id=workspace_id, page=Page(limit=100))).data
    own = next((sender for sender in found if is_for_inbox(sender)), None)
    if own is not None and (own.host, own.port) != (inbox.smtp_host, inbox.smtp_port):
        moved = SenderChange(host=inbox.smtp_host, port=inbox.smtp_port)
        await senders.change(pool, settings, workspace_id=workspace_id, id=own.id, wanted=moved, now=now, by=by)
    if not found:
        wanted = NewSender(
            name="Test inbox",
            from_name="Paceline",
            from_email=INBOX_FROM,
            host=inbox.smtp_host,
            port=inbox.smtp_port,
            security="none",
            hourly_limit=None,
            min_delay_ms=None,
            concurrency=INBOX_CONCURRENCY,
        )
        await senders.create(pool, settings, workspace_id=workspace_id, wanted=wanted, now=now, by=by)


def is_for_inbox(sender: Sender) -> bool:
    return sender.from_email == INBOX_FROM and sender.security == "none" and sender.username is None
