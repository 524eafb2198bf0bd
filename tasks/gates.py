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
from tasks.connections import PATIENCE, Connections

MOST: Final = 200  # messages in one commit
Ask = tuple[Lease, Sequence[Due], int]  # for how many messages of others it waits
Answer = tuple[Mapping[UUID, Verdict], float]  # and the monotonic time at which the database was asked


class Gates:
    def __init__(self, pool: Pool, *, window: float, connections: Connections) -> None:
        """`window`: seconds of an hour."""
        self._connections = connections
        self._pool = pool
        self._window = window
        self._together = Coalescer(
            self._pass,
            most=MOST,
            size=lambda ask: len(ask[1]),
            # A gate that has committed must never be asked again: it would not know its own messages.
            is_undone=lambda error: isinstance(error, REFUSED),
            enough=lambda ask: ask[2],
            patience=PATIENCE,
        )

    async def ask(self, lease: Lease, offers: Sequence[Due], *, connected: int) -> Answer:
        """The verdict on each of `offers`; `counted` where gate() is to be asked. A mailbox asks one at a time.

        `connected`: connections of the mailbox itself, for which nobody waits here.
        """
        others = self._connections.worth_waiting_for(but=connected)
        return await self._together.ask(lease.workspace_id, (lease, offers, others))

    async def _pass(self, _workspace_id: UUID, asks: Sequence[Ask]) -> Sequence[Answer]:
        asked = time.monotonic()
        offers = [(lease, offer) for lease, offers, _ in asks for offer in offers]
        verdicts = await delivery.gate_unlimited(self._pool, window=self._window, offers=offers)
        return [(verdicts, asked)] * len(asks)
