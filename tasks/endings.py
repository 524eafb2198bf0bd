"""How a message's turn can end, and what is written down: sent, refused, deferred, in doubt, or waiting as before."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import structlog

from app.db.outage import UNAVAILABLE
from app.domain import replies, retry
from app.domain.replies import Reply, Verdict
from app.domain.status import Status
from app.mail.smtp import AuthTrouble, ConnectionLost, ConnectTrouble, Permanent, SmtpError, Temporary
from app.pacing.reservations import Refusal
from app.services import delivery, holds
from app.services.delivery import Due
from app.services.mailboxes import MailboxTaken
from tasks.clock import instant
from tasks.gatekeeper import Pass

if TYPE_CHECKING:
    from tasks.runner import Runner

log = structlog.get_logger()

STRIKES: Final = 3  # failures to get in, one after another, after which the sender is paused
TURNED_AWAY: Final = 0.5  # seconds before a message that the gate refused twice is read again
CLOSING: Final = 421  # RFC 5321, 3.8: in answer to any command
PAUSING: Final = frozenset({"dns", "tls", "auth"})  # phases that a person has to mend


class Endings:
    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._worker = runner.worker
        self._lease = runner.lease
        self._broke: set[UUID] = set()  # messages whose connection broke before the dot
        self._turned: set[tuple[UUID, int]] = set()  # messages, by revision, that the gate would not have

    # Before the gate

    async def refused(self, message: Due, error: SmtpError, *, connected: bool) -> None:
        if isinstance(error, AuthTrouble | ConnectTrouble) or not connected:
            await self._runner.give_back(message)
            await self._trouble(message.sender_id, error)
        elif isinstance(error, Permanent):
            self._runner.troubles.clear()
            await self.refuse(message, Status.FAILED, error.message, error)
        elif not is_over(error):
            self._runner.troubles.clear()
            await self._later(message, error)
        else:
            await self._connection_broke(message, error)

    async def not_ours(self, message: Due) -> None:
        """The mailbox belongs to another workspace: its sender here waits for a person."""
        await self._runner.give_back(message)
        await self._runner.accounts.pause(message.sender_id, MailboxTaken().message)

    async def _connection_broke(self, message: Due, error: SmtpError) -> None:
        """Before the dot: nobody got it. The second time it may be at fault itself: the others need not wait for it."""
        if message.id in self._broke:
            self._broke.discard(message.id)
            await self._later(message, error)
        else:
            self._broke.add(message.id)
            await self._runner.give_back(message)
            await self._at_server(error.message)

    async def _later(self, message: Due, error: SmtpError) -> None:
        """Not now: tried again within its lifetime."""
        due = self._retry(message)
        if due is None:
            await self.refuse(message, Status.FAILED, f"Given up after its lifetime. {error.message}", error)
        else:
            await self.refuse(message, Status.DEFERRED, error.message, error, due=due)

    async def refuse(
        self, message: Due, status: Status, why: str, error: SmtpError | None = None, *, due: float | None = None
    ) -> None:
        answers = error.recipients if error is not None else ()
        reply = None if error is None else error.reply
        gone = reply is not None and error is not None and replies.classify(reply, error.phase) is Verdict.HARD_BOUNCE
        refusal = delivery.Refusal(
            email_id=message.id,
            revision=message.revision,
            status=status,
            reply=why,
            due_at=None if due is None else instant(due),
            recipients=_with_outcomes(message, answers),
            bounced=message.to_address if gone and message.recipient_count == 1 else None,
        )
        await delivery.refuse(self._worker.pool, self._lease, [refusal])
        self._worker.recorder.changed(self._lease.workspace_id)
        await self._runner.give_back(message)

    async def suppress(self, message: Due) -> None:
        why = await delivery.why_suppressed(self._worker.pool, self._lease, message.id)
        await self.refuse(message, Status.SUPPRESSED, why)

    async def _trouble(self, sender_id: UUID, error: SmtpError) -> None:
        """The server lets nobody in. The mailbox waits; what a person has to mend pauses the sender."""
        times = await self._at_server(error.message)
        if times is None or times < STRIKES or error.phase not in PAUSING or isinstance(error, Temporary):
            return
        self._runner.troubles.clear()
        await self._runner.accounts.pause(sender_id, error.message)

    async def _at_server(self, why: str) -> int | None:
        """Nobody gets in, or connections break: the mailbox waits, longer each time.

        How often it has happened in a row; None if this belongs to a time that was counted already.
        """
        runner = self._runner
        wait = runner.troubles.strike(runner.clock.now())
        if wait is None:
            return None
        log.warning("mailbox.waits", mailbox=str(self._lease.mailbox_id), seconds=wait, reason=why)
        await runner.block(runner.clock.now() + wait, "connection")
        await runner.hand.put_down()
        return runner.troubles.count

    # At the gate

    async def turned_away(self, message: Due, word: Pass) -> None:
        runner = self._runner
        if word.verdict == "lost":
            runner.lose()
        elif word.verdict == "suppressed":
            await self.suppress(message)
        elif word.verdict == "oversize":
            await self.refuse(message, Status.FAILED, "It has more recipients than a limit allows in an hour at all.")
        elif word.verdict == "window":
            runner.hand.turned_away(message, message.lane_id)
            await runner.openings.shut(message.lane_id)
            await runner.give_back(message)
        elif word.next_at is not None and word.verdict not in ("early", "gap"):
            await self._closed(message, word.verdict, word.next_at)
        elif word.verdict in ("early", "gap"):
            runner.under_way.again(message)
        else:
            await self._not_now(message, word.verdict)

    async def _not_now(self, message: Due, verdict: str) -> None:
        """Edited, just being edited, or paused since it was read: it is read again."""
        if verdict == "paused":
            self._runner.hand.turned_away(message, message.lane_id)
            await holds.hold_paused(self._worker.pool, self._lease, message.sender_id, message.campaign_id)
        if (message.id, message.revision) in self._turned:
            await asyncio.sleep(TURNED_AWAY)  # whoever edits it takes longer
        elif verdict != "drained":
            self._turned.add((message.id, message.revision))
        await self._runner.give_back(message)

    async def _closed(self, message: Due, kind: str, next_at: float) -> None:
        """The gate says that a limit is reached, whatever Redis thought."""
        places = self._runner.places
        for scope in places.scopes_of(message.campaign_id):
            if scope.kind == kind:
                refusal = Refusal(scope, next_at)
                self._runner.hand.turned_away(message, message.lane_id if scope.is_campaign else None)
                await places.refused(message, refusal)
                await places.hold_back(refusal)
                return
        # A limit that was set a moment ago: read it.
        await self._runner.give_back(message)

    async def no_dot(self, message: Due, dispatch_id: int, error: SmtpError, *, in_time: bool) -> None:
        """Booked, but the dot was provably never written: quota and message return."""
        log.info("dot.not_sent", email=str(message.id), reason=error.message)
        await self._take_back(dispatch_id)
        if in_time:
            self._runner.gate.no_dot(message.id)
            await self._connection_broke(message, error)
            return
        self._runner.gate.expect(message)  # by the gap's order those behind it wait for it
        self._runner.gate.no_dot(message.id)
        await asyncio.sleep(self._runner.overload.missed(jitter=random.random()))  # noqa: S311 - spreads load
        self._runner.under_way.again(message)

    async def _take_back(self, dispatch_id: int) -> None:
        while True:
            try:
                await delivery.void(self._worker.pool, self._lease, [dispatch_id])
                break
            except UNAVAILABLE:
                await asyncio.sleep(0.5)

    # After the dot

    def answered(self, message: Due, offered: tuple[Reply, ...], dispatch_id: int, dot_at: float, reply: Reply) -> None:
        """The server's last word. `offered`: its replies to the recipients."""
        self._runner.troubles.clear()
        self._runner.overload.in_time()
        self._broke.discard(message.id)
        outcome, status, due = self._meaning(message, reply)
        bounced = replies.classify(reply, "dot") is Verdict.HARD_BOUNCE and message.recipient_count == 1
        self._worker.recorder.add(
            delivery.Outcome(
                workspace_id=self._lease.workspace_id,
                dispatch_id=dispatch_id,
                email_id=message.id,
                outcome=outcome,
                status=status,
                dot_at=instant(dot_at),
                code=reply.code,
                reply=str(reply),
                preview_url=replies.preview_url(reply, self._inbox() or replies.ETHEREAL),
                due_at=None if due is None else instant(due),
                recipients=_with_outcomes(message, offered),
                bounced=message.to_address if bounced else None,
            )
        )

    def in_doubt(self, message: Due, dispatch_id: int, dot_at: float, why: str) -> None:
        """The dot was written, or may have been, and no answer is known: it is never tried again by itself."""
        self._worker.recorder.add(
            delivery.Outcome(
                workspace_id=self._lease.workspace_id,
                dispatch_id=dispatch_id,
                email_id=message.id,
                outcome="unknown",
                status=Status.UNCERTAIN,
                dot_at=instant(dot_at),
                code=None,
                reply=why,
            )
        )

    def _meaning(self, message: Due, reply: Reply) -> tuple[str, Status, float | None]:
        """(outcome of the dispatch, status of the email, when to try again)."""
        if reply.accepted:
            return "accepted", Status.SENT, None
        if replies.classify(reply, "dot") is Verdict.TEMPORARY:
            due = self._retry(message)
            if due is not None:
                return "rejected", Status.DEFERRED, due
        return "rejected", Status.FAILED, None

    def _retry(self, message: Due) -> float | None:
        now = self._worker.clock.now()
        age = now - (now if message.first_tried_at is None else message.first_tried_at.timestamp())
        wait = retry.next_delay(message.attempts + 1, age=age, jitter=random.random())  # noqa: S311 - spreads load
        return None if wait is None else now + wait

    def _inbox(self) -> str | None:
        """Where people read what this mailbox sends, if that goes to the test inbox."""
        settings, lease = self._worker.settings, self._lease
        return settings.inbox_url if settings.inbox_smtp == f"{lease.host}:{lease.port}" else None


def is_over(error: SmtpError) -> bool:
    """Whether it says something of the connection, not of the message: it broke, or the server closes it."""
    return isinstance(error, ConnectionLost) or (error.reply is not None and error.reply.code == CLOSING)


def _with_outcomes(message: Due, answers: tuple[Reply, ...]) -> list[dict[str, Any]] | None:
    """The recipients with what the server said to each, where there are several."""
    if message.recipients is None or len(answers) != len(message.recipients):
        return None
    return [
        {**recipient, "code": answer.code, "reply": str(answer)}
        for recipient, answer in zip(message.recipients, answers, strict=True)
    ]
