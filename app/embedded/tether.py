"""Execs a command that ends with its parent, and that runs as somebody else if asked.

    python -I -S tether.py PARENT SIGNAL [UID GID CAPABILITY] -- COMMAND ...

A script of its own: it imports nothing of Paceline, so that it costs a few milliseconds. On Linux the kernel
sends SIGNAL when the parent dies, even by kill -9 (prctl(2), PR_SET_PDEATHSIG). Elsewhere there is no such thing; the
next `paceline up` ends what was left.

CAPABILITY is a number of capabilities(7), or -1. A server that refuses to be root keeps just this one, to enter folders
that only root may enter; without it somebody's home would have to be opened to everyone.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAPABILITY_VERSION_3 = 0x20080522


def main(argv: list[str]) -> None:
    """Never returns: either this process becomes the command, or it ends."""
    split = argv.index("--")
    parent, signal, *account = (int(value) for value in argv[:split])
    if account:
        _become(*account)
    if sys.platform == "linux":
        _prctl(PR_SET_PDEATHSIG, signal)  # after setuid, which clears it
    if os.getppid() != parent:
        sys.exit(0)  # the parent died before the kernel could be asked
    os.umask(0o077)
    os.execv(argv[split + 1], argv[split + 1 :])  # noqa: S606  # a shell would be in the way


def _become(uid: int, gid: int, capability: int) -> None:
    if capability >= 0:
        _prctl(PR_SET_KEEPCAPS, 1)
    os.setgroups([gid])
    os.setgid(gid)
    os.setuid(uid)
    if capability >= 0:
        _keep_only(capability)


def _keep_only(capability: int) -> None:
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    mask = 1 << capability
    sets = (ctypes.c_uint32 * 6)(
        mask, mask, mask, 0, 0, 0
    )  # effective, permitted, inheritable; low words, then high ones
    _check(ctypes.CDLL(None, use_errno=True).capset(header, sets), "capset")
    _prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability)  # survives exec


def _prctl(option: int, *arguments: int) -> None:
    values = [ctypes.c_ulong(value) for value in (*arguments, 0, 0, 0, 0)][:4]
    _check(ctypes.CDLL(None, use_errno=True).prctl(option, *values), "prctl")


def _check(result: int, call: str) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{call}: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    main(sys.argv[1:])
