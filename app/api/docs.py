"""The OpenAPI document and a page that shows it. The page is made here: it needs no script and no other server."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final

from litestar import Request, Response, get
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.openapi.spec import Components, SecurityRequirement, SecurityScheme
from litestar.serialization import encode_json

SECURITY: Final[list[SecurityRequirement]] = [{"apiKey": []}, {"session": []}]


class DocsPage(OpenAPIRenderPlugin):
    """One page at /docs with every operation."""

    def __init__(self) -> None:
        super().__init__(path="/")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return b"<!doctype html>"


@get("/openapi.json", sync_to_thread=False)
def openapi_json(request: Request[Any, Any, Any]) -> Response[bytes]:
    return Response(encode_json(request.app.openapi_schema.to_schema()), media_type="application/json")


OPENAPI: Final = OpenAPIConfig(
    title="Paceline",
    version=version("paceline"),
    description=(
        "Schedules, paces and sends email. Every path also answers without `/v1`, so the official Resend SDKs work "
        "with this server as their base URL. A browser's session needs the header `X-CSRF-Token` on unsafe methods."
    ),
    path="/docs",
    render_plugins=[DocsPage()],
    use_handler_docstrings=True,
    components=Components(
        security_schemes={
            "apiKey": SecurityScheme(type="http", scheme="bearer", description="An API key: `Bearer pl_...`"),
            "session": SecurityScheme(
                type="apiKey",
                security_scheme_in="cookie",
                name="paceline_session",
                description="A browser that signed in.",
            ),
        }
    ),
)
