"""What a person's word makes of a message, and why it makes nothing of another.

Rows are those of the query `statuses`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from app.contract.email_controls import Action
from app.domain.status import WAITING, Status

CHANGEABLE: Final = WAITING | {Status.HELD}
RETRYABLE: Final = (Status.FAILED, Status.MISSED)


class Decision(msgspec.Struct, frozen=True):
    """What an action makes of a message."""

    old: Status
    new: Status
    reply: str | None = None  # why it ended


# Not `cancelled` for what is dropped in doubt: of a cancelled message no server ever saw the dot.
DECISIONS: Final[Mapping[Action, Sequence[Decision]]] = {
    Action.ARRIVED: [Decision(Status.UNCERTAIN, Status.SENT, "A person said that it arrived.")],
    Action.SEND_AGAIN: [Decision(Status.UNCERTAIN, Status.SCHEDULED)],
    Action.SEND: [Decision(Status.HELD, Status.SCHEDULED)],
    Action.DROP: [
        Decision(Status.UNCERTAIN, Status.FAILED, "It was given up: nobody knows whether it arrived."),
        Decision(Status.HELD, Status.CANCELLED, "It was late, and a person dropped it."),
    ],
}


def waits_on_order(found: Mapping[str, Any]) -> bool:
    """Whether it waits because somebody ordered another dispatch."""
    return found["status"] in WAITING and found["ordered_by"] is not None


def stands_as(found: Mapping[str, Any], action: Action) -> bool:
    """Whether the message is where the action would have brought it."""
    match action:
        case Action.ARRIVED:
            return bool(found["status"] == Status.SENT)
        case Action.SEND_AGAIN:
            return waits_on_order(found)
        case Action.SEND:
            return found["status"] in WAITING
        case Action.DROP:
            return found["status"] in (Status.CANCELLED, Status.FAILED, Status.MISSED, Status.SUPPRESSED)


def why_not_cancelled(found: Mapping[str, Any]) -> str:
    return f"This message is {found['status']} and can no longer be cancelled."


def why_not_retried(found: Mapping[str, Any]) -> str:
    if found["status"] == Status.UNCERTAIN:
        return "Nobody knows whether this message arrived: resolve it."
    if found["status"] not in RETRYABLE:
        return f"This message is {found['status']}: only what failed or was missed can be tried again."
    if found["arrived"]:
        return "The server's answer came late: this message did arrive."
    return _why_not_again(found)


def why_not_resolved(found: Mapping[str, Any], action: Action) -> str:
    expected = [decision.old for decision in DECISIONS[action]]
    if found["status"] in expected:
        return _why_not_again(found)
    return f"This message is {found['status']}: {action} is for what is {' or '.join(expected)}."


def _why_not_again(found: Mapping[str, Any]) -> str:
    if found["sender_deleted"]:
        return "The sender of this message was deleted: nothing can send it again."
    return "The campaign of this message is cancelled."
