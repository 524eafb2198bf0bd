"""Test connections: whether mail could leave by these settings. Nothing is sent."""

from __future__ import annotations

from uuid import UUID

from app.contract.senders import NewSender, Phase, Verification
from app.db.pool import Pool
from app.mail.smtp_handshake import Server
from app.mail.verify import PhaseResult, verify
from app.services import feed, holds, mailboxes, senders
from app.services.mailboxes import MailboxTaken
from app.services.sender_settings import SenderSettings, from_new
from app.settings import Settings


async def of_new(pool: Pool, settings: Settings, *, workspace_id: UUID, wanted: NewSender) -> Verification:
    """Of settings that are not saved. Raises ValidationError."""
    sender = from_new(wanted, settings)
    results = await _try(settings, sender)
    if _signed_in(results) and not await mailboxes.may_be_ours(pool, settings, workspace_id, sender.sign_in):
        results = _taken(results)
    return _shown(results)


async def of_saved(pool: Pool, settings: Settings, *, workspace_id: UUID, id: UUID) -> Verification:
    """A sign-in that succeeds makes the mailbox this workspace's; one that is another's pauses the sender. Raises
    NotFound."""
    async with pool.connection() as conn:
        mailbox_id, sender = await senders.stored(conn, settings, workspace_id, id)
    results = await _try(settings, sender)
    if _signed_in(results) and not await mailboxes.own(pool, settings, mailbox_id):
        await holds.pause_sender(pool, workspace_id, id, reason=MailboxTaken().message)
        feed.announce(pool, workspace_id)
        results = _taken(results)
    return _shown(results)


async def _try(settings: Settings, sender: SenderSettings) -> list[PhaseResult]:
    server = Server(sender.host, sender.port, sender.security, sender.username or None, sender.password)
    return await verify(server, allow_private=settings.smtp_allow_private)


def _signed_in(results: list[PhaseResult]) -> bool:
    return any(result.phase == "auth" and result.state == "ok" for result in results)


def _taken(results: list[PhaseResult]) -> list[PhaseResult]:
    """The server would let this in, but we do not."""
    taken = PhaseResult("auth", "failed", MailboxTaken().message, "Use a mailbox of this workspace's own.")
    return [*(result for result in results if result.phase != "auth"), taken]


def _shown(results: list[PhaseResult]) -> Verification:
    return Verification(
        ok=all(result.state != "failed" for result in results),
        phases=[
            Phase(
                phase=result.phase,
                state=result.state,
                ok=result.state == "ok",
                message=result.message,
                mend=result.mend or None,
            )
            for result in results
        ],
    )
