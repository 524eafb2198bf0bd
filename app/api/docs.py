"""The OpenAPI document (3.1) and the page that shows it."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final

import msgspec
from litestar import Litestar, Request, Response, get
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.openapi.spec import Components, SecurityRequirement, SecurityScheme

from app.settings import Settings

SECURITY: Final[list[SecurityRequirement]] = [{"apiKey": []}, {"session": []}]

DESCRIPTION: Final = (
    "Schedules, paces and sends email. Every path also answers without `/v1`, so the official Resend SDKs work with "
    "this server as their base URL. A browser that signed in sends its cookie and, with every unsafe method, the "
    "header `X-CSRF-Token` with the `csrf_token` of `GET /v1/me`."
)


def document(app: Litestar) -> dict[str, Any]:
    """The whole document, made when it is first asked for."""
    kept: dict[str, Any] | None = getattr(app.state, "openapi", None)
    if kept is None:
        from app.api.document import complete  # a process that nobody asks does not pay for it

        app.state.openapi = kept = complete(app)
    return kept


@get("/openapi.json", sync_to_thread=False)
def openapi_json(request: Request[Any, Any, Any]) -> Response[bytes]:
    return Response(msgspec.json.encode(document(request.app)), media_type="application/json")


class DocsPage(OpenAPIRenderPlugin):
    """One page at /docs with every operation."""

    def __init__(self) -> None:
        super().__init__(path="/")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        from app.api import docs_page  # Jinja takes its time, and few ask

        settings: Settings = request.app.state.settings
        return docs_page.render(document(request.app), base_url=settings.base_url)


OPENAPI: Final = OpenAPIConfig(
    title="Paceline",
    version=version("paceline"),
    description=DESCRIPTION,
    path="/docs",
    render_plugins=[DocsPage()],
    use_handler_docstrings=True,
    components=Components(
        security_schemes={
            "apiKey": SecurityScheme(
                type="http",
                scheme="bearer",
                description="An API key: `Bearer pl_...`. One of scope `send` may only send email.",
            ),
            "session": SecurityScheme(
                type="apiKey",
                security_scheme_in="cookie",
                name="paceline_session",
                description="A browser that signed in. Over https the cookie is called `__Host-paceline_session`.",
            ),
            "csrfToken": SecurityScheme(
                type="apiKey",
                security_scheme_in="header",
                name="X-CSRF-Token",
                description="With a session, for every unsafe method: the `csrf_token` of `GET /v1/me`.",
            ),
        }
    ),
)
