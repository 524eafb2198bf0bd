"""The process that reads one long list, apart from the worker: `python -m tasks.list_reader WORKSPACE IMPORT`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Coroutine
from typing import Any, Final
from uuid import UUID

import uvloop

from app import logs
from app.services import import_reading
from app.settings import load

LOOK_EVERY: Final = 1.0  # seconds
NICE: Final = 10  # mail is to leave on time meanwhile


def main() -> None:
    """The process that reads: `python -m tasks.imports WORKSPACE IMPORT`."""
    workspace_id, import_id = map(UUID, sys.argv[1:])
    settings = load(os.environ)
    logs.configure(json=settings.log_json)
    os.nice(NICE)
    uvloop.run(_tethered(import_reading.read(settings, workspace_id=workspace_id, import_id=import_id)))


async def _tethered(reading: Coroutine[Any, Any, None]) -> None:
    """Ends with the worker that started this process: the next one goes on."""
    worker = os.getppid()
    task = asyncio.create_task(reading)
    while not (await asyncio.wait([task], timeout=LOOK_EVERY))[0]:
        if os.getppid() != worker:
            task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


if __name__ == "__main__":
    main()
