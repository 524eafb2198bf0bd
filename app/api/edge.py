"""What every request passes before any route is looked up: a request id, a line in the log, security headers, and the
choice between the dashboard and the API where both have the same path (`/senders`).
"""

from __future__ import annotations

import re
import secrets
import time
from typing import Final

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, HTTPScope, Message, Receive, Scope, Send

from app.api.metrics import Requests
from app.settings import Settings

log = structlog.get_logger("paceline.web")

SECRET: Final = re.compile(r"^(/auth/link/|/u/).*")
REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
LEFT: Final = 499  # no answer began before the client went away
QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})  # asked every few seconds: logged only when they fail

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'self'; "
    "img-src 'self' data: https:; "
    "style-src 'self' 'unsafe-inline'; "  # a message is shown in a sandboxed srcdoc frame, which inherits this policy
    "frame-src 'self' about:; "
    "object-src 'none'; "
    "base-uri 'none'; "
    "form-action 'self'; "
    "frame-ancestors 'none'"
)


class Edge:
    """Wraps the app's own ASGI handler. Both sets are first segments of paths: `api_paths` those that the API has
    without its prefix `/v1`, `own_paths` those that are never a page of the dashboard."""

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        requests: Requests,
        *,
        api_paths: frozenset[str],
        own_paths: frozenset[str],
    ) -> None:
        self.app = app
        self.requests = requests
        self.api_paths = api_paths
        self.own_paths = own_paths
        self.headers = security_headers(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        method, path = scope["method"], SECRET.sub(r"\1...", scope["path"])
        sent = header(scope, b"x-request-id")
        request_id = sent if REQUEST_ID.fullmatch(sent) else secrets.token_hex(12)
        scope["state"]["request_id"] = request_id
        status, answered = LEFT, None

        async def send_on(message: Message) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start":
                status, answered = message["status"], time.perf_counter()
                self.complete(
                    message, [*scope["state"].get("answer_headers", ()), (b"x-request-id", request_id.encode())]
                )
            await send(message)

        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        if self.is_page(scope):
            scope = {**scope, "path": "/", "raw_path": b"/"}
        if method == "HEAD" and self.is_public(scope["path"]):
            scope = {**scope, "method": "GET"}  # the server leaves out the body
        try:
            await self.app(scope, receive, send_on)
        finally:
            until = time.perf_counter() if answered is None else answered
            self.requests.saw(method, scope.get("path_template"), status, until - started)
            if path not in QUIET or status >= 400:
                took = round((time.perf_counter() - started) * 1000, 1)
                log.info("request", method=method, path=path, status=status, ms=took)

    def complete(self, message: HTTPResponseStartEvent, own: list[tuple[bytes, bytes]]) -> None:
        present = {name.lower() for name, _ in message["headers"]}
        added = [(name, value) for name, value in self.headers if name not in present]
        message["headers"] = [*message["headers"], *added, *own]

    def is_public(self, path: str) -> bool:
        """Whether looking does no harm and comes to an end: not so for a sign-in link, nor for a stream of events."""
        return path.split("/")[1] not in self.api_paths | {"v1", "auth"}

    def is_page(self, scope: HTTPScope) -> bool:
        """Whether a browser wants a page of the dashboard: it finds its way by the path itself."""
        if scope["method"] not in ("GET", "HEAD"):
            return False
        first, _, rest = scope["path"].lstrip("/").partition("/")
        last = rest.rsplit("/", 1)[-1] or first
        if not first or first in self.own_paths or "." in last:
            return False
        return first not in self.api_paths or (
            "text/html" in header(scope, b"accept") and not header(scope, b"authorization")
        )


def security_headers(settings: Settings) -> list[tuple[bytes, bytes]]:
    headers = {
        "content-security-policy": CONTENT_SECURITY_POLICY,
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
        "cache-control": "no-store",  # where the route says nothing else
    }
    if settings.base_url.startswith("https://"):
        headers["strict-transport-security"] = "max-age=31536000"
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")
