"""LISTEN on a connection of its own that comes back by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import psycopg
from psycopg import sql

from app.db.pool import connect
from app.settings import Settings

RETRY = 1.0  # seconds between attempts to connect


async def listen(
    settings: Settings, channel: str, on_payload: Callable[[str], None], on_connect: Callable[[], None]
) -> None:
    """Calls `on_payload` for each notification until cancelled.

    `on_connect` is called whenever a connection starts to listen: what was said before went unheard.
    """
    while True:
        try:
            async with await connect(settings, name=f"listen {channel}") as conn:
                await conn.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
                on_connect()
                async for notification in conn.notifies():
                    on_payload(notification.payload)
        except psycopg.OperationalError:
            pass
        await asyncio.sleep(RETRY)
