"""Places under the limits: asked of Redis for a batch before it is rendered, so that no worker connects in vain.

Redis only proposes. Where it is away, Postgres is asked; whatever either says, the gate decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from app.db.pool import FOREVER
from app.domain.pacing import DAY, freed_at, slot_of
from app.pacing.reservations import Ask, Refusal, Scope, Settlement
from app.services import delivery, holds
from app.services.delivery import Due
from tasks.clock import instant

if TYPE_CHECKING:
    from tasks.runner import Runner

SCOPE_ORDER: Final = ("workspace_hour", "campaign_hour", "mailbox_day", "mailbox_hour")  # the gate's


class Places:
    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._worker = runner.worker
        self._lease = runner.lease
        self._campaign_limits: dict[UUID, int | None] = {}
        self._doubted = False  # the limits may have changed
        self._held: set[UUID] = set()  # campaigns whose lanes wait for their own limit

    @property
    def holder(self) -> str:
        """Under which name places are held: another lease, another name."""
        return f"{self._lease.mailbox_id}:{self._lease.fence}"

    def forget_limits(self) -> None:
        """A person may have changed the limit of a campaign."""
        self._doubted = True

    def scopes_of(self, campaign_id: UUID | None) -> list[Scope]:
        """The limited scopes that one message counts in, in the gate's order."""
        outlook, lease, window = self._runner.outlook(), self._lease, self._runner.window
        campaign_limit = self._campaign_limits.get(campaign_id) if campaign_id else None
        limits: list[tuple[str, UUID | None, int | None, float]] = [
            ("workspace_hour", lease.workspace_id, outlook.workspace_limit, window),
            ("campaign_hour", campaign_id, campaign_limit, window),
            ("mailbox_day", lease.mailbox_id, outlook.daily_limit, window * DAY),
            ("mailbox_hour", lease.mailbox_id, outlook.hourly_limit, window),
        ]
        return [Scope(kind, key, limit, span) for kind, key, limit, span in limits if limit is not None and key]

    async def reserve(self, found: list[Due], now: float) -> list[Due]:
        """Those of `found` that may go as far as anyone here knows; what may not is held back."""
        if not found:
            return []
        await self._learn_limits(found)
        possible = [message for message in found if not self._is_oversize(message)]
        scopes = list({scope for message in possible for scope in self.scopes_of(message.campaign_id)})
        scopes.sort(key=lambda scope: (SCOPE_ORDER.index(scope.kind), scope.id))
        if not scopes:
            return found
        asks = [Ask(message.recipient_count, message.campaign_id) for message in possible]
        answers = await self._worker.reservations.reserve(self._lease.workspace_id, self.holder, scopes, asks, now=now)
        if answers is None:
            return await self._without_redis(found, scopes)
        for refusal in {answer.scope: answer for answer in answers if answer is not None}.values():
            # Redis only proposes: whatever it remembers, nothing dispatched by now counts for longer than this.
            latest = freed_at(slot_of(now, refusal.scope.window), refusal.scope.window)
            await self.hold_back(msgspec.structs.replace(refusal, next_at=min(refusal.next_at, latest)))
        refused = {message.id for message, answer in zip(possible, answers, strict=True) if answer is not None}
        return [message for message in found if message.id not in refused]

    def _is_oversize(self, message: Due) -> bool:
        """It fits under no limit ever: the gate says so, and nobody waits behind it."""
        return any(message.recipient_count > scope.limit for scope in self.scopes_of(message.campaign_id))

    async def _without_redis(self, found: list[Due], scopes: list[Scope]) -> list[Due]:
        """Asks Postgres. The first message goes wherever there is room at all: the gate knows about the rest."""
        room: float = float("inf")
        for scope in scopes:
            if scope.is_campaign:
                continue
            used, next_at = await holds.headroom(self._worker.pool, scope.kind, scope.id, scope.limit, scope.window)
            if used >= scope.limit:
                await self.hold_back(Refusal(scope, next_at.timestamp()))
                return []
            room = min(room, scope.limit - used)
        kept, taken = found[:1], found[0].recipient_count
        for message in found[1:]:
            taken += message.recipient_count
            if taken > room:
                break
            kept.append(message)
        return kept

    async def _learn_limits(self, found: list[Due]) -> None:
        wanted = {message.campaign_id for message in found if message.campaign_id}
        # What is in hand was counted under the limits known: they stay known, but are read again.
        unknown = wanted | self._campaign_limits.keys() if self._doubted else wanted - self._campaign_limits.keys()
        self._doubted = False
        if unknown:
            limits = await delivery.campaign_limits(self._worker.pool, self._lease.workspace_id, [*unknown])
            self._campaign_limits.update({campaign_id: limits.get(campaign_id) for campaign_id in unknown})

    async def hold_back(self, refusal: Refusal) -> None:
        """A limit is reached: one row waits for it, not the messages."""
        until = min(refusal.next_at, FOREVER.timestamp() - 1)
        if refusal.scope.is_campaign:
            campaign_id = refusal.scope.id
            self._held.add(campaign_id)
            await holds.block_campaign(
                self._worker.pool, self._lease, campaign_id, until=instant(until), limit=refusal.scope.limit
            )
        else:
            await self._runner.block(until, refusal.scope.kind, limit=refusal.scope.limit)

    async def let_campaign_go(self, campaign_id: UUID | None) -> None:
        """Places came back, so a campaign's limit that they filled is not reached after all."""
        if campaign_id in self._held and campaign_id is not None:
            self._held.discard(campaign_id)
            now = instant(self._runner.clock.now())
            await holds.block_campaign(self._worker.pool, self._lease, campaign_id, until=now)

    async def went(self, message: Due, at: float) -> None:
        """Dispatched at `at`, seconds since the epoch."""
        await self._settle([message], dispatched_at=at)

    async def give_back(self, messages: list[Due]) -> None:
        """Places of messages that will not be tried now."""
        await self._settle(messages)

    async def refused(self, message: Due, refusal: Refusal) -> None:
        """The gate knew better: Redis is told until when the scope is full."""
        await self._settle([message], refusal=refusal)

    async def _settle(
        self, messages: list[Due], *, dispatched_at: float | None = None, refusal: Refusal | None = None
    ) -> None:
        ended: dict[Scope, int] = {}
        for message in messages:
            if self._is_oversize(message):
                continue  # it never had any
            for scope in self.scopes_of(message.campaign_id):
                ended[scope] = ended.get(scope, 0) + message.recipient_count
        if not ended:
            return
        settlements = [
            Settlement(
                scope,
                dispatched=0 if dispatched_at is None else places,
                ended=places,
                moment=dispatched_at or 0.0,
                closed_until=refusal.next_at if refusal is not None and refusal.scope == scope else 0.0,
            )
            for scope, places in ended.items()
        ]
        await self._worker.reservations.settle(self._lease.workspace_id, self.holder, settlements)
