"""Waiting for a condition instead of for luck."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")

PAUSE = 0.01  # seconds between two looks
PATIENCE = 30.0  # seconds; only a failure waits so long, and a loaded machine may need them


@overload
async def wait_until(condition: Callable[[], Awaitable[T]], timeout: float = PATIENCE, *, what: str = "") -> T: ...
@overload
async def wait_until(condition: Callable[[], T], timeout: float = PATIENCE, *, what: str = "") -> T: ...
async def wait_until(condition: Callable[[], Any], timeout: float = PATIENCE, *, what: str = "") -> Any:
    """The first truthy value of `condition` (plain or async). Raises AssertionError after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        result = await value if inspect.isawaitable(value) else value
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout:g} s: {what or inspect.getsource(condition).strip()}")
        await asyncio.sleep(PAUSE)


def wait_until_sync(condition: Callable[[], T], timeout: float = PATIENCE, *, what: str = "") -> T:
    """The same for tests without an event loop."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout:g} s: {what or inspect.getsource(condition).strip()}")
        time.sleep(PAUSE)
