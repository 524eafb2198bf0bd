"""Many messages at once, as a campaign writes them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from app.db.copying import copy_rows
from app.db.pool import Conn
from app.db.queries import queries
from app.domain.lateness import LatePolicy


class NewEmail(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `emails`, waiting for `due_at`."""

    workspace_id: UUID
    id: UUID  # from app.domain.ids
    lane_id: int
    sender_id: UUID
    campaign_id: UUID | None
    content_id: UUID
    position: int  # place in the campaign or batch: what decides between equal moments
    scheduled_at: datetime
    due_at: datetime
    to_address: str  # the first recipient
    to_name: str | None
    recipients: (
        list[dict[str, str | None]] | None
    )  # [{kind, email, name}], the first included, where there is more than one
    recipient_count: int
    variables: dict[str, Any] | None  # of this recipient, for the templates of its content
    message_id: str  # with its angle brackets
    late_policy: LatePolicy = LatePolicy.SEND


TYPES: Final = (
    "uuid", "uuid", "int8", "uuid", "uuid", "uuid", "int4", "timestamptz", "timestamptz", "text", "text", "jsonb",
    "int2", "jsonb", "text", "text",
)  # fmt: skip  # an enum travels as the text of its label


async def insert_many(tx: Conn, new: Iterable[NewEmail]) -> int:
    """Writes any number of messages by one COPY and returns how many. `new` may be a generator.

    All or nothing with the caller's transaction. The caller promises that the lanes exist (`lanes.ensure`), that the
    ids of a campaign rise with the positions (take them from `new_ids` in order: lists find a campaign's rows by the
    span of its ids), and to call `lanes.wake` for each lane afterwards, last in the transaction.
    """
    return await copy_rows(tx, queries.emails.copy_rows, TYPES, map(_values, new))


def _values(row: NewEmail) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in NewEmail.__struct_fields__)
