"""What a runner has in hand: messages that were read a little ahead and hold their places, in order, until they go."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from app.domain.lateness import is_late
from app.services import claims, delivery
from app.services.delivery import Due, Look
from tasks import failpoints
from tasks.clock import instant

if TYPE_CHECKING:
    from tasks.runner import Runner


class Hand:
    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._worker = runner.worker
        self._lease = runner.lease
        self._pending: deque[Due] = deque()
        self._turned: dict[UUID, int | None] = {}  # by message under way, the lane that has closed; None: the mailbox
        self._shut: set[int | None] = set()  # what is in hand of these goes back

    def __len__(self) -> int:
        return len(self._pending)

    @property
    def first(self) -> Due:
        return self._pending[0]

    @property
    def is_shutting(self) -> bool:
        """A lane has closed and what is in hand of it has not been put down yet."""
        return bool(self._shut)

    def take(self) -> Due:
        """The first, which goes to a connection."""
        return self._pending.popleft()

    def add(self, messages: Iterable[Due]) -> None:
        """Messages that hold their places."""
        self._pending = deque(sorted([*self._pending, *messages], key=lambda message: message.order))

    async def look(self, now: float, *, ahead: float, busy: Sequence[UUID]) -> tuple[list[Due], bool]:
        """What is due within `ahead` seconds, but for `busy` and what is in hand as it is; whether that is all."""
        look = Look(self._lease, instant(now), instant(now + ahead), busy, [*self._pending])
        found, is_all = await claims.due(self._worker.pool, look)
        failpoints.passing("claim.read")
        return found, is_all

    async def receive(self, found: list[Due], now: float) -> None:
        """Takes in what was found, as far as it may go and there are places: the first of all that wait have them."""
        # One that was in hand may have gone to a connection meanwhile.
        found = [message for message in found if message.id not in self._runner.under_way]
        if not found:
            return
        await self._put_down_older({message.id for message in found})
        found = await self._runner.openings.admit(await self._without_late(found))
        found = await self._with_later(found)
        granted = await self._runner.places.reserve(found, now)
        failpoints.passing("places.reserved")
        await self._worker.messages.load(self._lease.workspace_id, {message.content_id for message in granted})
        self.add(granted)

    async def _without_late(self, found: list[Due]) -> list[Due]:
        """Sets aside what a downtime made late and whose policy is not to send it then."""
        after = timedelta(seconds=self._runner.outlook().late_after_seconds)
        spans, openings = self._worker.downtimes, self._runner.openings
        late = [
            message.id
            for message in found
            if message.late_policy != "send" and is_late(openings.first_chance(message), spans, after=after)
        ]
        if not late:
            return found
        await delivery.set_late(self._worker.pool, self._lease, late)
        self._worker.recorder.changed(self._lease.workspace_id)
        return [message for message in found if message.id not in late]

    async def passes_over(self, now: float, *, busy: Sequence[UUID]) -> bool:
        """Whether something waits whose turn is before the last in hand: that came, or was let go, since."""
        if not self._pending:
            return False
        last = self._pending[-1]
        found = await delivery.due(
            self._worker.pool,
            self._lease,
            now=instant(now),
            until=last.due_at,
            limit=1,
            busy=busy,
            held=[*self._pending],
        )
        return bool(found) and found[0].order < last.order

    async def _with_later(self, found: list[Due]) -> list[Due]:
        """`found`, and what is in hand that comes after the first of it: those ask for places together, in order."""
        later = [message for message in self._pending if found and message.order > found[0].order]
        if not later:
            return found
        self._pending = deque(message for message in self._pending if message.order < found[0].order)
        await self._runner.places.give_back(later)
        return sorted([*found, *later], key=lambda message: message.order)

    # What goes back

    async def put_down(self) -> None:
        """All that is not under way yet: it would only go in vain."""
        pending, self._pending = self._pending, deque()
        await self._runner.places.give_back([*pending])

    async def _put_down_older(self, changed: set[UUID]) -> None:
        """What is in hand as it was before a person moved or edited it."""
        older = [message for message in self._pending if message.id in changed]
        if older:
            self._pending = deque(message for message in self._pending if message.id not in changed)
            await self._runner.places.give_back(older)

    def turned_away(self, message: Due, lane_id: int | None) -> None:
        """The lane, or with None the whole mailbox, was closed when the message came to the gate. Nothing that is in
        hand, or is read before the message can be read again, overtakes it."""
        self._shut.add(lane_id)
        self._turned[message.id] = lane_id

    def over(self, email_id: UUID) -> bool:
        """The message is not under way any more. True: it was turned away, and what was read without it goes back."""
        if email_id not in self._turned:
            return False
        self._shut.add(self._turned.pop(email_id))
        return True

    async def put_down_shut(self) -> None:
        """What is of a lane that has closed."""
        while self._shut:
            shut, self._shut = self._shut, set()
            kept, down = deque[Due](), list[Due]()
            for message in self._pending:
                (down if shut & {None, message.lane_id} else kept).append(message)
            self._pending = kept
            await self._runner.places.give_back(down)
