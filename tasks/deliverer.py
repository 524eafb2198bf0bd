"""One message from claim to outcome: render, connect, offer, gate, dot, reply. Every way that it can end is here."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import structlog

from app.db.outage import UNAVAILABLE
from app.domain import replies, retry
from app.domain.replies import Reply, Verdict
from app.domain.status import Status
from app.errors import ConfigurationError, ValidationError
from app.mail.smtp import (
    AuthTrouble,
    Connection,
    ConnectionLost,
    ConnectTrouble,
    Offered,
    Permanent,
    ReplyUnknown,
    Server,
    SmtpError,
    Temporary,
)
from app.pacing.reservations import Refusal
from app.services import delivery, secrets
from app.services.delivery import Due
from app.services.messages import From
from tasks import failpoints
from tasks.clock import instant
from tasks.connections import Account
from tasks.gatekeeper import GateFault, GateUnknown, Pass

if TYPE_CHECKING:
    from tasks.runner import Runner

log = structlog.get_logger()

STRIKES: Final = 3  # failures to get in, one after another, after which the sender is paused
TURNED_AWAY: Final = 0.5  # seconds before a message that the gate refused twice is read again
CLOSING: Final = 421  # RFC 5321, 3.8: in answer to any command
PAUSING: Final = frozenset({"dns", "tls", "auth"})  # phases that a person has to mend


class Deliverer:
    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._worker = runner.worker
        self._lease = runner.lease
        self._senders: dict[UUID, tuple[From, Account]] = {}
        self._offering: set[asyncio.Task[Any] | None] = set()
        self._broke: set[UUID] = set()  # messages whose connection broke before the dot
        self._turned: set[tuple[UUID, int]] = set()  # messages, by revision, that the gate would not have

    async def refresh_senders(self) -> None:
        """Reads the senders of the mailbox again: names, passwords. One whose password cannot be read is paused."""
        senders = {}
        for row in await delivery.senders(self._worker.pool, self._lease):
            try:
                senders[row["id"]] = self._sender(row)
            except ConfigurationError as error:
                if row["state"] == "active":
                    await self._pause(row["id"], error.message)
        self._senders = senders

    def turn_back(self) -> None:
        """Stops what is not at the gate yet."""
        for task in self._offering:
            if task is not None:
                task.cancel()

    async def deliver(self, message: Due) -> None:
        """Never raises: whatever happens is written down, or the message waits as before."""
        try:
            await self._deliver(message)
        except asyncio.CancelledError:
            await self._runner.give_back(message)
        except UNAVAILABLE as error:
            log.warning("delivery.waits", email=str(message.id), error=str(error).strip())
            self._runner.stir()
        except Exception:
            log.exception("delivery.failed", email=str(message.id))
            await self._runner.pause_after_fault()

    async def _deliver(self, message: Due) -> None:
        task = asyncio.current_task()
        self._offering.add(task)
        try:
            offered = await self._offer(message)
        finally:
            self._offering.discard(task)
        if offered is None:
            return
        conn, account, answer = offered
        try:
            await self._finish(message, conn, answer)
        finally:
            await self._worker.connections.put_back(conn, account)

    # Before the gate

    async def _offer(self, message: Due) -> tuple[Connection, Account, Offered] | None:
        """The message's body at the server, or None once it is written down why not."""
        if message.suppressed:  # not even asked of the server
            await self._suppress(message)
            return None
        if message.sender_id not in self._senders:  # it moved to another mailbox a moment ago, or cannot sign in
            await self._runner.give_back(message)
            return None
        conn = None
        sender, account = self._senders[message.sender_id]
        try:
            rendered = await self._worker.messages.render(
                self._lease.workspace_id, message, sender, date=instant(self._worker.clock.now())
            )
            conn = await self._worker.connections.acquire(account)
            failpoints.passing("offer.connected")
            answer = await conn.offer(rendered.envelope, rendered.data)
        except ValidationError as error:
            await self._refuse(message, Status.FAILED, error.message)
            return None
        except BaseException as error:
            fresh = conn is None or self._worker.connections.is_fresh(conn)
            if conn is not None:
                await self._worker.connections.put_back(conn, account)
            if not isinstance(error, SmtpError):
                raise
            if _is_over(error) and not fresh:
                self._runner.again(message)  # the server had closed it: no trouble, there are new ones
                return None
            await self._refused(message, error, connected=conn is not None)
            return None
        failpoints.passing("offer.done")
        return conn, account, answer

    async def _refused(self, message: Due, error: SmtpError, *, connected: bool) -> None:
        if isinstance(error, AuthTrouble | ConnectTrouble) or not connected:
            await self._runner.give_back(message)
            await self._trouble(message.sender_id, error)
        elif isinstance(error, Permanent):
            self._runner.troubles.clear()
            await self._refuse(message, Status.FAILED, error.message, error)
        elif not _is_over(error):
            self._runner.troubles.clear()
            await self._later(message, error)
        else:
            await self._connection_broke(message, error)

    async def _connection_broke(self, message: Due, error: SmtpError) -> None:
        """Before the dot: nobody got it. The second time it may be at fault itself: the others need not wait for it."""
        if message.id in self._broke:
            self._broke.discard(message.id)
            await self._later(message, error)
        else:
            self._broke.add(message.id)
            await self._runner.give_back(message)
            await self._runner.trouble_at_server(error.message)

    async def _later(self, message: Due, error: SmtpError) -> None:
        """Not now: tried again within its lifetime."""
        due = self._retry(message)
        if due is None:
            await self._refuse(message, Status.FAILED, f"Given up after its lifetime. {error.message}", error)
        else:
            await self._refuse(message, Status.DEFERRED, error.message, error, due=due)

    async def _refuse(
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

    async def _suppress(self, message: Due) -> None:
        await self._refuse(message, Status.SUPPRESSED, "The address is on the suppression list.")

    async def _trouble(self, sender_id: UUID, error: SmtpError) -> None:
        """The server lets nobody in. The mailbox waits; what a person has to mend pauses the sender."""
        times = await self._runner.trouble_at_server(error.message)
        if times is None or times < STRIKES or error.phase not in PAUSING or isinstance(error, Temporary):
            return
        self._runner.troubles.clear()
        await self._pause(sender_id, error.message)

    async def _pause(self, sender_id: UUID, why: str) -> None:
        log.warning("sender.paused", sender=str(sender_id), reason=why)
        await delivery.pause_sender(self._worker.pool, self._lease.workspace_id, sender_id, reason=why)
        self._worker.recorder.changed(self._lease.workspace_id)
        self._runner.stir()

    # At the gate and after

    async def _finish(self, message: Due, conn: Connection, offered: Offered) -> None:
        gate = self._runner.gate
        try:
            word = await gate.enter(message)
        except GateUnknown as error:
            await conn.abandon()
            log.warning("gate.unknown", email=str(message.id), error=str(error).strip())
            await gate.take_back([message.id])
            gate.no_dot(message.id)
            self._runner.again(message)
            if isinstance(error, GateFault):
                await self._runner.pause_after_fault()
            return
        if word.verdict != "go" or word.dispatch_id is None:
            await conn.abandon()
            await self._turned_away(message, word)
            return
        try:
            dot = await conn.dot(deadline=word.deadline)
        except SmtpError as error:
            await self._no_dot(message, word.dispatch_id, error, in_time=time.monotonic() <= word.deadline)
            return
        except Exception as error:
            gate.dot_written(message.id, time.monotonic())
            self._in_doubt(message, word.dispatch_id, self._worker.clock.now(), f"Fault before the reply: {error}")
            raise
        gate.dot_written(message.id, dot.written_at)
        failpoints.passing("dot.written")
        dot_at = self._worker.clock.at(dot.written_at)
        try:
            await self._runner.places.went(message, word.at)
            await self._outcome(message, conn, offered, word.dispatch_id, dot_at)
        except Exception as error:
            self._in_doubt(message, word.dispatch_id, dot_at, f"Fault before the reply was recorded: {error}")
            raise

    def _in_doubt(self, message: Due, dispatch_id: int, dot_at: float, why: str) -> None:
        """Something unforeseen between gate and record: the dot may have left, so it is never tried again by itself."""
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

    async def _no_dot(self, message: Due, dispatch_id: int, error: SmtpError, *, in_time: bool) -> None:
        """Booked, but the dot was provably never written: quota and message return."""
        log.info("dot.not_sent", email=str(message.id), reason=error.message)
        await self._take_back(dispatch_id)
        self._runner.gate.no_dot(message.id)
        if in_time:
            await self._connection_broke(message, error)
        else:
            self._runner.again(message)

    async def _take_back(self, dispatch_id: int) -> None:
        while True:
            try:
                await delivery.void(self._worker.pool, self._lease, [dispatch_id])
                break
            except UNAVAILABLE:
                await asyncio.sleep(0.5)

    async def _outcome(self, message: Due, conn: Connection, offered: Offered, dispatch_id: int, dot_at: float) -> None:
        code: int | None = None
        due = None
        preview = bounced = None
        try:
            reply = await conn.outcome()
        except ReplyUnknown as error:
            outcome, status, text = "unknown", Status.UNCERTAIN, error.message
        else:
            failpoints.passing("reply.read")
            self._runner.troubles.clear()
            self._broke.discard(message.id)
            code, text = reply.code, str(reply)
            outcome, status, due = self._meaning(message, reply)
            if status is Status.SENT:
                preview = replies.preview_url(reply, self._inbox() or replies.ETHEREAL)
            elif replies.classify(reply, "dot") is Verdict.HARD_BOUNCE and message.recipient_count == 1:
                bounced = message.to_address
        self._worker.recorder.add(
            delivery.Outcome(
                workspace_id=self._lease.workspace_id,
                dispatch_id=dispatch_id,
                email_id=message.id,
                outcome=outcome,
                status=status,
                dot_at=instant(dot_at),
                code=code,
                reply=text,
                preview_url=preview,
                due_at=None if due is None else instant(due),
                recipients=_with_outcomes(message, offered.recipients),
                bounced=bounced,
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

    async def _turned_away(self, message: Due, word: Pass) -> None:
        runner = self._runner
        if word.verdict == "lost":
            runner.lose()
        elif word.verdict == "suppressed":
            await self._suppress(message)
        elif word.verdict == "oversize":
            await self._refuse(message, Status.FAILED, "It has more recipients than a limit allows in an hour at all.")
        elif word.verdict == "window":
            runner.turned_away(message, message.lane_id)
            await runner.openings.shut(message.lane_id)
            await runner.give_back(message)
        elif word.next_at is not None and word.verdict not in ("early", "gap"):
            await self._closed(message, word.verdict, word.next_at)
        elif word.verdict in ("early", "gap"):
            runner.again(message)
        else:
            await self._not_now(message, word.verdict)

    async def _not_now(self, message: Due, verdict: str) -> None:
        """Edited, just being edited, or paused since it was read: it is read again."""
        if verdict == "paused":
            self._runner.turned_away(message, message.lane_id)
            await delivery.hold_paused(self._worker.pool, self._lease, message.sender_id, message.campaign_id)
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
                self._runner.turned_away(message, message.lane_id if scope.is_campaign else None)
                await places.refused(message, refusal)
                await places.hold_back(refusal)
                return
        # A limit that was set a moment ago: read it.
        await self._runner.give_back(message)

    def _inbox(self) -> str | None:
        """Where people read what this mailbox sends, if that goes to the test inbox."""
        settings, lease = self._worker.settings, self._lease
        return settings.inbox_url if settings.inbox_smtp == f"{lease.host}:{lease.port}" else None

    def _sender(self, row: dict[str, Any]) -> tuple[From, Account]:
        password = None
        if row["password"] is not None:
            secret_key = self._worker.settings.secret_key
            password = secrets.unseal(secret_key, bytes(row["password"]), bound_to=row["id"].bytes)
        lease = self._lease
        server = Server(lease.host, lease.port, row["security"], lease.username or None, password)
        return From(row["id"], row["from_name"], row["from_email"], row["reply_to"]), Account(lease.mailbox_id, server)


def _is_over(error: SmtpError) -> bool:
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
