"""The environment of the processes under `paceline up`: the caller's, with other defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.embedded.folder import LOOPBACK, DataFolder
from app.settings import load

DEFAULTS: Final = {"SMTP_ALLOW_PRIVATE": "1", "API_RATE_LIMIT": "none"}
SERVERS: Final = {"DATABASE_URL": "postgresql://", "REDIS_URL": "redis://", "SECRET_KEY": "-" * 32}


@dataclass(slots=True)
class Known:
    """What is settled while `up` starts. A URL is empty where the caller names a server of his own."""

    port: int
    inbox_url: str
    inbox_smtp: str  # host:port
    database_url: str = ""
    redis_url: str = ""


def check(environ: Mapping[str, str]) -> None:
    """Raises ConfigurationError for a wrong variable before anything is started or written."""
    load(SERVERS | DEFAULTS | _given(environ))


def build(environ: Mapping[str, str], known: Known, folder: DataFolder) -> dict[str, str]:
    """What the web process and the workers get."""
    given = _given(environ)
    made = {
        "DATABASE_URL": known.database_url,
        "REDIS_URL": known.redis_url,
        "BASE_URL": f"http://{LOOPBACK}:{known.port}",
        "PACELINE_INBOX_URL": known.inbox_url,
        "PACELINE_INBOX_SMTP": known.inbox_smtp,
    }
    if "SECRET_KEY" not in given:
        made["SECRET_KEY"] = folder.secret("secret_key")
    return DEFAULTS | made | given


def _given(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if value}
