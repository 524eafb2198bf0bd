"""/metrics: Prometheus' text. What one web process saw of requests, and what all of them read in Postgres.

Its readers: an API key of scope `full`, or without a key whoever asks from this machine, where BASE_URL is a loopback
address. Behind a proxy everybody may seem to ask from this machine, so under a public BASE_URL it takes a key. No
label names a workspace, a person or an address.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from litestar import Request, Response, get
from litestar.connection import ASGIConnection
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from app.api import access, rate_limit
from app.api.given import Pool, Settings
from app.db.outage import UNAVAILABLE
from app.errors import InvalidApiKey, MissingApiKey, RestrictedApiKey
from app.services import api_keys
from app.services.metrics import Figure, figures

log = structlog.get_logger("paceline.web")

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds


class Requests:
    """What this process saw of requests."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._seconds = Histogram(
            "paceline_http_request_seconds",
            "From a request's head to the answer's.",
            ("method", "route"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._answers = Counter(
            "paceline_http_answers", "Answers by status.", ("method", "route", "status"), registry=self.registry
        )

    def saw(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """`route`: its template as the app has it; None where there is none."""
        method = method if method in METHODS else "other"
        route = "none" if route is None else route.removeprefix("/v1") or "/"
        self._seconds.labels(method, route).observe(seconds)
        self._answers.labels(method, route, str(status)).inc()


class _Now:
    """Figures that were read for this answer, as prometheus_client takes them."""

    def __init__(self, read: Iterable[Figure]) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        for figure in self._read:
            gauge = GaugeMetricFamily(figure.name, figure.meaning, labels=[figure.label] if figure.label else [])
            for value, number in figure.values.items():
                gauge.add_metric([value] if figure.label else [], number)
            yield gauge


@get("/metrics", operation_id="getMetrics", summary="Figures for Prometheus")
async def get_metrics(request: Request[Any, Any, Any], pool: Pool, settings: Settings) -> Response[bytes]:
    await _check_reader(request, settings.base_url)
    try:
        found = [*await figures(pool), Figure("paceline_database_up", "Whether Postgres answers.", None, {"": 1})]
    except UNAVAILABLE as error:
        log.warning("postgres_unavailable", error=str(error).strip())
        found = [Figure("paceline_database_up", "Whether Postgres answers.", None, {"": 0})]
    now = CollectorRegistry()
    now.register(_Now(found))
    seen: Requests = request.app.state.requests
    text = generate_latest(now) + generate_latest(seen.registry)
    return Response(text, headers={"content-type": CONTENT_TYPE_PLAIN_0_0_4})


async def _check_reader(connection: ASGIConnection[Any, Any, Any, Any], base_url: str) -> None:
    """Raises MissingApiKey, InvalidApiKey or RestrictedApiKey."""
    token = access.bearer(connection.headers.get("authorization"))
    if token is None:
        if _is_local(connection, base_url):
            return
        raise MissingApiKey
    await rate_limit.check(connection, token)
    key = await api_keys.authenticate(connection.app.state.pool, token)
    if key is None:
        raise InvalidApiKey
    if key.scope != "full":
        raise RestrictedApiKey


def _is_local(connection: ASGIConnection[Any, Any, Any, Any], base_url: str) -> bool:
    passed_on = any(name == "forwarded" or name.startswith("x-forwarded-") for name in connection.headers)
    client = connection.client
    return (
        not passed_on and client is not None and is_loopback(client.host) and is_loopback(urlsplit(base_url).hostname)
    )


def is_loopback(host: str | None) -> bool:
    if host is None or host == "localhost":
        return host is not None
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
