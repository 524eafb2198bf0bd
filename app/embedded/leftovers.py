"""Ends what a killed `up` left behind, before another one touches the same files.

Linux ends orphans by itself (see tether.py), but they may still be finishing; elsewhere nobody else does it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from pathlib import Path
from typing import Any, Final

import structlog

from app.embedded.child import Child, kill_group
from app.embedded.folder import DataFolder

RECORD: Final = "children.json"

log = structlog.get_logger()


def entry(child: Child) -> dict[str, Any] | None:
    """What the record says of a child; None: it does not run."""
    if child.pid is None:
        return None
    program = child.program
    return {
        "name": program.name,
        "pid": child.pid,
        "born": birth(child.pid),
        "stop_with": int(program.stop_with),
        "grace": program.grace,
    }


async def end_leftovers(folder: DataFolder) -> None:
    """Ends every process of the record that still runs, stage by stage."""
    for stage in folder.recall_json(RECORD).get("stages", []):
        await asyncio.gather(*(_end(known) for known in stage))


async def _end(known: dict[str, Any]) -> None:
    pid = int(known["pid"])
    if not _lives(known):
        return
    log.warning("leftover.ending", child=known["name"], pid=pid)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.Signals(known["stop_with"]))
    deadline = asyncio.get_running_loop().time() + float(known["grace"])
    while _lives(known):
        if asyncio.get_running_loop().time() > deadline:
            kill_group(pid)
        await asyncio.sleep(0.05)


def _lives(known: dict[str, Any]) -> bool:
    return known["born"] is not None and birth(int(known["pid"])) == known["born"]


def birth(pid: int) -> str | None:
    """What tells a process from a later one of the same number; None when there is none (or a zombie)."""
    try:
        # The name, in parentheses, may hold spaces; field 3 is the state, field 22 the start in ticks since boot.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None if Path("/proc/self/stat").exists() else _birth_by_ps(pid)
    return None if fields[0] == "Z" else f"{boot}:{fields[19]}"


def _birth_by_ps(pid: int) -> str | None:
    shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607
    return shown.stdout.strip() or None
