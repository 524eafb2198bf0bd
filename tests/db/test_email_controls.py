"""A person's decision about a message in doubt, and the worker that comes back and knows: every order of the two.

The first worker's dispatch is in doubt because its lease ended. It was frozen, not dead: its answer comes late, before
or after the decision, while the message waits to be sent again, while it is being sent again, or after that.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.contract.email_controls import Action, RetryEmail, UpdateEmail
from app.db.pool import Pool
from app.db.transaction import transaction
from app.domain.actors import Actor
from app.domain.ids import new_id
from app.domain.status import Status
from app.services import delivery, email_controls, leases, senders
from app.services.delivery import Outcome
from app.services.email_controls import NotResolvable, NotRetryable
from app.services.leases import Lease
from app.services.senders import SenderInUse
from app.settings import Settings
from tests.support.mailroom import Mailroom, Sender
from tests.support.waiting import wait_until

ANN = Actor(new_id())

LATE = ("accepted", "rejected", "deferred", "unknown", "void")  # what a worker may have to say about a dispatch


@pytest.fixture
async def room(pool: Pool, settings: Settings) -> Mailroom:
    return await Mailroom.open(pool, settings)


@dataclass
class Case:
    """One message and the workers that dispatch it."""

    room: Mailroom
    sender: Sender
    id: UUID
    lease: Lease  # of the worker that has the mailbox now
    first: int = 0  # the dispatch in doubt
    frozen: Lease | None = None  # of the worker that made it

    async def dispatch(self) -> int | None:
        """Has the living worker pass the gate with the message, if it may; the id of its dispatch."""
        now = await self.room.now()
        found = await delivery.due(self.room.pool, self.lease, now=now, until=now, limit=10)
        if not found:
            return None
        verdicts = await delivery.gate(self.room.pool, self.lease, window=3600, prior_dot=None, offers=found)
        verdict = verdicts[self.id]
        assert verdict.verdict == "go"
        return verdict.dispatch_id

    async def hear(self, dispatch_id: int, what: str, lease: Lease) -> None:
        """The worker of a dispatch writes down what became of it."""
        if what == "void":
            await delivery.void(self.room.pool, lease, [dispatch_id])
        else:
            await delivery.record(self.room.pool, [await self.outcome(dispatch_id, what)])

    async def outcome(self, dispatch_id: int, what: str) -> Outcome:
        outcome, status, code = {
            "accepted": ("accepted", Status.SENT, 250),
            "rejected": ("rejected", Status.FAILED, 550),
            "deferred": ("rejected", Status.DEFERRED, 451),
            "unknown": ("unknown", Status.UNCERTAIN, None),
        }[what]
        now = await self.room.now()
        return Outcome(
            workspace_id=self.room.workspace_id,
            dispatch_id=dispatch_id,
            email_id=self.id,
            outcome=outcome,
            status=status,
            dot_at=now,
            code=code,
            reply=what,
            due_at=now if what == "deferred" else None,
        )

    async def late(self, what: str) -> None:
        assert self.frozen is not None
        await self.hear(self.first, what, self.frozen)

    async def resolve(self, action: Action) -> None:
        await email_controls.resolve(
            self.room.pool,
            workspace_id=self.room.workspace_id,
            id=self.id,
            action=action,
            by=ANN,
            now=await self.room.now(),
        )

    async def cancel(self) -> None:
        await email_controls.cancel(
            self.room.pool, workspace_id=self.room.workspace_id, id=self.id, by=ANN, now=await self.room.now()
        )

    async def retry(self, scheduled_at: str | None = None) -> None:
        await email_controls.retry(
            self.room.pool,
            workspace_id=self.room.workspace_id,
            id=self.id,
            wanted=RetryEmail(scheduled_at=scheduled_at),
            by=ANN,
            now=await self.room.now(),
        )

    async def status(self) -> str:
        return await self.room.status(self.id)

    async def outcomes(self) -> list[str]:
        return [str(row["outcome"]) for row in await self.room.ledger(self.id)]

    async def takes_over(self) -> None:
        """The worker that has the mailbox dies; another takes it."""
        await self.room.run(
            "update workers set expires_at = now() - interval '1 second' where id = %s", self.lease.worker_id
        )
        self.lease = await self.room.lease(self.sender.mailbox_id)

    async def run_on(self) -> int:
        """The living worker sends whatever it finds, and the server takes it. How many went."""
        went = 0
        while (dispatch := await self.dispatch()) is not None:
            went += 1
            await self.hear(dispatch, "accepted", self.lease)
        return went

    async def assert_in_order(self) -> None:
        """What `paceline verify` asks of the ledger and the row."""
        ledger = await self.room.ledger(self.id)
        counted = [row for row in ledger if row["outcome"] in ("accepted", "unknown", "pending")]
        assert all(row["ordered_by"] == ANN.id for row in counted[1:]), "nothing goes twice unless a person says so"
        email = await self.room.email(self.id)
        accepted = any(row["outcome"] == "accepted" for row in ledger)
        decided = email["ordered_by"] is not None or any(row["ordered_by"] for row in ledger)
        if email["status"] == "sent":
            assert accepted
        elif accepted:
            assert decided, "a late answer after a person's decision"
        assert sum(row["outcome"] == "pending" for row in ledger) == (email["status"] == "sending")


@pytest.fixture
async def case(room: Mailroom) -> Case:
    """A message whose first dispatch is in doubt."""
    sender = await room.sender()
    (id,) = await room.emails(sender)
    found = Case(room, sender, id, await room.lease(sender.mailbox_id))
    found.frozen = found.lease
    first = await found.dispatch()
    assert first is not None
    found.first = first
    await found.takes_over()
    assert await found.status() == "uncertain"
    return found


@pytest.mark.parametrize("late", LATE)
async def test_without_a_decision_a_late_answer_is_heard(case: Case, late: str) -> None:
    await case.late(late)
    expected = {"accepted": "sent", "rejected": "failed", "deferred": "deferred", "unknown": "uncertain"}
    assert await case.status() == expected.get(late, "scheduled")
    for action in (Action.SEND_AGAIN, Action.DROP, Action.ARRIVED):
        if late == "unknown" or (late, action) in {("accepted", Action.ARRIVED), ("rejected", Action.DROP)}:
            continue
        with pytest.raises(NotResolvable):
            await case.resolve(action)
    assert await case.run_on() == (late in ("deferred", "void"))
    await case.assert_in_order()


@pytest.mark.parametrize("late", LATE)
@pytest.mark.parametrize(("action", "status"), [(Action.ARRIVED, "sent"), (Action.DROP, "failed")])
async def test_a_decision_that_ends_it_stands_whatever_comes_late(
    case: Case, late: str, action: Action, status: str
) -> None:
    await case.resolve(action)
    before = await case.room.email(case.id)
    await case.late(late)
    assert await case.room.email(case.id) == before
    assert before["status"] == status
    assert await case.run_on() == 0
    await case.assert_in_order()
    if (action, late) == (Action.DROP, "accepted"):
        with pytest.raises(NotRetryable, match="did arrive"):
            await case.retry()


@pytest.mark.parametrize("late", LATE)
async def test_a_late_answer_while_it_waits_to_be_sent_again(case: Case, late: str) -> None:
    await case.resolve(Action.SEND_AGAIN)
    before = await case.room.email(case.id)
    await case.late(late)
    assert await case.room.email(case.id) == before, "the order stands"
    assert await case.run_on() == 1
    assert await case.status() == "sent"
    await case.assert_in_order()
    assert [row["ordered_by"] for row in await case.room.ledger(case.id)] == [None, ANN.id]
    assert (await case.room.email(case.id))["ordered_by"] is None, "the order is done: another needs another"


@pytest.mark.parametrize("second", [*LATE, "dies"])
@pytest.mark.parametrize("late", LATE)
async def test_a_late_answer_while_it_is_being_sent_again(case: Case, late: str, second: str) -> None:
    """Nothing that the first worker says may make a third copy; only that it arrived may end the second one's."""
    await case.resolve(Action.SEND_AGAIN)
    dispatch = await case.dispatch()
    assert dispatch is not None
    await case.late(late)
    assert await case.status() == ("sent" if late == "accepted" else "sending")
    assert (await case.outcomes())[1] == ("unknown" if late == "accepted" else "pending")
    await case.assert_in_order()

    if second == "dies":
        await case.takes_over()
    else:
        await case.hear(dispatch, second, case.lease)
    if late == "accepted":
        expected = "sent"
    else:
        ends = {"accepted": "sent", "rejected": "failed", "deferred": "deferred", "void": "scheduled"}
        expected = ends.get(second, "uncertain")
    assert await case.status() == expected
    await case.assert_in_order()
    assert await case.run_on() == (expected in ("deferred", "scheduled"))
    await case.assert_in_order()
    counted = [row for row in await case.room.ledger(case.id) if row["outcome"] not in ("void", "rejected")]
    assert len(counted) <= 2


@pytest.mark.parametrize("second", ["accepted", "rejected", "deferred", "unknown", "void", "dies"])
@pytest.mark.parametrize("late", LATE)
async def test_a_late_answer_after_it_was_sent_again(case: Case, late: str, second: str) -> None:
    await case.resolve(Action.SEND_AGAIN)
    dispatch = await case.dispatch()
    assert dispatch is not None
    if second == "dies":
        await case.takes_over()
    else:
        await case.hear(dispatch, second, case.lease)
    before = await case.status()
    await case.late(late)
    assert await case.status() == ("sent" if late == "accepted" and before == "uncertain" else before)
    await case.assert_in_order()
    assert await case.run_on() == (before in ("deferred", "scheduled"))
    await case.assert_in_order()


@pytest.mark.parametrize("first", ["accepted", "deferred"])
async def test_both_answers_in_one_batch(case: Case, first: str) -> None:
    """The first worker has the mailbox again: one process hears of both."""
    await case.resolve(Action.SEND_AGAIN)
    dispatch = await case.dispatch()
    assert dispatch is not None
    both = [await case.outcome(case.first, "accepted"), await case.outcome(dispatch, "deferred")]
    await delivery.record(case.room.pool, both if first == "accepted" else both[::-1])
    assert await case.status() == "sent"
    assert await case.outcomes() == ["accepted", "rejected"]
    assert await case.run_on() == 0


@pytest.mark.parametrize("late", LATE)
async def test_a_second_sending_that_is_cancelled_stays_so(case: Case, late: str) -> None:
    await case.resolve(Action.SEND_AGAIN)
    await case.cancel()
    await case.late(late)
    email = await case.room.email(case.id)
    assert email["status"] == "cancelled"
    assert "Nobody knows" in email["reply"]
    assert await case.run_on() == 0
    await case.assert_in_order()


async def test_an_order_is_for_one_copy(case: Case) -> None:
    """Refused for now or void, it stands; in doubt again, it needs another order."""
    await case.resolve(Action.SEND_AGAIN)
    for what in ("deferred", "void", "deferred"):
        dispatch = await case.dispatch()
        assert dispatch is not None
        await case.hear(dispatch, what, case.lease)
        assert (await case.room.email(case.id))["ordered_by"] == ANN.id
    assert await case.dispatch() is not None
    await case.takes_over()
    email = await case.room.email(case.id)
    assert (email["status"], email["ordered_by"]) == ("uncertain", None)
    assert await case.run_on() == 0
    await case.resolve(Action.SEND_AGAIN)
    assert await case.run_on() == 1
    await case.assert_in_order()
    assert {row["ordered_by"] for row in (await case.room.ledger(case.id))[1:]} == {ANN.id}


async def test_a_gate_of_unknown_outcome_takes_back_only_what_its_own_lease_booked(case: Case) -> None:
    """The first worker has the mailbox again, and its first dot may have been written."""
    assert case.frozen is not None
    await case.resolve(Action.SEND_AGAIN)
    await case.room.run(
        "update workers set expires_at = now() + interval '1 hour' where id = %s", case.frozen.worker_id
    )
    await leases.release(case.room.pool, case.lease)
    case.lease = await case.room.lease(case.sender.mailbox_id, case.frozen.worker_id)
    assert await case.dispatch() is not None
    await delivery.void_unsent(case.room.pool, case.lease, [case.id])
    assert await case.outcomes() == ["unknown", "void"]
    assert await case.status() == "scheduled"
    assert await case.run_on() == 1
    await case.assert_in_order()


async def test_an_order_begins_a_new_lifetime(case: Case) -> None:
    """Else what failed at the end of its day would have one try left, and a wait of hours between tries."""
    room = case.room

    async def in_hand() -> tuple[Any, int]:
        now = await room.now()
        (found,) = await delivery.due(room.pool, case.lease, now=now, until=now, limit=10)
        return found.first_tried_at, found.attempts

    async def try_in_vain(what: str) -> None:
        dispatch = await case.dispatch()
        assert dispatch is not None
        await case.hear(dispatch, what, case.lease)

    await case.resolve(Action.SEND_AGAIN)
    assert await in_hand() == (None, 0)
    await try_in_vain("deferred")
    first, attempts = await in_hand()
    assert first is not None
    assert attempts == 1
    await room.run("update emails set first_tried_at = first_tried_at - interval '25 hours'")
    await try_in_vain("rejected")
    await case.retry()
    assert await in_hand() == (None, 0)
    await try_in_vain("deferred")
    again, attempts = await in_hand()
    assert again > first
    assert attempts == 1
    now = await room.now()
    await email_controls.change(
        room.pool,
        workspace_id=room.workspace_id,
        id=case.id,
        wanted=UpdateEmail(scheduled_at=now.isoformat()),
        by=ANN,
        now=now,
    )
    assert await in_hand() == (None, 0)
    dispatch = await case.dispatch()
    assert dispatch is not None
    await case.hear(dispatch, "void", case.lease)
    assert await in_hand() == (None, 0)
    assert (await room.email(case.id))["attempts"] == 4, "the ledger counts on"
    assert await case.run_on() == 1


@pytest.mark.parametrize("gone_first", [True, False])
async def test_a_sender_that_goes_and_an_order_that_comes_meet(room: Mailroom, gone_first: bool) -> None:
    """Whoever is second waits for the first, and sees what it did: nothing waits for a sender that is gone."""
    sender = await room.sender()
    ids = await room.emails(sender, 2)
    await room.run("update emails set status = 'failed', ended_at = now(), reply = 'No.' where id = any (%s)", ids)
    now = await room.now()

    async def delete() -> None:
        await senders.delete(room.pool, workspace_id=room.workspace_id, id=sender.id, now=now)

    async def retry() -> None:
        await email_controls.retry(room.pool, workspace_id=room.workspace_id, id=ids[0], wanted=None, by=ANN, now=now)

    first, second = (delete, retry) if gone_first else (retry, delete)
    async with transaction(room.pool) as tx:
        await tx.execute("lock table lanes")  # both come to it last: the first waits here, holding the sender
        running = asyncio.create_task(first())
        await wait_until(lambda: _waiting(room, 1), what="the first to wait for the lanes")
        meeting = asyncio.create_task(second())
        await wait_until(lambda: _waiting(room, 2), what="the second to wait")
    await running
    with pytest.raises(NotRetryable if gone_first else SenderInUse, match="deleted" if gone_first else "1 message"):
        await meeting
    assert await room.statuses() == ({"failed": 2} if gone_first else {"failed": 1, "scheduled": 1})


async def _waiting(room: Mailroom, count: int) -> bool:
    found = await room.value(
        "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    )
    return bool(found >= count)


async def test_what_a_worker_has_in_hand_of_an_older_text_or_time_does_not_pass(room: Mailroom) -> None:
    sender = await room.sender()
    (id,) = await room.emails(sender)
    lease = await room.lease(sender.mailbox_id)
    now = await room.now()
    in_hand = await delivery.due(room.pool, lease, now=now, until=now, limit=10)

    async def pass_the_gate() -> Any:
        return (await delivery.gate(room.pool, lease, window=3600, prior_dot=None, offers=in_hand))[id].verdict

    case = Case(room, sender, id, lease)
    changes: list[dict[str, Any]] = [{"subject": "Other"}, {"scheduled_at": (now + timedelta(hours=1)).isoformat()}]
    for change in changes:
        await email_controls.change(
            room.pool, workspace_id=room.workspace_id, id=id, wanted=UpdateEmail(**change), by=ANN, now=now
        )
        assert await pass_the_gate() == "changed"
        in_hand = await delivery.due(room.pool, lease, now=now, until=now + timedelta(days=1), limit=10)
    await case.cancel()
    assert await pass_the_gate() == "changed"
    assert await room.ledger() == []
