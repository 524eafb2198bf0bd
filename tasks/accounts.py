"""The senders of one mailbox: who messages are from, and what it takes to sign in for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog

from app.errors import ConfigurationError
from app.mail.signing import Signer
from app.mail.smtp import Server
from app.services import claims, holds, mailboxes, secrets, sender_dkim
from app.services.messages import From
from tasks.connections import Account

if TYPE_CHECKING:
    from tasks.runner import Runner

log = structlog.get_logger()


class Accounts:
    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._worker = runner.worker
        self._lease = runner.lease
        self._senders: dict[UUID, tuple[From, Account]] = {}
        self._signers: dict[UUID, tuple[bytes, Signer]] = {}  # with the sealed key: reading one takes a while
        self._is_ours = False  # the mailbox belongs to its workspace

    async def refresh(self) -> None:
        """Reads the mailbox's senders again: names, passwords, keys. One whose secrets cannot be read is paused."""
        senders, signers = {}, {}
        found = await claims.senders(self._worker.pool, self._lease)
        self._is_ours = any(row["is_ours"] for row in found)
        for row in found:
            try:
                if row["dkim_key"] is not None:
                    signers[row["id"]] = self._signer(row)
                senders[row["id"]] = self._sender(row)
            except ConfigurationError as error:
                if row["state"] == "active":
                    await self.pause(row["id"], error.message)
        self._senders, self._signers = senders, signers

    def of(self, sender_id: UUID) -> tuple[From, Account] | None:
        """None: it moved to another mailbox a moment ago, or cannot sign in."""
        return self._senders.get(sender_id)

    def signer(self, sender_id: UUID) -> Signer | None:
        """What signs the mail of a sender; None: nothing does."""
        found = self._signers.get(sender_id)
        return None if found is None else found[1]

    async def own(self) -> bool:
        """After a sign-in: whether the mailbox is this workspace's to use. The first one to ask takes it."""
        if not self._is_ours:
            self._is_ours = await mailboxes.own(self._worker.pool, self._worker.settings, self._lease.mailbox_id)
        return self._is_ours

    async def pause(self, sender_id: UUID, why: str) -> None:
        """Stops a sender until a person has mended it; its mail waits."""
        log.warning("sender.paused", sender=str(sender_id), reason=why)
        await holds.pause_sender(self._worker.pool, self._lease.workspace_id, sender_id, reason=why)
        self._worker.recorder.changed(self._lease.workspace_id)
        self._runner.stir()

    def _sender(self, row: dict[str, Any]) -> tuple[From, Account]:
        password = None
        if row["password"] is not None:
            secret_key = self._worker.settings.secret_key
            password = secrets.unseal(secret_key, bytes(row["password"]), bound_to=row["id"].bytes)
        lease = self._lease
        server = Server(lease.host, lease.port, row["security"], lease.username or None, password)
        return From(row["id"], row["from_name"], row["from_email"], row["reply_to"]), Account(lease.mailbox_id, server)

    def _signer(self, row: dict[str, Any]) -> tuple[bytes, Signer]:
        sealed = bytes(row["dkim_key"])
        known = self._signers.get(row["id"])
        if known is not None and known[0] == sealed:
            return known
        return sealed, sender_dkim.signer(self._worker.settings, row, host=self._lease.host)
