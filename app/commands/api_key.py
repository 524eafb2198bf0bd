"""`paceline api-key create`: a key for somebody who has an account."""

from __future__ import annotations

import argparse
import asyncio
import os

from app.commands.surroundings import beside
from app.db.pool import make_pool
from app.services import api_keys
from app.settings import Settings, load


def run(options: argparse.Namespace) -> int:
    """Prints the key alone, so that a script can take it."""
    settings = load(beside(os.environ, options.data_dir))
    print(asyncio.run(_create(settings, options.email, options.scope)))
    return 0


async def _create(settings: Settings, email: str, scope: api_keys.Scope) -> str:
    async with make_pool(settings, name="cli", min_size=1, max_size=1) as pool:
        return await api_keys.create_for_email(pool, email, scope)
