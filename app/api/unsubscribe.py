"""/u/{token}: where the link in a message leads (RFC 8058). GET shows a page and changes nothing; POST acts at once for
a mail program with `List-Unsubscribe=One-Click`, for a person by the page's button. No cookie, no script, no redirect.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader
from litestar import Controller, MediaType, Request, Response, get, post
from litestar.exceptions import HTTPException, ValidationException
from litestar.params import FromPath

from app.api.given import Pool, Settings
from app.db.outage import UNAVAILABLE
from app.errors import PacelineError
from app.services import unsubscribe
from app.services.unsubscribe import Standing, UnknownLink

BODY_LIMIT: Final = 64 * 1024  # bytes
HEADERS: Final = {
    "referrer-policy": "no-referrer",  # the address of the page is the key to it
    "x-robots-tag": "noindex, nofollow",
}

_templates: Final = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)


def page(state: str, standing: Standing | None = None, *, status: int = 200) -> Response[bytes]:
    body = _templates.get_template("unsubscribe.html.j2").render(state=state, standing=standing)
    return Response(body.encode(), status_code=status, media_type=MediaType.HTML, headers=HEADERS)


def handle_ours(_: Request[Any, Any, Any], error: PacelineError) -> Response[bytes]:
    return page("unknown", status=404) if isinstance(error, UnknownLink) else page("unclear", status=422)


def handle_http(_: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """A body that is too large or no form."""
    return page("unclear", status=error.status_code)


def handle_outage(_: Request[Any, Any, Any], __: Exception) -> Response[bytes]:
    return page("unavailable", status=503)


class Unsubscribe(Controller):
    path = "/u"
    include_in_schema = False
    exception_handlers = {  # noqa: RUF012  # Litestar's way
        PacelineError: handle_ours,
        HTTPException: handle_http,
        ValidationException: handle_http,  # the app has a handler for it that is nearer
        **dict.fromkeys(UNAVAILABLE, handle_outage),
    }

    @get("/preview", sync_to_thread=False)
    def preview(self) -> Response[bytes]:
        """Where the link of a preview leads."""
        return page("preview")

    @get("/{token:str}")
    async def look(self, pool: Pool, settings: Settings, token: FromPath[str]) -> Response[bytes]:
        standing = await unsubscribe.look(pool, settings, token)
        return page(standing.state, standing)

    @post("/{token:str}", status_code=200, request_max_body_size=BODY_LIMIT)
    async def act(
        self, request: Request[Any, Any, Any], pool: Pool, settings: Settings, token: FromPath[str]
    ) -> Response[bytes]:
        form = await request.form()
        if form.get("List-Unsubscribe") == "One-Click" or form.get("action") == "unsubscribe":
            standing = await unsubscribe.unsubscribe(pool, settings, token)
        elif form.get("action") == "resubscribe":
            standing = await unsubscribe.resubscribe(pool, settings, token)
        else:
            return page("unclear", status=422)
        return page(standing.state, standing)
