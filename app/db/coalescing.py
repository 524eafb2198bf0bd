"""Questions to the database asked together: a busy process pays one transaction for many callers, an idle one waits for
nobody.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextvars import Context
from typing import Final, Generic, TypeVar

from app.db.outage import UNAVAILABLE

K = TypeVar("K", bound=Hashable)
I = TypeVar("I")  # noqa: E741  # an item
A = TypeVar("A")

MOST: Final = 100  # items of one question


class Coalescer(Generic[K, I, A]):
    """Collects what is asked under a key while the last question under it is on its way, then asks it all at once.

    `work(key, items)` answers in their order, with an exception in the place of an item that it refuses. Where it
    raises for several items what `is_undone` knows as a question of which nothing was done, each is asked by itself, so
    that nobody suffers for another; else all are told, since nobody knows what became of them.
    """

    def __init__(
        self,
        work: Callable[[K, Sequence[I]], Awaitable[Sequence[A | Exception]]],
        *,
        most: int = MOST,
        size: Callable[[I], int] = lambda _: 1,
        at_once: int = 1,
        is_undone: Callable[[Exception], bool] = lambda error: not isinstance(error, UNAVAILABLE),
        enough: Callable[[I], int] = lambda _: 0,
        patience: float = 0.0,
    ) -> None:
        """A question is full once the sizes of its items come to `most`. `at_once`: questions of one key under way.

        `enough`: for which size a question waits by its first item, `patience` seconds at the longest. Work that goes
        without a transaction, or may fail after its commit, says more strictly what `is_undone`.
        """
        self._work = work
        self._most = most
        self._size = size
        self._at_once = at_once
        self._is_undone = is_undone
        self._waiting: dict[K, deque[tuple[I, asyncio.Future[A]]]] = {}  # of a key that is asked under
        self._under_way: dict[K, int] = {}
        self._enough = enough
        self._patience = patience
        self._gathering: dict[K, tuple[int, asyncio.Future[None]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, key: K, item: I) -> A:
        """The answer to one item. Whoever is cancelled meanwhile does not stop what was begun."""
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, deque()).append((item, answer))
        if key in self._gathering:
            wanted, gathered = self._gathering[key]
            if self._sizes(key) >= wanted and not gathered.done():
                gathered.set_result(None)
        if self._under_way.get(key, 0) < self._at_once:
            self._under_way[key] = self._under_way.get(key, 0) + 1
            # It works for many: what the logs say of one caller is not for it.
            task = asyncio.create_task(self._serve(key), context=Context())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await answer

    async def _serve(self, key: K) -> None:
        """Asks as long as somebody waits."""
        try:
            while waiting := self._waiting[key]:
                await self._gather(key, self._enough(waiting[0][0]))
                if not waiting:  # another one that serves this key has asked for them
                    continue
                asked, size = [waiting.popleft()], 0
                while waiting and (size := size + self._size(asked[-1][0])) < self._most:
                    asked.append(waiting.popleft())
                await self._ask_together(key, asked)
        finally:
            self._under_way[key] -= 1
            if not self._under_way[key]:
                del self._under_way[key]
                for _, answer in self._waiting.pop(key):
                    answer.cancel()  # as this task was

    async def _gather(self, key: K, wanted: int) -> None:
        if key in self._gathering or self._sizes(key) >= wanted:
            return
        loop = asyncio.get_running_loop()
        gathered: asyncio.Future[None] = loop.create_future()
        self._gathering[key] = wanted, gathered
        try:
            async with asyncio.timeout(self._patience):
                await gathered
        except TimeoutError:
            pass
        finally:
            del self._gathering[key]

    def _sizes(self, key: K) -> int:
        return sum(self._size(item) for item, _ in self._waiting[key])

    async def _ask_together(self, key: K, asked: Sequence[tuple[I, asyncio.Future[A]]]) -> None:
        try:
            answers = await self._answers(key, [item for item, _ in asked])
            for (_, future), answer in zip(asked, answers, strict=True):
                _settle(future, answer)
        finally:
            for _, future in asked:
                future.cancel()  # of those that are left, as of this task

    async def _answers(self, key: K, items: Sequence[I]) -> Sequence[A | Exception]:
        try:
            return await self._work(key, items)
        except Exception as error:
            if len(items) == 1 or not self._is_undone(error):
                return [error] * len(items)
            return [(await self._answers(key, [item]))[0] for item in items]


def _settle(future: asyncio.Future[A], answer: A | Exception) -> None:
    if future.done():  # whoever asked has gone
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
