"""The status machine."""

from __future__ import annotations

from app.domain.status import ENDED, TRANSITIONS, WAITING, Status, may_follow


def test_every_status_has_its_place_in_the_table() -> None:
    assert TRANSITIONS.keys() == set(Status)


def test_nothing_follows_itself() -> None:
    assert not any(may_follow(status, status) for status in Status)


def test_only_the_gate_leads_to_sending_and_only_sending_or_doubt_to_sent() -> None:
    assert {old for old in Status if may_follow(old, Status.SENDING)} == WAITING
    assert {old for old in Status if may_follow(old, Status.SENT)} == {Status.SENDING, Status.UNCERTAIN}


def test_what_is_being_sent_cannot_be_cancelled() -> None:
    assert not may_follow(Status.SENDING, Status.CANCELLED)
    assert all(may_follow(status, Status.CANCELLED) for status in WAITING)


def test_what_left_or_was_called_off_never_waits_again_by_itself() -> None:
    for status in (Status.SENT, Status.BOUNCED, Status.CANCELLED, Status.SUPPRESSED):
        assert status in ENDED
        assert not TRANSITIONS[status] & WAITING


def test_every_status_can_be_reached() -> None:
    reached = {Status.SCHEDULED}
    while True:
        further = reached | {new for old in reached for new in TRANSITIONS[old]}
        if further == reached:
            break
        reached = further
    assert reached == set(Status)
