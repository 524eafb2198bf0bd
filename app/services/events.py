"""The story of one message, from three places that each say their part once: its row, the ledger, the events."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from app.contract.emails import StoryEntry
from app.contract.lists import List
from app.db.pool import Pool
from app.db.queries import queries, rows
from app.domain.scheduling import iso
from app.errors import NotFound

# What the ledger tells with more detail is not told again from the events, by the outcome there.
_IN_LEDGER: Final = {"email.sent": "accepted", "email.uncertain": "unknown"}

# What somebody ordered, by the action or else the type of the event.
_ORDERS: Final = {
    "cancelled": "{who} cancelled it: it will not be sent.",
    "rescheduled": "{who} moved it to {at}.",
    "edited": "{who} changed {fields}.",
    "retry": "{who} had it tried again at {at}.",
    "arrived": "{who} said that it arrived.",
    "send_again": "{who} had it sent again, although it may have arrived.",
    "send": "{who} had it sent, although it is late.",
    "drop": "{who} dropped it: it will not be sent.",
}
_MOVES: Final = frozenset({"send_again", "send"})  # at once, so the time that was asked for is gone

_WORDS: Final = {
    "deferred": "Not taken for now; it is tried again.",
    "failed": "It will not be tried again.",
    "suppressed": "It was not sent.",
    "unsubscribed": "Its recipient unsubscribed: nothing more of this workspace is sent to them.",
    "resubscribed": "Its recipient took the unsubscription back.",
    "bounced": "A later message said that it did not arrive.",
    "held": "It was overdue and waits for a person to decide.",
    "missed": "It was overdue and skipped, as its late policy says.",
    "sent": "It was sent.",
    "uncertain": "Nobody knows whether it arrived.",
}


async def story(pool: Pool, *, workspace_id: UUID, email_id: UUID) -> List[StoryEntry]:
    """Oldest first, whole. Raises NotFound."""
    async with pool.connection() as conn:
        found = await rows(queries.emails.shown(conn, workspace_id=workspace_id, ids=[email_id]))
        if not found:
            raise NotFound("There is no such message in this workspace.")
        ledger = await rows(queries.events.ledger(conn, workspace_id=workspace_id, email_id=email_id))
        events = await rows(queries.events.of_email(conn, workspace_id=workspace_id, email_id=email_id))
    email = found[0]
    told = [_created(email, events), *(entry for row in ledger for entry in _dispatch(row))]
    accounted = {row["dispatched_at"] for row in ledger}
    told += [
        _event(row) for row in events if row["data"].get("action") or not (accounted and row["type"] in _IN_LEDGER)
    ]
    return List(object="list", has_more=False, data=sorted(told, key=lambda entry: entry.at))


def _created(email: dict[str, Any], events: list[dict[str, Any]]) -> StoryEntry:
    """What was asked for at first: later moves are told where they happened."""
    moved = any("scheduled_at" in row["data"] or row["data"].get("action") in _MOVES for row in events)
    when: datetime = email["scheduled_at"]
    at_once = when <= email["created_at"]
    message = "Taken into the schedule"
    if not moved:
        message += " to be sent at once" if at_once else f" for {iso(when)}"
    return StoryEntry(type="scheduled", at=email["created_at"], message=f"{message}.", data={})


def _dispatch(row: dict[str, Any]) -> Iterator[StoryEntry]:
    attempt = row["attempt"]
    data: dict[str, Any] = {"attempt": attempt}
    ordered = f", ordered by {row['by_name'] or row['by_key'] or 'somebody'}" if row["ordered_by"] else ""
    yield StoryEntry(
        type="dispatched",
        at=row["dispatched_at"],
        message=f"Attempt {attempt}{ordered}: passed the limits and was handed to the mail server.",
        data=data | ({"ordered_by": row["ordered_by"]} if row["ordered_by"] else {}),
    )
    reply = row["reply_text"] or ""
    type, message = {
        # Without a code it is a person's word, and their order tells of it.
        "accepted": ("accepted" if row["reply_code"] else "", f"The mail server took it: {reply}"),
        "rejected": ("rejected", f"The mail server did not take it: {reply}"),
        "unknown": ("uncertain", "The server's answer never came: it may or may not have arrived."),
        "void": (
            "void",
            "The connection broke before the end of the message: nobody got it, and it counts for no limit.",
        ),
        "pending": ("", ""),
    }[row["outcome"]]
    if type:
        yield StoryEntry(
            type=type, at=row["outcome_at"], message=message, data=data | {"code": row["reply_code"], "reply": reply}
        )


def _event(row: dict[str, Any]) -> StoryEntry:
    type = row["type"].removeprefix("email.")
    data = row["data"]
    order = _ORDERS.get(data.get("action", type))
    if order is not None:
        message = order.format(
            who=_who(row["by_name"], data.get("api_key")),
            at=iso(datetime.fromisoformat(data["scheduled_at"])) if "scheduled_at" in data else "",
            fields=", ".join(data.get("fields", ())),
        )
    else:
        message = _WORDS.get(type, type.replace("_", " ").capitalize() + ".")
        if data.get("reply"):
            message = f"{message} {data['reply']}"
    return StoryEntry(type=type, at=row["at"], message=message, data=data)


def _who(person: str | None, api_key: str | None) -> str:
    if api_key is not None:
        return f"The API key “{api_key}”" + (f" of {person}" if person else "")
    return person or "Somebody"
