"""When a message that the server did not take for now is tried again. Pure: chance comes in as an argument."""

from __future__ import annotations

from typing import Final

FIRST: Final = 60.0  # seconds; greylisting servers take a message after one to five minutes
FACTOR: Final = 2.5
LONGEST: Final = 4 * 3600.0  # seconds
SPREAD: Final = 0.2  # each delay varies by this share, so that what failed together does not come back together
LIFETIME: Final = 24 * 3600.0  # seconds from the first attempt; mail that is a day late is better reported than sent


def delay(attempt: int, *, jitter: float) -> float:
    """Seconds to wait after the `attempt`-th failure (from 1). `jitter`, in 0..1, is the caller's random number."""
    if attempt < 1 or not 0.0 <= jitter <= 1.0:
        raise ValueError("attempt counts from 1 and jitter lies in 0..1")
    steps = min(attempt - 1, 16)  # far beyond LONGEST; keeps the power finite
    return float(min(FIRST * FACTOR**steps, LONGEST)) * (1.0 + SPREAD * (2.0 * jitter - 1.0))


def next_delay(attempt: int, *, age: float, jitter: float, lifetime: float = LIFETIME) -> float | None:
    """Seconds until the next attempt, or None if the message's life ends first.

    `age`: seconds since the first attempt. The last attempt is moved up to the end of its life.
    """
    left = lifetime - age
    wait = delay(attempt, jitter=jitter)
    if wait <= left:
        return wait
    return left if left >= FIRST else None
