"""The pool of Postgres connections: autocommit, dict rows, UTC, JSON by msgspec."""

from __future__ import annotations

import select
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

import msgspec
import psycopg
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Loader
from psycopg.pq import Format
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool

from app.settings import Settings

Conn: TypeAlias = psycopg.AsyncConnection[DictRow]
Pool: TypeAlias = AsyncConnectionPool[Conn]

FOREVER: Final = datetime.max.replace(tzinfo=UTC)  # until a person says otherwise
NEVER: Final = datetime.min.replace(tzinfo=UTC)

# psycopg's own loader, in C where the wheel has it: a subclass of it would be bypassed, so it is called.
_FINITE: Final = psycopg.adapters.get_loader(psycopg.adapters.types["timestamptz"].oid, Format.TEXT) or Loader


class InfinityLoader(Loader):
    """Reads timestamptz, with Postgres's `infinity` as FOREVER and `-infinity` as NEVER."""

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        self._finite = _FINITE(oid, context)

    def load(self, data: Buffer) -> datetime:
        if data[0] == 0x69:
            return FOREVER
        if data[0] == 0x2D:
            return NEVER
        moment: datetime = self._finite.load(data)
        return moment


async def configure(conn: psycopg.AsyncConnection[Any]) -> None:
    conn.adapters.register_loader("timestamptz", InfinityLoader)
    set_json_dumps(msgspec.json.encode, conn)
    set_json_loads(msgspec.json.decode, conn)


def make_pool(settings: Settings, *, name: str, min_size: int, max_size: int, checked: bool = False) -> Pool:
    """A closed pool; open it with `async with`. Statements are prepared after their second use.

    With `checked` nobody is handed a connection that Postgres has closed meanwhile, such as all of them after it was
    restarted. A round trip for each time would be a quarter of those that taking a message costs, so it is made only
    where the socket has something to say: an idle connection is silent until its end.
    """

    async def check(conn: Conn) -> None:
        if _is_silent(conn.fileno()):
            return
        try:
            await pool.check_connection(conn)
        except psycopg.Error:
            # Where one is stale more are, and the pool would wait ever longer before it tried the next.
            await pool.check()
            raise

    pool: Pool = AsyncConnectionPool(
        settings.database_url,
        connection_class=psycopg.AsyncConnection[DictRow],
        kwargs={"row_factory": dict_row, **session(name)},
        configure=configure,
        check=check if checked else None,
        min_size=min_size,
        max_size=max_size,
        timeout=10.0,
        max_idle=120.0,
        # The delays between tries double: after a long outage it would wait about as long once more. So it gives up
        # soon, and the next who asks makes it try at once.
        reconnect_timeout=3.0,
        open=False,
    )
    return pool


def _is_silent(socket: int) -> bool:
    """Whether nothing is there to read, no end and no error either."""
    poll = select.poll()
    poll.register(socket, select.POLLIN)
    return not poll.poll(0)


def session(name: str) -> dict[str, Any]:
    """Connection arguments that every connection of Paceline shares."""
    return {
        "autocommit": True,
        "prepare_threshold": 2,
        "application_name": f"paceline {name}",
        # A peer that vanished without a word is noticed in about 20 s instead of hours.
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 2,
        "connect_timeout": 10,
        # Every statement here is short: compiling one costs more than running it.
        "options": "-c timezone=UTC -c jit=off -c statement_timeout=60s -c idle_in_transaction_session_timeout=10s",
    }


async def connect(settings: Settings, *, name: str) -> Conn:
    """One connection of its own, for LISTEN and the like."""
    conn = await psycopg.AsyncConnection.connect(settings.database_url, row_factory=dict_row, **session(name))
    await configure(conn)
    return conn
