"""Lists of recipients that were read from a file or a text, for campaigns to use."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta

from app.contract.base import Input, Output


class RecipientText(Input):
    """Addresses as pasted: one a line, in a row with commas or semicolons, or a table."""

    text: Annotated[str, Meta(max_length=10_000_000)]


class InvalidRow(Output):
    row: int  # as a spreadsheet counts, from 1
    value: str
    reason: str


class ListedRecipient(Output):
    email: str
    name: str | None
    variables: dict[str, Any]


class ParsedRecipients(Output):
    """What was found. `detected` is the sum of valid, duplicates, suppressed and `invalid_count`."""

    object: Literal["import"]
    import_id: UUID
    state: Literal["done"]
    detected: int
    valid: int  # these a campaign goes to
    duplicates: int  # equal but for case to an earlier one
    suppressed: int  # on the suppression list, so left out
    invalid: list[InvalidRow]  # the first 1,000
    invalid_count: int
    columns: list[str]  # names that a template can use, as the columns stand
    sample: list[ListedRecipient]  # the first few valid ones
