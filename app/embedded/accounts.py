"""Whom a server runs as that refuses to be root (Postgres does)."""

from __future__ import annotations

import os
import pwd
import sys
from pathlib import Path
from typing import Final, NamedTuple

from app.errors import ConfigurationError

CANDIDATES: Final = ("postgres", "pgserver", "nobody")
CAP_DAC_OVERRIDE: Final = 1  # passes every file permission; Docker leaves this one to root
CAP_DAC_READ_SEARCH: Final = 2  # only reads and enters, so preferred


class Account(NamedTuple):
    uid: int
    gid: int
    capability: int  # kept to enter folders closed to this account; -1: none


def unprivileged(owned: Path, needed: tuple[Path, ...]) -> Account | None:
    """The account for a server whose data is `owned` and which must reach `needed`; None when we are not root.

    Changes nothing on the machine: no account is made, no folder of the user's is opened. Raises ConfigurationError
    when a folder on the way is closed and root may not lend the right to pass.
    """
    if os.geteuid() != 0:
        return None
    entry = _entry(owned)
    closed = [folder for path in needed for folder in (path, *path.parents) if not _enters(entry, folder)]
    if not closed:
        return Account(entry.pw_uid, entry.pw_gid, -1)
    capability = _lendable()
    if capability is None:
        raise ConfigurationError(
            f"Postgres will not run as root, and the user {entry.pw_name} that it runs as may not enter {closed[0]}: "
            f"`chmod o+x {closed[0]}`, choose another --data-dir, or run as a user of your own."
        )
    return Account(entry.pw_uid, entry.pw_gid, capability)


def _entry(owned: Path) -> pwd.struct_passwd:
    if owned.exists() and owned.stat().st_uid != 0:
        return pwd.getpwuid(owned.stat().st_uid)  # who made the data keeps it
    for name in CANDIDATES:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ConfigurationError("Postgres will not run as root, and there is no user `nobody`: run as a user of your own.")


def _enters(entry: pwd.struct_passwd, folder: Path) -> bool:
    status = folder.stat()
    if status.st_uid == entry.pw_uid:
        return bool(status.st_mode & 0o100)
    return bool(status.st_mode & (0o010 if status.st_gid == entry.pw_gid else 0o001))


def _lendable() -> int | None:
    if sys.platform != "linux":
        return None
    lines = Path("/proc/self/status").read_text().splitlines()
    permitted = next(int(line.split()[1], 16) for line in lines if line.startswith("CapPrm:"))
    return next((c for c in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE) if permitted >> c & 1), None)
