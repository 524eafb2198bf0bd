"""Lists of recipients that are too long to be read while a caller waits."""

from __future__ import annotations

import asyncio
import contextlib
import sys

import procrastinate
import structlog

log = structlog.get_logger("paceline.imports")

blueprint = procrastinate.Blueprint()


@blueprint.task(name="read")
async def read(workspace_id: str, import_id: str) -> None:
    """Permanent name: imports:read. Reads the list in a process of its own; what comes of it is in the list's row."""
    reader = await asyncio.create_subprocess_exec(sys.executable, "-m", "tasks.list_reader", workspace_id, import_id)
    try:
        if code := await reader.wait():
            log.warning("import.reader_ended", import_id=import_id, code=code)  # the watchdog has another one go on
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            reader.terminate()
        raise
