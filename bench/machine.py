"""What a run was made on."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from app.embedded.postgres import _binaries
from app.embedded.redis import find_binary
from bench.ground import ROOT

PACKAGES: Final = ("litestar", "uvicorn", "procrastinate", "psycopg", "redis", "msgspec", "aiosmtplib", "uvloop")


def machine() -> dict[str, Any]:
    return {
        "processor": _field("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory_gb": round(int(_field("/proc/meminfo", "MemTotal").split()[0]) / 2**20, 1),
        "system": f"{platform.system()} {platform.release()}",
        "loads": [round(load, 2) for load in os.getloadavg()],
    }


def versions() -> dict[str, str]:
    """Of us, of the servers and of the libraries on the way."""
    return {
        "paceline": _said(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]) or version("paceline"),
        "python": platform.python_version(),
        "postgres": _said([str(_binaries() / "postgres"), "--version"]),
        "redis-server": _said([find_binary(), "--version"]),
        **{name: version(name) for name in PACKAGES},
    }


def _field(path: str, name: str) -> str:
    for line in Path(path).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "unknown"


def _said(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
