"""Work that takes a core for seconds, in a process of its own: mail is to leave on time meanwhile.

`python -m tasks.aside read WORKSPACE IMPORT` reads a list, `... place WORKSPACE CAMPAIGN` writes a campaign's messages.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Coroutine
from typing import Any, Final
from uuid import UUID

import structlog
import uvloop

from app import logs
from app.services import campaign_placing, import_reading
from app.settings import Settings, load

LOOK_EVERY: Final = 1.0  # seconds
NICE: Final = 10

log = structlog.get_logger("paceline.aside")


async def run(kind: str, workspace_id: str, id: str) -> None:
    """Returns when the process has ended, however it did: what came of it is in the database."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tasks.aside", kind, workspace_id, id)
    try:
        if code := await process.wait():
            log.warning("aside.ended", kind=kind, id=id, code=code)  # the watchdog has another one go on
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        raise


def main() -> None:
    kind, workspace_id, id = sys.argv[1], UUID(sys.argv[2]), UUID(sys.argv[3])
    settings = load(os.environ)
    logs.configure(json=settings.log_json)
    os.nice(NICE)
    uvloop.run(_tethered(_work(kind, settings, workspace_id, id)))


async def _work(kind: str, settings: Settings, workspace_id: UUID, id: UUID) -> None:
    match kind:
        case "read":
            await import_reading.read(settings, workspace_id=workspace_id, import_id=id)
        case "place":
            await campaign_placing.go_on(settings, workspace_id=workspace_id, campaign_id=id)
        case _:
            raise ValueError(kind)


async def _tethered(work: Coroutine[Any, Any, None]) -> None:
    """Ends with the worker that started this process: the next one goes on."""
    worker = os.getppid()
    task = asyncio.create_task(work)
    while not (await asyncio.wait([task], timeout=LOOK_EVERY))[0]:
        if os.getppid() != worker:
            task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


if __name__ == "__main__":
    main()
