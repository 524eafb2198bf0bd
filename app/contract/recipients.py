"""Lists of recipients that were read from a file or a text, for campaigns to use."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta

from app.contract.base import Input, Output

ColumnNames = Annotated[
    list[Annotated[str, Meta(max_length=200)] | None],
    Meta(
        max_length=200,
        description="What templates call the columns, in their order, instead of what is found: one is `email`, one "
        "may be `name`, `null` leaves a column out.",
    ),
]


class RecipientText(Input):
    """Addresses as pasted: one a line, in a row with commas or semicolons, or a table."""

    text: Annotated[str, Meta(max_length=10_000_000)]
    columns: ColumnNames | None = None


class InvalidRow(Output):
    row: int  # as a spreadsheet counts, from 1
    value: str
    reason: str


class ListedRecipient(Output):
    email: str
    name: str | None
    variables: dict[str, Any]


Purpose = Literal["recipients", "suppressions"]


class Import(Output):
    """A list and what was found in it. Once it is done `detected` is the sum of valid, duplicates, suppressed and
    `invalid_count`."""

    object: Literal["import"]
    import_id: UUID
    purpose: Purpose  # for a campaign, or read by POST /suppressions/import
    state: Literal["waiting", "reading", "done", "failed", "cancelled"]
    progress: float  # from 0 to 1
    error: str | None  # of one that failed: what is wrong with the file and how to mend it
    filename: str | None
    detected: int
    valid: int  # these a campaign goes to; of a list of suppressions those that it added
    duplicates: int  # equal but for case to an earlier one
    suppressed: int  # on the suppression list already, so left out
    roles: int  # of the valid ones: addresses of a role rather than a person, such as info@
    invalid: list[InvalidRow]  # the first 1,000; GET /imports/{id}/report.csv has all, duplicates and suppressed too
    invalid_count: int
    columns: list[str]  # names that a template can use, as the columns stand
    sample: list[ListedRecipient]  # the first few valid ones; none of a list of suppressions
    created_at: datetime
