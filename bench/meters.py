"""What a run costs: CPU of process trees (proc(5)), commits, log and statements of Postgres, commands of Redis."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import redis

TICKS = os.sysconf("SC_CLK_TCK")


class Reading(msgspec.Struct, frozen=True):
    cpu: dict[str, float]  # seconds, by the name of the tree
    commits: int
    wal: int  # bytes
    calls: dict[str, int]  # of Redis commands, those that scripts make too


class Meters:
    """`trees`: by name the process ids that each count with all their descendants, ended ones too."""

    def __init__(self, database_url: str, redis_url: str, trees: Mapping[str, Sequence[int]]) -> None:
        self._conn = psycopg.connect(database_url, autocommit=True)
        self._redis = redis.Redis.from_url(redis_url)
        self._trees = trees

    def read(self) -> Reading:
        commits, wal = self._conn.execute(
            "select sum(xact_commit)::bigint, pg_current_wal_insert_lsn() - '0/0'::pg_lsn from pg_stat_database"
        ).fetchone() or (0, 0)
        stats: dict[str, dict[str, Any]] = self._redis.info("commandstats")
        return Reading(
            cpu={name: sum(map(tree_seconds, pids)) for name, pids in self._trees.items()},
            commits=int(commits),
            wal=int(wal),
            calls={name.removeprefix("cmdstat_"): stat["calls"] for name, stat in stats.items()},
        )

    def close(self) -> None:
        self._conn.close()
        self._redis.close()


def each(before: Reading, after: Reading, count: int) -> dict[str, Any]:
    """What one of `count` messages cost between two readings."""
    calls = {name: calls - before.calls.get(name, 0) for name, calls in after.calls.items()}
    cpu = {name: 1000 * (seconds - before.cpu[name]) / count for name, seconds in after.cpu.items()}
    return {
        "cpu_ms": {name: round(ms, 4) for name, ms in cpu.items()} | {"all": round(sum(cpu.values()), 4)},
        "commits": round((after.commits - before.commits) / count, 4),
        "wal_bytes": round((after.wal - before.wal) / count),
        "redis_calls": {name: round(made / count, 4) for name, made in calls.items() if made > 0 and name != "info"},
    }


def tree_seconds(pid: int) -> float:
    """CPU that a process, its descendants and those of them that have ended have used, in seconds."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    used = sum(int(ticks) for ticks in stat.rpartition(")")[2].split()[11:15])
    return used / TICKS + sum(tree_seconds(int(child)) for child in children)


def peak_mb(pid: int) -> float:
    """The most memory that a process has had; 0 once it has ended."""
    return memory_mb(pid, "VmHWM")


def memory_mb(pid: int, what: str = "VmRSS") -> float:
    """What /proc/PID/status says of a process's memory; 0 once it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return next((round(int(line.split()[1]) / 1024, 1) for line in lines if line.startswith(f"{what}:")), 0.0)
