"""`paceline doctor`: is everything there that Paceline needs, and if not, what mends it?"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from app.commands.surroundings import beside
from app.db.migrate import pending
from app.db.outage import UNAVAILABLE
from app.db.pool import connect
from app.db.queries import queries
from app.errors import PacelineError
from app.pacing.inspection import inspect
from app.settings import Settings, load

DASHBOARD: Final = Path(__file__).parents[2] / "frontend/dist/index.html"
OLDEST_POSTGRES: Final = 140000
OLDEST_REDIS: Final = (6, 2)
CLOCK_TOLERANCE: Final = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    fine: bool
    words: str  # what was found, or what is wrong and its mend


def run(options: argparse.Namespace) -> int:
    """Prints one line a check; 1 when something is wrong."""
    return asyncio.run(_run(options))


async def _run(options: argparse.Namespace) -> int:
    all_fine = True
    async for finding in _findings(options.data_dir):
        print(f"{'ok  ' if finding.fine else 'MEND'}  {finding.what:<10}  {finding.words}")
        all_fine &= finding.fine
    return 0 if all_fine else 1


async def _findings(data_dir: Path) -> AsyncIterator[Finding]:
    yield _python()
    yield _dashboard()
    try:
        settings = load(beside(os.environ, data_dir))
    except PacelineError as error:
        yield Finding("Settings", False, error.message)
        return
    yield Finding("Settings", True, f"read; SECRET_KEY has {len(settings.secret_key)} characters")
    async for finding in _postgres(settings):
        yield finding
    yield await _redis(settings)
    yield await _google(settings)


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    fine = sys.version_info >= (3, 11)
    return Finding("Python", fine, version if fine else f"{version}: install 3.11 or newer.")


def _dashboard() -> Finding:
    if DASHBOARD.exists():
        return Finding("Dashboard", True, "built")
    return Finding("Dashboard", False, "Not built: run `make setup` in the repository.")


async def _postgres(settings: Settings) -> AsyncIterator[Finding]:
    try:
        async with await connect(settings, name="doctor") as conn:
            asked = time.time()
            facts = await queries.server.facts(conn)
            offset = facts["now"].timestamp() - (asked + time.time()) / 2
            missing = await pending(conn)
    except UNAVAILABLE as error:
        yield Finding("Postgres", False, f"Does not answer: {error}. Check DATABASE_URL.")
        return
    except PacelineError as error:
        yield Finding("Schema", False, error.message)
        return
    old = facts["version_number"] < OLDEST_POSTGRES
    words = f"{facts['version']}" + (": update to 14 or newer." if old else "")
    if not facts["durable"]:
        words += ": fsync or full_page_writes is off, so a power cut loses mail; switch both on."
    yield Finding("Postgres", not old and facts["durable"], words)
    yield Finding(
        "Schema", not missing, f"Run `paceline migrate`: {len(missing)} to apply." if missing else "up to date"
    )
    fine = abs(offset) < CLOCK_TOLERANCE
    mend = "" if fine else ". Sending follows the database's clock; set both by NTP."
    yield Finding("Clock", fine, f"the database's is {offset * 1000:+.0f} ms from ours{mend}")


async def _redis(settings: Settings) -> Finding:
    try:
        facts = await inspect(settings.redis_url)
    except PacelineError as error:
        return Finding(
            "Redis", False, f"{error.message} Check REDIS_URL; until then sending is slower, but still right."
        )
    version = tuple(int(part) for part in facts.version.split(".")[:2])
    if version < OLDEST_REDIS:
        return Finding("Redis", False, f"{facts.version}: update to 6.2 or newer.")
    return Finding("Redis", True, f"{facts.version}, append-only file {'on' if facts.append_only else 'off'}")


async def _google(settings: Settings) -> Finding:
    given = (settings.google_client_id, settings.google_client_secret)
    if not any(given):
        return Finding(
            "Sign-in", True, "by one-time link only; set GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET for Google"
        )
    if not all(given):
        return Finding("Sign-in", False, "Only one of GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET is set: set both.")
    address = f"{settings.oidc_issuer}/.well-known/openid-configuration"
    try:
        async with httpx.AsyncClient(timeout=10) as client:
            (await client.get(address)).raise_for_status()
    except httpx.HTTPError as error:
        return Finding(
            "Sign-in", False, f"{address} does not answer ({str(error) or type(error).__name__}): check OIDC_ISSUER."
        )
    return Finding(
        "Sign-in", True, f"{settings.oidc_issuer}; allow {settings.base_url}/auth/callback as redirect there"
    )
