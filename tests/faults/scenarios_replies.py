"""Scenarios 13 and 14: what servers say, at every point of the conversation, and how badly they say it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from app.contract.email_controls import Action
from app.domain.actors import Actor
from app.domain.ids import new_id
from app.services import email_controls
from tests.faults.harness import Result, Size, World, scenario, world
from tests.support.smtp_recorder import Moment
from tests.support.smtp_server import Step
from tests.support.waiting import wait_until

CODES: Final = (421, 450, 451, 452, 550, 552, 554)
PHASES: Final[tuple[Moment, ...]] = ("connect", "mail", "rcpt", "data", "dot")
ONE_BY_ONE: Final = Step(reply="250-test\n250 8BITMIME")  # an EHLO without PIPELINING
FOLLOWERS: Final = 2  # messages behind each case, whom it must cost nothing
EARLY: Final = 1_000  # milliseconds that a body waits at the gate, so that what is said to it comes before its dot
RETRIED: Final = (
    timedelta(seconds=40),
    timedelta(seconds=75),
)  # between a first attempt that was deferred and the second


@dataclass(frozen=True)
class Case:
    """What the server does once, and what becomes of the message that it does it to.

    `end`: sent (as if nothing had been, and nothing counted against it), deferred (for about a minute), waiting (either
    of these, or sent after that minute), failed, uncertain.
    """

    moment: Moment
    step: Step
    end: str
    bounced: bool = False

    @property
    def name(self) -> str:
        return f"{self.step.reply!r} at {self.moment}"


@dataclass(frozen=True)
class Played:
    case: Case
    email_id: UUID
    address: str
    followers: tuple[UUID, ...]


def reply_cases() -> list[Case]:
    return [_refused(moment, code) for moment in PHASES for code in CODES]


def _refused(moment: Moment, code: int) -> Case:
    """RFC 5321, 4.2: 4yz not now, 5yz never. 421 speaks of the server, which closes; so does its greeting."""
    enhanced = {550: "5.1.1", 552: "5.3.4", 554: "5.6.0", 421: "4.3.2"}.get(code, "4.3.0")
    words = str(code) if (moment, code) == ("rcpt", 552) else f"{code} {enhanced}"
    step = Step(reply=f"{words} Scripted", drop=code == 421 or moment == "connect")
    if moment == "connect" or (code == 421 and moment != "dot"):
        return Case(moment, step, "sent")
    if code < 500 or (moment, code) == ("rcpt", 552):  # RFC 5321, 4.5.3.1.10: too many recipients, for now
        return Case(moment, step, "deferred")
    return Case(moment, step, "failed", bounced=code == 550 and moment != "mail")


@scenario(13, "421 to 554 at every phase")
async def refusals(size: Size, seed: int) -> Result:
    """Each means one thing for its message and nothing for the others; a word that comes too late means nothing."""
    async with world(seed) as w:
        await w.fleet.start(2)
        played = []
        for turn in range(size.of(1, 6)):
            if turn % 2:
                w.smtp.on("ehlo", ONE_BY_ONE, always=True)
            cases = reply_cases()
            w.rng.shuffle(cases)
            played += await _play(w, cases)
            w.smtp.usual()
        heal = await w.heal()
        await _hold_to(w, played)
        await w.settled(30)
        ordered = [await _late_word(w) for _ in range(size.of(1, 10))]
        await w.settled(30)
        return await w.result(kills=len(played), heal=heal, orders=dict.fromkeys(ordered, 1), ends=["failed"])


def mischief(pace: float) -> list[Case]:
    before: tuple[Moment, ...] = ("connect", "ehlo", "mail", "rcpt", "data")
    good = {
        "connect": "220 test",
        "ehlo": "250 test",
        "mail": "250 OK",
        "rcpt": "250 OK",
        "data": "354 Go",
        "dot": "250 OK",
    }
    cases = [
        Case("body", Step(reply="250 2.0.0 Accepted already", after_bytes=20), "sent"),
        Case("body", Step(reply="\x00\x07", after_bytes=20), "sent"),
    ]
    for moment in (*before, "dot"):
        end = "uncertain" if moment == "dot" else "waiting"
        cases += [Case(moment, step, end) for step in _nonsense(good[moment])]
        cases.append(
            Case(moment, Step(reply=f"{good[moment]}\n250 And again"), "sent" if moment == "dot" else "waiting")
        )
        cases.append(Case(moment, Step(pace=pace), "sent"))
    return cases


def _nonsense(good: str) -> list[Step]:
    return [
        Step(reply="\x00\x07 what? \x7f"),
        Step(reply="2x0 OK"),
        Step(reply="999 Hm"),
        Step(reply=good[:2], partial=True, drop=True),
        Step(reply=good, partial=True, drop=True),
        Step(reply=f"{good[:3]}-and", drop=True),
        Step(reply=f"{good[:3]}-and", drop=True, reset=True),
        Step(reply="", delay=0.5, drop=True),
    ]


@scenario(14, "garbled, partial and slow replies")
async def garbled(size: Size, seed: int) -> Result:
    """Before the dot nobody got it and it goes again; after it only a whole 2yz, 4yz or 5yz is an answer."""
    async with world(seed) as w:
        await w.fleet.start(2)
        played = []
        for turn in range(size.of(1, 4)):
            cases = mischief(size.of(0.05, 1.0))
            if turn % 2:
                w.smtp.on("ehlo", ONE_BY_ONE, always=True)
                cases = [case for case in cases if case.moment != "ehlo"]
            w.rng.shuffle(cases)
            played += await _play(w, cases)
            w.smtp.usual()
        # A server that says a byte a second holds its own mailbox back for as long, up to two minutes.
        await wait_until(lambda: not w.smtp.dripping, size.of(30, 180), what="the server to have had its say")
        heal = await w.heal()
        await _hold_to(w, played)
        await w.settled(30)
        return await w.result(kills=len(played), heal=heal)


async def _play(w: World, cases: Iterable[Case]) -> list[Played]:
    """Each on a mailbox of its own, the next as soon as the server has done what it should."""
    played = []
    for case in cases:
        name = f"{case.moment}-{w.rng.randrange(10**9)}"
        sender = await w.sender(concurrency=1, gap_ms=EARLY if case.moment == "body" else 0)
        if case.moment == "body":
            await w.room.emails(sender, to=[f"{name}-before@example.com"])
        match = {"connect": "", "ehlo": "", "mail": sender.email}.get(case.moment, f"{name}@")
        w.smtp.on(case.moment, case.step, match=match)
        to = [f"{name}@example.com", *(f"after-{i}-{name}@example.com" for i in range(FOLLOWERS))]
        email_id, *followers = await w.room.emails(sender, len(to), to=to)
        await wait_until(lambda: not w.smtp.left, 60, what=f"the server to say {case.name}")
        played.append(Played(case, email_id, to[0], tuple(followers)))
    return played


async def _hold_to(w: World, played: Iterable[Played]) -> None:
    """Waits until each has ended as it should, and notes the others; then the deferred ones are due again."""
    sure = [f for each in played for f in each.followers]
    sure += [each.email_id for each in played if each.case.end == "sent"]
    with contextlib.suppress(AssertionError):  # what does not come in time shows in the rows
        await wait_until(w.room.are("sent", *sure), 30)
    rows = {row["id"]: row for row in await w.all("select * from emails")}
    bounced = {row["address"] for row in await w.all("select address from suppressions")}
    for each in played:
        row, case = rows[each.email_id], each.case
        wrong = _wrong(case, row)
        if (each.address in bounced) != case.bounced:
            wrong.append("suppressed" if not case.bounced else "not suppressed")
        w.violations += [f"{case.name}: {word}" for word in wrong]
        states = [rows[follower]["status"] for follower in each.followers]
        w.violations += [f"{case.name}: who came after is {state}" for state in states if state != "sent"]
        if row["status"] == "deferred":
            await w.room.reschedule(each.email_id)
    for sender in await w.all("select state::text as state, state_reason from senders where state <> 'active'"):
        w.violations.append(f"a sender is {sender['state']}: {sender['state_reason']}")


def _wrong(case: Case, row: Mapping[str, Any]) -> list[str]:
    status, wrong = row["status"], []
    if status not in {"waiting": ("sent", "deferred")}.get(case.end, (case.end,)):
        wrong.append(f"it is {status}, {row['reply']}")
    least, most = RETRIED
    retried = status == "sent" and case.end == "waiting" and row["attempts"] == 2
    if status == "sent" and row["attempts"] != 1 and not retried:
        wrong.append(f"{row['attempts']} attempts")
    if retried and row["dispatched_at"] - row["first_tried_at"] < least:
        wrong.append("it was tried again at once")
    if status == "deferred" and not least < row["due_at"] - row["first_tried_at"] < most:
        wrong.append(f"tried at {row['first_tried_at']}, it is due again at {row['due_at']}")
    if status == "failed" and str(case.step.reply)[:3] not in str(row["reply"]):
        wrong.append(f"it says {row['reply']}")
    return wrong


async def _late_word(w: World) -> UUID:
    """A worker freezes with a 451 to the dot that it has not written down. Its lease ends, a person has the message
    sent again, and while that is under way the worker comes back."""
    await w.fleet.replace(1, lambda: {"PACELINE_FAILPOINTS": "record.asked=stop"})
    (frozen,) = w.fleet.ready
    sender = await w.sender()
    address = f"late-{w.rng.randrange(10**9)}@example.com"
    w.smtp.on("dot", Step(reply="451 4.3.0 Not now"), match=address)
    (email_id,) = await w.room.emails(sender, to=[address])
    await wait_until(lambda: frozen.stopped, what="the worker to freeze")
    await w.fleet.start(1)
    await wait_until(w.room.are("uncertain", email_id), w.settings.lease_seconds + 15)
    w.smtp.on("dot", Step(delay=3.0), match=address)
    await email_controls.resolve(
        w.pool,
        workspace_id=w.room.workspace_id,
        id=email_id,
        action=Action.SEND_AGAIN,
        by=Actor(new_id()),
        now=datetime.now(UTC),
    )
    await wait_until(lambda: sum(dot.email_id == email_id for dot in w.smtp.dots) == 2)
    frozen.signal(signal.SIGCONT)
    await asyncio.sleep(4.0)
    return email_id
