"""The environment that a command runs in: that of the process, or the one of a `paceline up` that runs beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from app.errors import ConfigurationError


class _Running(msgspec.Struct):
    url: str
    database_url: str
    redis_url: str
    inbox_url: str
    smtp_host: str
    smtp_port: int


def beside(environ: Mapping[str, str], data_dir: Path) -> dict[str, str]:
    """`environ`, completed from DATA_DIR when it names no servers and an `up` runs there.

    Raises ConfigurationError when neither says where the servers are.
    """
    if environ.get("DATABASE_URL"):
        return dict(environ)
    try:
        running = msgspec.json.decode((data_dir / "run.json").read_bytes(), type=_Running)
        secret_key = (data_dir / "secret_key").read_text().strip()
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigurationError(
            f"DATABASE_URL is not set and no `paceline up` runs on {data_dir}: set it, or start that first."
        ) from error
    known = {
        "DATABASE_URL": running.database_url,
        "REDIS_URL": running.redis_url,
        "BASE_URL": running.url,
        "PACELINE_INBOX_URL": running.inbox_url,
        "PACELINE_INBOX_SMTP": f"{running.smtp_host}:{running.smtp_port}",
        "SECRET_KEY": secret_key,
    }
    return known | {name: value for name, value in environ.items() if value}
