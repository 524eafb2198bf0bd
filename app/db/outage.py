"""What psycopg raises where the database does not answer, so that the doors above need not know psycopg."""

from __future__ import annotations

from typing import Final

import psycopg
from psycopg_pool import PoolClosed, PoolTimeout, TooManyRequests

# OperationalError covers lost connections, a server that starts or stops, and statements cut off by a timeout. A server
# that reads only is one in the middle of a failover or of maintenance.
UNAVAILABLE: Final[tuple[type[Exception], ...]] = (
    psycopg.OperationalError,
    psycopg.errors.ReadOnlySqlTransaction,
    PoolTimeout,
    PoolClosed,
    TooManyRequests,
)

# Postgres answered, and has undone the statement: data that does not fit, a rule of the schema, a deadlock.
REFUSED: Final[tuple[type[Exception], ...]] = (
    psycopg.DataError,
    psycopg.IntegrityError,
    psycopg.errors.RaiseException,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
)
