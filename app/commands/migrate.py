"""`paceline migrate`: the database at this version's schema."""

from __future__ import annotations

import argparse
import asyncio
import os

from app.db.migrate import migrate
from app.settings import load


def run(_options: argparse.Namespace) -> int:
    """Prints what it applied."""
    applied = asyncio.run(migrate(load(os.environ).database_url))
    for name in applied:
        print(f"applied {name}")
    print("The database is up to date.")
    return 0
