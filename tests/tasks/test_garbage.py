"""The collector of cycles: the young at once, the old now and then."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from tasks import garbage
from tests.support.waiting import wait_until


class Node:
    """In a cycle with itself."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def put_off() -> Iterator[None]:
    before = gc.get_threshold()
    garbage.put_off()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


@pytest.mark.usefixtures("put_off")
def test_growth_alone_never_has_everything_looked_at() -> None:
    before = [generation["collections"] for generation in gc.get_stats()]
    kept = [[i] for i in range(garbage.YOUNG * (garbage.OLDER + 1) * 20)]
    after = [generation["collections"] for generation in gc.get_stats()]
    assert after[0] > before[0]
    assert after[1] > before[1]
    assert after[2] == before[2]
    assert kept


@pytest.mark.usefixtures("put_off")
async def test_the_sweep_frees_what_grew_old_in_a_cycle(monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node()
    gc.collect(1)
    gone = weakref.ref(node)
    del node
    gc.collect(1)
    assert gone() is not None, "it is old"
    monkeypatch.setattr(garbage, "EVERY", 0.01)
    sweeping = asyncio.create_task(garbage.sweep())
    await wait_until(lambda: gone() is None)
    sweeping.cancel()
