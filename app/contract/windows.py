"""Sending windows: the days and hours at which mail may leave. The same shape goes in and out."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from app.domain.windows import DAYS

_DAYS: Final[dict[str, Any]] = {"extra": {"items": {"type": "string", "enum": list(DAYS)}}}
_START: Final[dict[str, Any]] = {"extra": {"pattern": r"^([01]\d|2[0-3]):[0-5]\d$"}}
_END: Final[dict[str, Any]] = {"extra": {"pattern": r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$"}}

# What they may be is said in the description of the API and checked by hand: so an error can say how to mend it.
Days = Annotated[list[str], Meta(max_length=7, extra_json_schema=_DAYS)]
Start = Annotated[str, Meta(max_length=100, extra_json_schema=_START)]
End = Annotated[str, Meta(max_length=100, extra_json_schema=_END)]


class CampaignWindow(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Mail leaves on these days from `start` until before `end`, by the wall clock of the campaign's timezone.

    An end before the start lies on the next day.
    """

    days: Days
    start: Start
    end: End


class SenderWindow(CampaignWindow, kw_only=True, forbid_unknown_fields=True):
    """Mail leaves on these days from `start` until before `end`, by the wall clock of `timezone`.

    An end before the start lies on the next day.
    """

    timezone: Annotated[str, Meta(max_length=100, description="An IANA name such as Europe/Berlin.")]
