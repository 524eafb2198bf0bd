"""The dashboard: static files that `make` builds into frontend/dist."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from litestar import MediaType, Response, get
from litestar.datastructures import CacheControlHeader
from litestar.router import Router
from litestar.static_files import create_static_files_router

DIST: Final = Path(__file__).parents[2] / "frontend/dist"
A_YEAR: Final = 31_536_000  # seconds

NOT_BUILT: Final = """<!doctype html>
<meta charset="utf-8"><title>Paceline</title>
<h1>The dashboard is not built</h1>
<p>Run <code>make setup</code> in the repository, then load this page again. The JSON API works without it.</p>
"""


@get("/", include_in_schema=False, media_type=MediaType.HTML, sync_to_thread=True)
def dashboard() -> Response[bytes]:
    """Every page of the dashboard is this one file; it is read anew so that a build needs no restart."""
    headers = {"cache-control": "no-cache", "vary": "accept, authorization"}
    try:
        return Response((DIST / "index.html").read_bytes(), headers=headers)
    except FileNotFoundError:
        return Response(NOT_BUILT.encode(), status_code=503, headers=headers)


def assets() -> Router:
    """Their names carry a hash of their content, so they never change."""
    return create_static_files_router(
        path="/assets",
        directories=[DIST / "assets"],
        cache_control=CacheControlHeader(public=True, max_age=A_YEAR, immutable=True),
        include_in_schema=False,
        name="assets",
    )
