"""What tests of the sending path share: a server that takes mail, a workspace that sends it, a look at what came."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

import pytest

from app.db.pool import Pool
from app.settings import Settings
from tests.support.mailroom import Mailroom
from tests.support.smtp_server import Received, SmtpServer


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    """A server that takes everything until told otherwise."""
    with SmtpServer() as server:
        yield server


@pytest.fixture
async def room(pool: Pool, settings: Settings) -> Mailroom:
    """A workspace without limits."""
    return await Mailroom.open(pool, settings)


async def arrived(smtp: SmtpServer, count: int, timeout: float = 60.0) -> list[Received]:
    """Waits until `count` messages were accepted; all of them in the order of their dots."""
    return await asyncio.to_thread(smtp.wait_for, count, timeout)


def addresses(messages: Iterable[Received]) -> list[str]:
    return [message.recipients[0] for message in messages]


def most_within(messages: Iterable[Received], seconds: float) -> int:
    """The most recipients served in any `seconds`, wherever they begin, by the server's monotonic clock.

    As many as that for certain: a dot may have come somewhat before a busy server saw it.
    """
    came = sorted((message.monotonic, message.earliest) for message in messages for _ in message.recipients)
    most = start = 0
    for end, (seen, _) in enumerate(came):
        while seen - came[start][1] >= seconds:
            start += 1
        most = max(most, end - start + 1)
    return most
