"""Test connections: whether mail could leave by these settings. Nothing is sent."""

from __future__ import annotations

from uuid import UUID

from app.contract.senders import NewSender, Phase, Verification
from app.db.pool import Pool
from app.mail.smtp_handshake import Server
from app.mail.verify import verify
from app.services import senders
from app.services.sender_settings import SenderSettings, from_new
from app.settings import Settings


async def of_new(settings: Settings, wanted: NewSender) -> Verification:
    """Of settings that are not saved. Raises ValidationError."""
    return await _try(settings, from_new(wanted, settings))


async def of_saved(pool: Pool, settings: Settings, *, workspace_id: UUID, id: UUID) -> Verification:
    """Raises NotFound."""
    async with pool.connection() as conn:
        _, saved = await senders.stored(conn, settings, workspace_id, id)
    return await _try(settings, saved)


async def _try(settings: Settings, sender: SenderSettings) -> Verification:
    server = Server(sender.host, sender.port, sender.security, sender.username or None, sender.password)
    results = await verify(server, allow_private=settings.smtp_allow_private)
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
