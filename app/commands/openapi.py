"""`paceline openapi`: the API's document, without any server."""

from __future__ import annotations

import argparse

import msgspec

from app.api.docs import document
from app.main import create_app
from app.settings import load

NOBODY = {"DATABASE_URL": "postgresql://localhost", "REDIS_URL": "redis://localhost", "SECRET_KEY": "-" * 32}


def run(_options: argparse.Namespace) -> int:
    """Prints it as JSON with sorted keys, so that a difference is a difference."""
    said = document(create_app(load(NOBODY)))
    print(msgspec.json.format(msgspec.json.encode(said, order="sorted"), indent=2).decode())
    return 0
