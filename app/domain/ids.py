"""Identifiers: UUID version 7 (RFC 9562, 5.7), so that keys are made without a round trip and sort by creation."""

from __future__ import annotations

import secrets
import time
import uuid
from datetime import datetime
from threading import Lock

_lock = Lock()
_last = 0  # the last 60 bits handed out: 48 of milliseconds, 12 of sub-millisecond time


def new_id() -> uuid.UUID:
    """A new UUIDv7. Within one process each is greater than the one before (RFC 9562, 6.2, method 3)."""
    return new_ids(1)[0]


def first_id(at: datetime) -> uuid.UUID:
    """No id made from this moment on is below this one, and none made before it above."""
    milliseconds = max(0, int(at.timestamp() * 1000))
    return uuid.UUID(int=milliseconds << 80 | 0x7000 << 64 | 0x8000_0000_0000_0000)


def new_ids(count: int) -> list[uuid.UUID]:
    """`count` new ids in increasing order."""
    global _last
    with _lock:
        # 12 bits of a millisecond are steps of 244 ns; a burst runs ahead of the clock by as much.
        first = max(time.time_ns() * 4096 // 1_000_000, _last + 1)
        _last = first + count - 1
    rand = secrets.token_bytes(8 * count)
    return [
        uuid.UUID(
            int=(n >> 12) << 80
            | 0x7000 << 64
            | (n & 0xFFF) << 64
            | 0x8000_0000_0000_0000
            | int.from_bytes(rand[8 * i : 8 * i + 8], "big") & 0x3FFF_FFFF_FFFF_FFFF
        )
        for i, n in enumerate(range(first, first + count))
    ]
