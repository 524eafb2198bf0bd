"""When Python's collector of cycles looks at everything: seldom, and at a time of ours.

By itself it does so again and again while the number of objects grows, and stops the process each time for as long as
it takes to look at all of them: half a second where thousands of mailboxes are run, within which nothing is sent. What
has no cycles, which is nearly everything here, is freed at once in any case, and young cycles are found as before.
"""

from __future__ import annotations

import asyncio
import gc
from typing import Final

YOUNG: Final = 2_000  # objects more than before, until the youngest are looked at
OLDER: Final = 10  # looks at those, until the middle-aged are looked at too
NEVER: Final = 1_000_000_000  # looks at these: all others are `sweep`'s
EVERY: Final = 600.0  # seconds


def put_off() -> None:
    """What was loaded until now stays for good and is looked at no more; the old are left to `sweep`."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, OLDER, NEVER)


async def sweep() -> None:
    """Looks at everything that came since `put_off` now and then; runs until cancelled."""
    while True:
        await asyncio.sleep(EVERY)
        gc.collect()
