"""Which rows agree with the ledger."""

from __future__ import annotations

import pytest

from app.domain.legality import Row, problem
from app.domain.status import ENDED, Status


def row(status: Status, *, accepted: int = 0, pending: int = 0, unknown: int = 0, ordered: bool = False) -> Row:
    """With the times that its status asks for."""
    return Row(
        status=status,
        accepted=accepted,
        pending=pending,
        unknown=unknown,
        ordered=ordered,
        has_sent_at=status in (Status.SENT, Status.BOUNCED),
        has_ended_at=status in ENDED,
        has_dispatched_at=status in (Status.SENDING, Status.UNCERTAIN),
    )


LEGAL = [
    *[
        row(status)
        for status in Status
        if status not in (Status.SENDING, Status.SENT, Status.BOUNCED, Status.UNCERTAIN)
    ],
    row(Status.SENDING, pending=1),
    row(Status.SENDING, pending=1, unknown=1),  # sent again by a person's order
    row(Status.SENT, accepted=1),
    row(Status.SENT, accepted=2, unknown=1),  # whether it is a duplicate is another question
    row(Status.BOUNCED, accepted=1),
    row(Status.UNCERTAIN, unknown=1),
    row(Status.CANCELLED, unknown=1),  # dropped
    row(Status.SCHEDULED, unknown=1),  # about to be sent again
    *[
        row(status, accepted=1, unknown=1, ordered=True)
        for status in (Status.SCHEDULED, Status.CANCELLED, Status.UNCERTAIN)
    ],
    row(Status.SENDING, accepted=1, pending=1, ordered=True),
    row(Status.SENT, accepted=1, pending=1, ordered=True),
]
ILLEGAL = [
    *[row(status, pending=1) for status in Status if status is not Status.SENDING],
    *[row(status, accepted=1) for status in Status if status not in (Status.SENT, Status.BOUNCED)],
    *[row(status, unknown=1) for status in (Status.SENT, Status.BOUNCED, Status.SENDING)],
    row(Status.SENT),
    row(Status.SENT, ordered=True),
    row(Status.SENT, pending=1, accepted=1),
    row(Status.SENDING),
    row(Status.SENDING, pending=2),
    row(Status.SENDING, pending=2, accepted=1, ordered=True),
    row(Status.UNCERTAIN),
    row(Status.UNCERTAIN, accepted=1, ordered=True),
]


@pytest.mark.parametrize("legal", LEGAL, ids=str)
def test_rows_that_agree_with_the_ledger(legal: Row) -> None:
    assert problem(legal) is None


@pytest.mark.parametrize("illegal", ILLEGAL, ids=str)
def test_rows_that_do_not(illegal: Row) -> None:
    assert problem(illegal) is not None


@pytest.mark.parametrize("status", Status)
def test_times_follow_the_status(status: Status) -> None:
    delivered = status in (Status.SENT, Status.BOUNCED)
    right = row(status, accepted=delivered, pending=status is Status.SENDING, unknown=status is Status.UNCERTAIN)
    assert problem(right) is None
    for field in ("has_sent_at", "has_ended_at", "has_dispatched_at"):
        wrong = Row(
            **{name: getattr(right, name) for name in Row.__struct_fields__} | {field: not getattr(right, field)}
        )
        free = field == "has_dispatched_at" and status not in (Status.SENDING, Status.UNCERTAIN)
        assert (problem(wrong) is None) is free, field
