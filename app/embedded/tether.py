"""Execs a command that ends with its parent, and that runs as somebody else if asked.

    python -I -S tether.py PARENT SIGNAL GRACE [UID GID CAPABILITY] -- COMMAND ...

A script of its own: it imports nothing of Paceline, so that it costs a few milliseconds. On Linux the kernel
sends SIGNAL when the parent dies, even by kill -9 (prctl(2), PR_SET_PDEATHSIG). A command that hangs does not heed it:
with a GRACE above 0 another process waits for the parent's end, and as many seconds later kills what is left of the
command's process group. Elsewhere there is no such thing; the next `paceline up` ends what was left.

CAPABILITY is a number of capabilities(7), or -1. A server that refuses to be root keeps just this one, to enter folders
that only root may enter; without it somebody's home would have to be opened to everyone.
"""

import ctypes
import itertools
import os
import select
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAPABILITY_VERSION_3 = 0x20080522


def main(argv: list[str]) -> None:
    """Never returns: either this process becomes the command, or it ends."""
    split = argv.index("--")
    parent, number, grace, *account = (int(value) for value in argv[:split])
    if sys.platform == "linux" and grace > 0:
        _watch(parent, grace)  # before setuid: who watches may kill whoever the command becomes
    if account:
        _become(*account)
    if sys.platform == "linux":
        _prctl(PR_SET_PDEATHSIG, number)  # after setuid, which clears it
    if os.getppid() != parent:
        sys.exit(0)  # the parent died before the kernel could be asked
    os.umask(0o077)
    os.execv(argv[split + 1], argv[split + 1 :])  # noqa: S606  # a shell would be in the way


def _watch(parent: int, grace: int) -> None:
    """Leaves a process behind that ends with the command, or ends the command."""
    try:
        ends = [os.pidfd_open(pid) for pid in (parent, os.getpid())]  # these processes, whoever has their numbers later
    except OSError:
        return  # the parent is dead already, which `main` sees, or the kernel is older than 5.3
    command = os.getpid()
    if os.fork() != 0:
        for end in ends:
            os.close(end)
        return
    os.setsid()  # a signal to the command's group, or Ctrl-C, is not for this one
    os.chdir("/")
    # Sockets, logs and pipes that somebody reads are the command's alone.
    held = [-1, *sorted(ends), max(int(name) for name in os.listdir("/proc/self/fd")) + 1]  # noqa: PTH208  # no pathlib
    for before, after in itertools.pairwise(held):
        os.closerange(before + 1, after)
    command_end = ends[1]
    select.select(ends, [], [])
    if not select.select([command_end], [], [], 0)[0] and not select.select([command_end], [], [], grace)[0]:
        try:
            signal.pidfd_send_signal(command_end, signal.SIGKILL)
            os.killpg(command, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
    os._exit(0)


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
