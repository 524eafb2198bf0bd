"""The dashboard: static files that `make` builds into frontend/dist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Final

from litestar import MediaType, Request, Response, get
from litestar.params import PathParameter

from app.errors import NotFound

DIST: Final = Path(__file__).parents[2] / "frontend/dist"
A_YEAR: Final = 31_536_000  # seconds
ENCODED: Final = {"br": ".br", "gzip": ".gz"}
FILE: Final = re.compile(r"\w[\w.-]{0,100}")
NEVER: Final = re.compile(r"q\s*=\s*0(\.0*)?")
KINDS: Final = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2"}

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


@get("/assets/{name:str}", include_in_schema=False, name="assets", media_type=MediaType.TEXT, sync_to_thread=True)
def asset(request: Request[Any, Any, Any], name: Annotated[str, PathParameter()]) -> Response[bytes]:
    """Their names carry a hash of their content, so they never change. The build leaves them compressed besides.

    Raises NotFound.
    """
    path = DIST / "assets" / name
    if not FILE.fullmatch(name) or path.suffix not in KINDS or not path.is_file():
        raise NotFound
    kind = KINDS[path.suffix]
    headers = {"cache-control": f"public, max-age={A_YEAR}, immutable", "vary": "accept-encoding"}
    for encoding in accepted(request.headers.get("accept-encoding", "")):
        compressed = path.with_name(name + ENCODED[encoding])
        if compressed.is_file():
            path, headers["content-encoding"] = compressed, encoding
            break
    return Response(path.read_bytes(), headers=headers, media_type=kind)


def accepted(said: str) -> list[str]:
    """Those of our encodings that a request takes (RFC 9110, 12.5.3), the smallest first."""
    taken = set()
    for part in said.lower().split(","):
        coding, _, weight = part.partition(";")
        if not NEVER.fullmatch(weight.strip()):
            taken.add(coding.strip())
    return [encoding for encoding in ENCODED if encoding in taken]
