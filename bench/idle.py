"""What a system costs that has nothing to do: `python -m bench.idle`.

First the CPU and the memory of each process, then, with Postgres's log of all statements on, how many the workers make.
"""

from __future__ import annotations

import time
from typing import Final

from bench.ground import Ground, Needs, Result, alone
from bench.meters import memory_mb

NEEDS: Final = Needs()
SECONDS: Final = 20.0
SETTLES: Final = 6.0  # seconds that the start gets to be over
WORKERS: Final = frozenset({"paceline worker", "paceline queue"})  # their sessions, by name


def measure(ground: Ground, *, quick: bool) -> Result:
    seconds, settles = (2.0, 0.5) if quick else (SECONDS, SETTLES)
    time.sleep(settles)
    began, cpu, commands = time.perf_counter(), ground.cpu(), ground.commands()[0]
    time.sleep(seconds)
    spent = time.perf_counter() - began
    percent = {kind: round(100 * (now - cpu[kind]) / spent, 2) for kind, now in ground.cpu().items()}
    commands = ground.commands()[0] - commands
    workers = ground.pids("worker")
    with ground.statements() as made:
        time.sleep(seconds)
    queries = sum(who in WORKERS for who, _ in made)
    return {
        "seconds": round(spent, 1),
        "cpu_percent": percent,
        "worker_mb": max(memory_mb(pid) for pid in workers),
        "web_mb": max(memory_mb(pid) for pid in ground.pids("web")),
        "redis_commands_per_second": round(commands / spent, 2),
        "queries_per_second": round(queries / seconds / len(workers), 2),
    }


if __name__ == "__main__":
    alone(measure, NEEDS, about=__doc__)
