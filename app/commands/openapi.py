"""`paceline openapi`: the API's document, without any server."""

from __future__ import annotations

import argparse

import msgspec

from app.main import create_app
from app.settings import load

NOBODY = {"DATABASE_URL": "postgresql://localhost", "REDIS_URL": "redis://localhost", "SECRET_KEY": "-" * 32}


def run(_options: argparse.Namespace) -> int:
    """Prints it as JSON with sorted keys, so that a difference is a difference."""
    document = create_app(load(NOBODY)).openapi_schema.to_schema()
    print(msgspec.json.format(msgspec.json.encode(document, order="sorted"), indent=2).decode())
    return 0
