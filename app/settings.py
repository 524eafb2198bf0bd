"""The only reader of the environment. `load` turns it into one frozen Struct, or says which variable to mend."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final

import msgspec

from app.errors import ConfigurationError

TRUE: Final = frozenset({"1", "true", "yes", "on"})
FALSE: Final = frozenset({"0", "false", "no", "off"})


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    database_url: str
    redis_url: str
    base_url: str
    secret_key: str
    google_client_id: str | None
    google_client_secret: str | None
    oidc_issuer: str
    allowed_domains: tuple[str, ...]  # empty: all
    max_emails_per_hour: int  # limit of a new sender that names none
    workspace_max_emails_per_hour: int | None
    min_delay_ms: int  # gap of a new sender that names none
    sender_concurrency: int  # default connections of a mailbox, over all workers
    worker_concurrency: int  # most SMTP connections of one worker process
    api_rate_limit: float | None  # requests a second and key; None: no limit
    rate_window_seconds: float  # what "an hour" is; a day is 24 of them
    lease_seconds: float  # how long a dead worker holds what it claimed
    smtp_allow_private: bool
    dns_server: str | None  # host:port of the name server to ask; None: those of this machine
    log_json: bool
    inbox_url: str | None  # where people read the test inbox of `paceline up`; None: there is none
    inbox_smtp: str | None  # host:port where it takes mail
    failpoints: str  # named failpoints for the fault tests; empty in production


def load(environ: Mapping[str, str]) -> Settings:
    """Reads every variable that Paceline knows. Raises ConfigurationError naming the variable and the mend."""
    read = _Reader(environ)
    window = read.number("RATE_WINDOW_SECONDS", 3600.0, least=1.0)
    return Settings(
        database_url=read.required("DATABASE_URL", "a postgresql:// URL; `paceline up` brings its own server"),
        redis_url=read.required("REDIS_URL", "a redis:// URL; `paceline up` brings its own server"),
        base_url=read.text("BASE_URL", "http://127.0.0.1:8000").rstrip("/"),
        secret_key=read.secret("SECRET_KEY"),
        google_client_id=read.optional("GOOGLE_CLIENT_ID"),
        google_client_secret=read.optional("GOOGLE_CLIENT_SECRET"),
        oidc_issuer=read.text("OIDC_ISSUER", "https://accounts.google.com").rstrip("/"),
        allowed_domains=tuple(d.strip().lower() for d in read.text("ALLOWED_DOMAINS", "").split(",") if d.strip()),
        max_emails_per_hour=read.integer("MAX_EMAILS_PER_HOUR", 200, least=1),
        workspace_max_emails_per_hour=read.optional_integer("WORKSPACE_MAX_EMAILS_PER_HOUR", least=1),
        min_delay_ms=read.integer("MIN_DELAY_MS", 2000, least=0),
        sender_concurrency=read.integer("SENDER_CONCURRENCY", 5, least=1),
        worker_concurrency=read.integer("WORKER_CONCURRENCY", 100, least=1),
        api_rate_limit=read.rate("API_RATE_LIMIT", 50.0),
        rate_window_seconds=window,
        lease_seconds=read.number("LEASE_SECONDS", 30.0, least=1.0),
        smtp_allow_private=read.flag("SMTP_ALLOW_PRIVATE", False),
        dns_server=read.server("DNS_SERVER"),
        log_json=read.text("LOG_FORMAT", "text") == "json",
        inbox_url=read.optional("PACELINE_INBOX_URL"),
        inbox_smtp=read.optional("PACELINE_INBOX_SMTP"),
        failpoints=read.text("PACELINE_FAILPOINTS", ""),
    )


class _Reader:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ

    def optional(self, name: str) -> str | None:
        return self.environ.get(name, "").strip() or None

    def text(self, name: str, default: str) -> str:
        return self.optional(name) or default

    def required(self, name: str, mend: str) -> str:
        value = self.optional(name)
        if value is None:
            raise ConfigurationError(f"{name} is not set: give it {mend}.")
        return value

    def secret(self, name: str) -> str:
        value = self.required(name, "at least 32 random characters, such as `openssl rand -base64 32` prints")
        if len(value) < 32:
            raise ConfigurationError(f"{name} is too short ({len(value)} characters): give it at least 32 random ones.")
        return value

    def server(self, name: str) -> str | None:
        raw = self.optional(name)
        if raw is None:
            return None
        host, _, port = raw.rpartition(":") if ":" in raw and not raw.endswith("]") else (raw, "", "53")
        try:
            ip_address(host.strip("[]"))
        except ValueError:
            host = ""
        if ":" in host and not host.startswith("["):
            host = ""  # of an IPv6 address by itself nobody can say where it ends
        if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
            raise ConfigurationError(f"{name}={raw!r} is no name server: give an IP address and a port, 192.0.2.53:53.")
        return f"{host.strip('[]')}:{int(port)}"

    def number(self, name: str, default: float, *, least: float) -> float:
        raw = self.optional(name)
        if raw is None:
            return default
        try:
            value = float(raw)
        except ValueError:
            value = float("nan")
        if not least <= value < float("inf"):
            raise ConfigurationError(f"{name}={raw!r} is not a number of at least {least:g}.")
        return value

    def integer(self, name: str, default: int, *, least: int) -> int:
        value = self.optional_integer(name, least=least)
        return default if value is None else value

    def optional_integer(self, name: str, *, least: int) -> int | None:
        raw = self.optional(name)
        if raw is None:
            return None
        if not raw.isascii() or not raw.isdigit() or int(raw) < least:
            raise ConfigurationError(f"{name}={raw!r} is not a whole number of at least {least}.")
        return int(raw)

    def rate(self, name: str, default: float) -> float | None:
        raw = self.text(name, "")
        if raw.lower() == "none":
            return None
        return self.number(name, default, least=0.01) if raw else default

    def flag(self, name: str, default: bool) -> bool:
        raw = self.text(name, "").lower()
        if raw == "":
            return default
        if raw in TRUE | FALSE:
            return raw in TRUE
        raise ConfigurationError(f"{name}={raw!r} is neither yes nor no: use 1 or 0.")
