"""Why an address gets no mail, and which address is which. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Final, Literal

import msgspec

from app.domain import addresses
from app.domain.csv_reading import Listing
from app.domain.recipients import Recipient, Rejected, judged
from app.domain.spreadsheets import unsafe_cell


class Reason(StrEnum):
    HARD_BOUNCE = "hard_bounce"  # a server said that it does not exist
    COMPLAINT = "complaint"  # its owner called a message spam
    UNSUBSCRIBED = "unsubscribed"  # its owner asked for no more
    MANUAL = "manual"  # somebody of the workspace said so


ORIGINS: Final[dict[Reason, Literal["bounce", "complaint", "manual"]]] = {  # in Resend's words
    Reason.HARD_BOUNCE: "bounce",
    Reason.COMPLAINT: "complaint",
    Reason.UNSUBSCRIBED: "manual",
    Reason.MANUAL: "manual",
}


def address_of(text: str, *, path: str = "email") -> str:
    """The address as messages have it, so that Postgres can compare the two (which ignores case): its domain in
    readable form, whichever form was given. Raises InvalidAddress."""
    return addresses.parse(text, path=path).email


def reason_of(text: str) -> Reason:
    """As a spreadsheet has it; what is not known is a person's word."""
    try:
        return Reason(text.strip().lower().replace(" ", "_"))
    except ValueError:
        return Reason.MANUAL


def judged_suppressions(listing: Listing) -> Iterator[Recipient | Rejected]:
    """A list of suppressions, read as one of recipients is, with what our export put before a cell taken away. Of the
    other columns only `reason` is heard; each that is not plainly a person's word is a variable."""
    columns = tuple(column if column in ("email", "reason") else None for column in listing.columns)
    rows = (msgspec.structs.replace(row, cells=[unsafe_cell(cell) for cell in row.cells]) for row in listing.rows)
    for each in judged(columns, rows):
        if isinstance(each, Rejected):
            yield each
            continue
        reason = reason_of(str(each.variables.get("reason", "")))
        yield msgspec.structs.replace(each, variables={} if reason is Reason.MANUAL else {"reason": reason.value})
