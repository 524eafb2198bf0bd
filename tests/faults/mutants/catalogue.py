"""What is broken on purpose. A change whose old text is not there exactly once is an error: the mutant is outdated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias


@dataclass(frozen=True)
class Edit:
    """In a file of the tree."""

    path: str
    old: str
    new: str


@dataclass(frozen=True)
class Redefine:
    """In a function of the migrated database, wherever it was defined last."""

    function: str
    old: str
    new: str


@dataclass(frozen=True)
class Sql:
    """Run after all migrations."""

    text: str


Change: TypeAlias = Edit | Redefine | Sql


@dataclass(frozen=True)
class Mutant:
    name: str
    scenario: int  # whose short form must fail
    changes: tuple[Change, ...]
    is_quick: bool = False  # played by `make test`


MUTANTS: Final = (
    Mutant(
        "no fence at the gate",
        16,
        (
            Redefine("gate", "and m.runner_id = p_worker and m.fence = p_fence", ""),
            Redefine("gate_unlimited", "and m.runner_id = p_worker and m.fence = o.fence", ""),
        ),
    ),
    Mutant(
        "limits counted in Redis alone",
        9,
        (
            Redefine("gate", "rooms[i] := limits[i] - pacing_used(counters[i]);", "rooms[i] := limits[i];"),
            Redefine("headroom", "select pacing_used(counter),", "select 0::bigint,"),
        ),
    ),
    Mutant(
        "gap from the commit instead of the dot",
        16,
        (
            Edit(
                "tasks/gatekeeper.py",
                "self._between.add(message.id)\n",
                "self._between.add(message.id)\n"
                "                self._committed_at = self._clock.monotonic(found.at.timestamp())\n",
            ),
            Edit(
                "tasks/gatekeeper.py",
                "self._dot_at = max(self._dot_at, written_at)",
                "self._dot_at = self._committed_at",
            ),
        ),
    ),
    Mutant(
        "outcomes recorded whatever stands there",
        13,
        (
            Edit(
                "sql/queries/delivery.sql",
                "d.id = o.dispatch_id and d.outcome in ('pending', 'unknown')",
                "d.id = o.dispatch_id",
            ),
            Edit(
                "sql/queries/delivery.sql",
                "e.id = o.email_id and e.status in ('sending', 'uncertain')\n"
                "        and (e.attempts = ledger.attempt or o.status = 'sent')",
                "e.id = o.email_id",
            ),
        ),
    ),
    Mutant(
        "the gate does not look at the status again",
        15,
        (
            Redefine(
                "gate",
                "e.status not in ('scheduled', 'deferred') or e.revision <> o.revision",
                "false",
            ),
            Redefine(
                "gate_unlimited",
                "e.status not in ('scheduled', 'deferred') or e.revision <> o.revision",
                "false",
            ),
            Sql(  # the schema would not have it either
                "alter table emails drop constraint emails_ended_at;"
                " insert into status_transitions values ('cancelled', 'sending');"
            ),
        ),
        is_quick=True,
    ),
    Mutant(
        "what is in doubt is called failed",
        11,
        (Edit("tasks/endings.py", "status=Status.UNCERTAIN", "status=Status.FAILED"),),
    ),
    Mutant(
        "what a dead worker left in doubt is sent again",
        2,
        (
            Edit(
                "sql/queries/delivery.sql",
                "status = 'uncertain', reply = 'The worker ended",
                "status = 'scheduled', reply = 'The worker ended",
            ),
        ),
    ),
    Mutant(
        "everybody waits for a frozen Redis",
        10,
        (Edit("app/pacing/reservations.py", "PATIENCE: Final = 0.5", "PATIENCE: Final = 5.0"),),
    ),
    Mutant(
        "moments by the worker's wall clock",
        19,
        (Edit("tasks/clock.py", "return time.monotonic() + self._offset", "return time.time()"),),
    ),
    Mutant(
        "a connection cut before the dot fails the message",
        12,
        (
            Edit(
                "tasks/endings.py",
                "self._broke.add(message.id)\n            await self._runner.give_back(message)\n",
                "await self.refuse(message, Status.FAILED, error.message, error)\n",
            ),
        ),
    ),
)
