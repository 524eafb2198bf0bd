"""Whether the process lives, and whether it can do its work."""

from __future__ import annotations

from litestar import Response, get

from app.api.given import Pool
from app.contract.base import Output
from app.db.migrate import pending
from app.db.outage import UNAVAILABLE
from app.errors import PacelineError

LOOK: float = 3.0  # seconds to wait for a connection: a load balancer asks again soon


class Health(Output):
    status: str
    reason: str | None


@get("/healthz", operation_id="getHealth", summary="Whether the process lives")
async def healthz() -> Health:
    return Health(status="ok", reason=None)


@get("/readyz", operation_id="getReadiness", summary="Whether Postgres answers and is migrated")
async def readyz(pool: Pool) -> Response[Health]:
    reason = await trouble(pool)
    if reason is None:
        return Response(Health(status="ok", reason=None))
    return Response(Health(status="unavailable", reason=reason), status_code=503)


async def trouble(pool: Pool) -> str | None:
    try:
        async with pool.connection(timeout=LOOK) as conn:
            missing = await pending(conn)
    except UNAVAILABLE:
        return "Postgres does not answer."
    except PacelineError as error:
        return error.message
    return f"The database is not migrated: run `paceline migrate` ({len(missing)} to apply)." if missing else None
