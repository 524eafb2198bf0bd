"""Why an address gets no mail, and which address is which. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Literal

from app.domain import addresses


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
