"""Sending windows between the API, the rules and the columns of senders and campaigns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.contract.windows import CampaignWindow, SenderWindow
from app.domain.opening_hours import clock_time, day_names, read_window
from app.domain.windows import Window


def of_sender(given: SenderWindow | None) -> Window | None:
    """Raises ValidationError."""
    return None if given is None else read_window(given.days, given.start, given.end, given.timezone)


def of_campaign(given: CampaignWindow | None, timezone: str) -> Window | None:
    """`timezone`: the campaign's. Raises ValidationError."""
    return None if given is None else read_window(given.days, given.start, given.end, timezone)


def of_row(row: Mapping[str, Any], timezone: str | None) -> Window | None:
    """The window that the row of a sender or campaign holds."""
    if row["window_days"] is None or timezone is None:
        return None
    return Window(frozenset(row["window_days"]), row["window_start"], row["window_end"], timezone)


def columns(window: Window | None) -> dict[str, Any]:
    """The columns that a sender and a campaign share."""
    return {
        "window_days": None if window is None else sorted(window.days),
        "window_start": None if window is None else window.start,
        "window_end": None if window is None else window.end,
    }


def sender_window(window: Window | None) -> SenderWindow | None:
    """As the API shows it."""
    return None if window is None else SenderWindow(**_shown(window), timezone=window.timezone)


def campaign_window(window: Window | None) -> CampaignWindow | None:
    """As the API shows it."""
    return None if window is None else CampaignWindow(**_shown(window))


def _shown(window: Window) -> dict[str, Any]:
    return {"days": day_names([*window.days]), "start": clock_time(window.start), "end": clock_time(window.end)}
