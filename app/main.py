"""The web process: routes, lifespan; nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from app import logs
from app.api import health, pages
from app.api.access import provide_caller, require_caller
from app.api.api_keys import ApiKeys
from app.api.attachments import Attachments
from app.api.bodies import JsonRequest, check_request, taken_by
from app.api.campaign_previews import CampaignPreviews
from app.api.campaigns import Campaigns
from app.api.docs import OPENAPI, SECURITY, openapi_json
from app.api.edge import Edge
from app.api.emails import Emails
from app.api.events import run_feed, stream_events
from app.api.invitations import Invitations
from app.api.mailed_links import MailedLinks
from app.api.me import MeRoutes
from app.api.members import Members
from app.api.metrics import Requests, get_metrics
from app.api.problems import HANDLERS
from app.api.rate_limit import open_limit
from app.api.recipients import Imports, parse_recipients
from app.api.sender_dns import SenderDns
from app.api.senders import Senders
from app.api.sign_in import SignIn
from app.api.stats import get_stats
from app.api.suppressions import Suppressions
from app.api.templates import Templates
from app.api.unsubscribe import Unsubscribe
from app.api.webhooks import Webhooks
from app.api.workspace import Workspace
from app.api.workspaces import Workspaces
from app.db.pool import Pool, make_pool
from app.services import workspaces
from app.settings import Settings, load

log = structlog.get_logger("paceline.web")

# The API. Paths are declared without /v1 and answer with and without it.
ROUTES: Final[list[ControllerRouterHandler]] = [
    MeRoutes,
    Workspace,
    Workspaces,
    Members,
    Invitations,
    ApiKeys,
    Webhooks,
    Senders,
    SenderDns,
    Campaigns,
    CampaignPreviews,
    parse_recipients,
    Imports,
    Emails,
    Attachments,
    Suppressions,
    Templates,
    stream_events,
    get_stats,
]

# What asks for nobody's key or session, or looks itself.
OPEN: Final[list[ControllerRouterHandler]] = [
    SignIn,
    MailedLinks,
    Unsubscribe,
    health.healthz,
    health.readyz,
    get_metrics,
    openapi_json,
]

CEILING_AGAIN: Final = 2.0  # seconds
MAX_BODY: Final = 40 * 1024 * 1024  # bytes: 25 MB of attachments in base64 and their message


def create_app(settings: Settings | None = None) -> Litestar:
    """The ASGI app. Without settings it reads the environment, as a server's factory does."""
    return settled(routed(), settings or load(os.environ))


def routed() -> Litestar:
    """The app with its routes, which takes a third of a second, and without settings: see `settled`."""
    guarded: dict[str, Any] = {
        "route_handlers": ROUTES,
        "guards": [require_caller],
        "before_request": check_request,
        "dependencies": {"caller": Provide(provide_caller)},
        "security": SECURITY,
    }
    app = Litestar(
        [
            Router("/v1", **guarded),
            Router("/", **guarded, include_in_schema=False),
            Router("/", route_handlers=OPEN, include_in_schema=False),
            pages.dashboard,
            pages.asset,
        ],
        dependencies={
            "pool": Provide(provide_pool, sync_to_thread=False),
            "settings": Provide(provide_settings, sync_to_thread=False),
            "now": Provide(provide_now, sync_to_thread=False, use_cache=False),
        },
        exception_handlers=HANDLERS,
        lifespan=[open_pool, open_limit, hold_ceiling, run_feed],
        logging_config=None,
        openapi_config=OPENAPI,
        request_class=JsonRequest,
        request_max_body_size=MAX_BODY,
    )
    app.state.takes = taken_by(app)
    app.state.behind_edge = app.asgi_handler
    return app


def settled(app: Litestar, settings: Settings) -> Litestar:
    """The same app, which goes by these settings from the next lifespan on and has counted no request yet."""
    logs.configure(json=settings.log_json)
    app.state.settings = settings
    app.state.requests = Requests()
    app.asgi_handler = Edge(
        app.state.behind_edge, settings, app.state.requests, api_paths=api_paths(app), own_paths=OWN_PATHS
    )
    return app


OWN_PATHS: Final = frozenset({"v1", "auth", "docs", "assets", "openapi.json", "healthz", "readyz", "metrics", "u"})


def api_paths(app: Litestar) -> frozenset[str]:
    return frozenset(route.path.split("/")[2] for route in app.routes if route.path.startswith("/v1/"))


@asynccontextmanager
async def open_pool(app: Litestar) -> AsyncIterator[None]:
    """Does not wait for Postgres: the process lives without it and /readyz says so."""
    async with make_pool(app.state.settings, name="web", min_size=1, max_size=10, checked=True) as app.state.pool:
        yield


@asynccontextmanager
async def hold_ceiling(app: Litestar) -> AsyncIterator[None]:
    """Lifespan: lowers what is above WORKSPACE_MAX_EMAILS_PER_HOUR as soon as Postgres answers."""
    task = asyncio.create_task(_lower_to_ceiling(app.state.pool, app.state.settings))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _lower_to_ceiling(pool: Pool, settings: Settings) -> None:
    while True:
        try:
            return await workspaces.apply_ceiling(pool, settings, provide_now())
        except Exception as error:  # the schema may be on its way too
            log.warning("ceiling_waits", error=str(error).strip())
            await asyncio.sleep(CEILING_AGAIN)


def provide_pool(state: State) -> Pool:
    pool: Pool = state.pool
    return pool


def provide_settings(state: State) -> Settings:
    settings: Settings = state.settings
    return settings


def provide_now() -> datetime:
    return datetime.now(UTC)
