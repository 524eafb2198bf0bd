"""Named points of the worker at which a fault test may strike. Only PACELINE_FAILPOINTS arms them.

`gate.committed=kill@25,record.asked=stop`: at its 25th passage of `gate.committed` the process kills itself by SIGKILL;
at the first of `record.asked` it stops itself with SIGSTOP. `fail` raises instead.
"""

from __future__ import annotations

import os
import signal
from typing import Final

from app.errors import ConfigurationError

POINTS: Final = (
    "lease.taken",  # committed; nothing claimed yet
    "claim.read",  # a batch is read
    "places.reserved",  # Redis has granted
    "offer.connected",  # signed in, nothing offered
    "offer.done",  # the server has the body, without the dot
    "gate.asked",  # just before the gate's query
    "gate.committed",  # booked; the dot not written
    "dot.written",  # in doubt until the reply
    "reply.read",  # the server has answered; nothing recorded
    "record.asked",  # just before the outcomes are written
    "record.committed",  # written
    "lease.released",
)
WEBHOOK_POINTS: Final = ("webhook.answered",)  # a receiver has answered; nothing recorded
_NAMES: Final = POINTS + WEBHOOK_POINTS
ACTIONS: Final = ("kill", "stop", "fail")


class Struck(Exception):
    """A failpoint with the action `fail`."""


_armed: dict[str, tuple[str, int]] = {}


def arm(text: str) -> None:
    """Raises ConfigurationError for a name or action that is none."""
    _armed.clear()
    for part in filter(None, (word.strip() for word in text.split(","))):
        name, _, rest = part.partition("=")
        action, _, count = rest.partition("@")
        if name not in _NAMES or action not in ACTIONS or not (count or "1").isdigit():
            raise ConfigurationError(f"PACELINE_FAILPOINTS has {part!r}: write one of {_NAMES} as name=kill@25.")
        _armed[name] = (action, int(count or "1"))


def passing(name: str) -> None:
    """Marks a passage. Costs a dictionary look-up where nothing is armed."""
    if name not in _armed:
        return
    action, left = _armed[name]
    if left > 1:
        _armed[name] = (action, left - 1)
        return
    del _armed[name]
    if action == "fail":
        raise Struck(name)
    os.kill(os.getpid(), signal.SIGKILL if action == "kill" else signal.SIGSTOP)
