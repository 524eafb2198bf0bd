"""The gate of a worker for what nothing counts: mailboxes of a workspace that ask meanwhile share the next commit."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from app.db.coalescing import Coalescer
from app.db.outage import REFUSED
from app.db.pool import Pool
from app.services import delivery
from app.services.delivery import Due, Verdict
from app.services.leases import Lease

MOST: Final = 200  # messages in one commit
AT_ONCE: Final = 2  # commits of one workspace: while one is flushed the other is worked out

Ask = tuple[Lease, Sequence[Due]]
Answer = tuple[Mapping[UUID, Verdict], float]  # and the monotonic time at which the database was asked


class Gates:
    def __init__(self, pool: Pool, *, window: float) -> None:
        """`window`: seconds of an hour."""
        self._pool = pool
        self._window = window
        self._together = Coalescer(
            self._pass,
            most=MOST,
            size=lambda ask: len(ask[1]),
            at_once=AT_ONCE,
            # A gate that has committed must never be asked again: it would not know its own messages.
            is_undone=lambda error: isinstance(error, REFUSED),
        )

    async def ask(self, lease: Lease, offers: Sequence[Due]) -> Answer:
        """The verdict on each of `offers`; `counted` where gate() is to be asked. A mailbox asks one at a time."""
        return await self._together.ask(lease.workspace_id, (lease, offers))

    async def _pass(self, _workspace_id: UUID, asks: Sequence[Ask]) -> Sequence[Answer]:
        asked = time.monotonic()
        offers = [(lease, offer) for lease, offers in asks for offer in offers]
        verdicts = await delivery.gate_unlimited(self._pool, window=self._window, offers=offers)
        return [(verdicts, asked)] * len(asks)
