"""A timezone of a test's own, so that a window may open at any second: its hours are whole minutes of a clock."""

from __future__ import annotations

import os
import struct
import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from app.contract.windows import CampaignWindow
from app.domain.windows import DAYS

ZONE: Final = "Test/Near"
ABBREVIATION: Final = b"TST\0"


@contextmanager
def zone_in_which(moment: datetime, folder: Path) -> Iterator[dict[str, str]]:
    """While it lasts, ZONE is a timezone in which `moment` is a whole minute, here and for processes that get the
    environment given. RFC 8536, 3.2: an offset is a number of seconds."""
    path = folder / ZONE
    path.parent.mkdir(parents=True)
    offset = -(int(moment.timestamp()) % 60)
    header = b"TZif" + bytes(16) + struct.pack(">6l", 0, 0, 0, 0, 1, len(ABBREVIATION))
    path.write_bytes(header + struct.pack(">lbb", offset, 0, 0) + ABBREVIATION)
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([str(folder), *before])
    zoneinfo.ZoneInfo.clear_cache(only_keys=[ZONE])
    try:
        yield {"PYTHONTZPATH": os.pathsep.join([str(folder), *before])}
    finally:
        zoneinfo.reset_tzpath(before)
        zoneinfo.ZoneInfo.clear_cache(only_keys=[ZONE])


def window_between(opens: datetime, closes: datetime) -> CampaignWindow:
    """In ZONE, on the one day on which it opens. Each is a whole minute there."""
    zone = zoneinfo.ZoneInfo(ZONE)
    start, end = opens.astimezone(zone), closes.astimezone(zone)
    return CampaignWindow(days=[DAYS[start.weekday()]], start=start.strftime("%H:%M"), end=end.strftime("%H:%M"))


def whole_second(moment: datetime, *, ahead: float) -> datetime:
    """The first whole second at least so many seconds after `moment`."""
    return (moment + timedelta(seconds=ahead + 0.999999)).astimezone(UTC).replace(microsecond=0)
