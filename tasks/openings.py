"""Sending windows of one mailbox's lanes: a lane whose window is closed is one blocked row until it opens."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from app.db.pool import FOREVER
from app.domain.windows import Window, closes, next_open
from app.services import holds
from app.services.delivery import Due
from tasks.clock import instant

if TYPE_CHECKING:
    from tasks.runner import Runner

NEVER_OPEN: Final = timedelta(days=1)  # two windows that never meet are looked at again after this


class Openings:
    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._windows: dict[int, list[Window]] = {}
        self._closes: dict[int, float] = {}  # by lane that was read: seconds since the epoch; 0: closed; inf: no window

    async def refresh(self) -> None:
        """Reads the windows again and blocks the lanes that are closed. A lane that was blocked by a window which a
        person changed at that very moment goes on."""
        pool = self._runner.worker.pool
        found = await holds.windows(pool, self._runner.lease)
        now = instant(self._runner.clock.now())
        self._windows = {lane_id: hours.windows for lane_id, hours in found.items() if hours.windows}
        self._closes = {}
        for lane_id, hours in found.items():
            opening = next_open(hours.windows, now)
            if opening == now:
                if hours.is_waiting:
                    await holds.open_lane(pool, lane_id)
                ends = [closes(window, now).timestamp() for window in hours.windows]
                self._closes[lane_id] = min(ends, default=math.inf)
            else:
                self._closes[lane_id] = 0.0
                await self._block(lane_id, opening, now)

    def is_open(self, lane_id: int) -> bool:
        """False also for a lane that was made since the windows were read."""
        return self._runner.clock.now() < self._closes.get(lane_id, 0.0)

    async def admit(self, found: list[Due]) -> list[Due]:
        """Those of `found` whose lanes are open. One that was closed may have opened since, one may be new."""
        if all(self.is_open(message.lane_id) for message in found):
            return found
        await self.refresh()
        return [message for message in found if self.is_open(message.lane_id)]

    def first_chance(self, message: Due) -> datetime:
        """The moment from which nothing but a limit or a missing worker held the message back."""
        return next_open(self._windows.get(message.lane_id, []), max(message.due_at, message.freed_at)) or FOREVER

    async def shut(self, lane_id: int) -> None:
        """The window of a lane closed while its messages were in hand."""
        now = instant(self._runner.clock.now())
        opening = next_open(self._windows.get(lane_id, []), now)
        if opening != now:  # else a person has changed it meanwhile
            await self._block(lane_id, opening, now)

    async def _block(self, lane_id: int, opening: datetime | None, now: datetime) -> None:
        until = min(opening or now + NEVER_OPEN, FOREVER - timedelta(days=1)).astimezone(UTC)
        await holds.block_lane(self._runner.worker.pool, lane_id, until=until)
