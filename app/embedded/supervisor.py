"""Keeps the processes of `paceline up` running and ends them in order."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any, Final

import structlog

from app.embedded.child import Child, Program
from app.embedded.folder import DataFolder
from app.embedded.leftovers import RECORD, entry

log = structlog.get_logger()

RUN: Final = "run.json"


class Supervisor:
    """The children of one `up`, in the order of their start."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self._children: list[Child] = []
        self._keepers: list[asyncio.Task[None]] = []
        self._ready_line: dict[str, Any] | None = None

    async def start(self, *programs: Program) -> None:
        """Starts these in parallel and returns when all are ready; from then on each is kept running.

        A restart waits for those that were started before. Raises Unavailable when one does not get ready; `stop`
        then ends what did start.
        """
        needs = tuple(self._children)
        children = [Child(program, self._changed) for program in programs]
        self._children += children
        starts = [asyncio.create_task(child.start()) for child in children]
        try:
            await asyncio.gather(*starts)
        finally:
            await _cancel(starts)
        self._keepers += [asyncio.create_task(child.keep(needs)) for child in children]

    def publish(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Writes the ready line to run.json, keeps its process ids true from now on, and returns it."""
        self._ready_line = facts
        self._changed()
        return self._line(facts)

    async def stop(self) -> None:
        """Ends all by descending stage, those of one stage together."""
        if not self._children:
            return
        log.info("up.stopping")
        await _cancel(self._keepers)
        for stage in self._stages():
            await asyncio.gather(*(child.stop() for child in stage))
        (self._folder / RUN).unlink(missing_ok=True)
        log.info("up.stopped")

    def hurry(self) -> None:
        """For the impatient: what does not hold data ends at once."""
        for child in self._children:
            if child.program.stage > 0:
                child.kill()

    def _stages(self) -> list[list[Child]]:
        ordered = sorted(self._children, key=lambda child: child.program.stage, reverse=True)
        return [list(stage) for _, stage in itertools.groupby(ordered, key=lambda child: child.program.stage)]

    def _pids(self, kind: str) -> list[int]:
        return [c.pid for c in self._children if c.pid is not None and c.program.name.partition("-")[0] == kind]

    def _line(self, facts: dict[str, Any]) -> dict[str, Any]:
        return facts | {"pids": {kind: self._pids(kind) for kind in ("web", "worker")}}

    def _changed(self) -> None:
        running = [[known for child in stage if (known := entry(child))] for stage in self._stages()]
        self._folder.remember(RECORD, json.dumps({"stages": running}))
        if self._ready_line is not None:
            self._folder.remember(RUN, json.dumps(self._line(self._ready_line)))


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
