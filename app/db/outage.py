"""What psycopg raises where the database does not answer, so that the doors above need not know psycopg."""

from __future__ import annotations

from typing import Final

import psycopg
from psycopg_pool import PoolClosed, PoolTimeout, TooManyRequests

# OperationalError covers lost connections, a server that starts or stops, and statements cut off by a timeout.
UNAVAILABLE: Final[tuple[type[Exception], ...]] = (psycopg.OperationalError, PoolTimeout, PoolClosed, TooManyRequests)
