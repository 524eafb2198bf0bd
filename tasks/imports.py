"""Lists of recipients that are too long to be read while a caller waits."""

from __future__ import annotations

import procrastinate

from tasks import aside

blueprint = procrastinate.Blueprint()


@blueprint.task(name="read")
async def read(workspace_id: str, import_id: str) -> None:
    """Permanent name: imports:read."""
    await aside.run("read", workspace_id, import_id)
