"""Questions to the database asked together: a busy process pays one transaction for many callers, an idle one waits for
nobody.
"""

from __future__ import annotations

import asyncio
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
    raises for several items, each is tried by itself, so that nobody suffers for another; not so where the database is
    away, since then nobody knows what became of them.
    """

    def __init__(self, work: Callable[[K, Sequence[I]], Awaitable[Sequence[A | Exception]]]) -> None:
        self._work = work
        self._waiting: dict[K, list[tuple[I, asyncio.Future[A]]]] = {}
        self._asking: set[asyncio.Task[None]] = set()

    async def ask(self, key: K, item: I) -> A:
        """The answer to one item. Whoever is cancelled meanwhile does not stop what was begun."""
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        if key in self._waiting:
            self._waiting[key].append((item, answer))
        else:
            self._waiting[key] = [(item, answer)]
            # It works for many: what the logs say of one caller is not for it.
            task = asyncio.create_task(self._ask_all(key), context=Context())
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)
        return await answer

    async def _ask_all(self, key: K) -> None:
        """Until nobody waits."""
        asked: list[tuple[I, asyncio.Future[A]]] = []
        try:
            while self._waiting[key]:
                asked, self._waiting[key] = self._waiting[key][:MOST], self._waiting[key][MOST:]
                for (_, future), answer in zip(
                    asked, await self._answers(key, [item for item, _ in asked]), strict=True
                ):
                    _settle(future, answer)
        finally:
            for _, future in [*asked, *self._waiting.pop(key)]:
                future.cancel()  # of those that are left, as of this task

    async def _answers(self, key: K, items: Sequence[I]) -> Sequence[A | Exception]:
        try:
            return await self._work(key, items)
        except UNAVAILABLE as error:
            return [error] * len(items)
        except Exception as error:
            if len(items) == 1:
                return [error]
            return [(await self._answers(key, [item]))[0] for item in items]


def _settle(future: asyncio.Future[A], answer: A | Exception) -> None:
    if future.done():  # whoever asked has gone
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
