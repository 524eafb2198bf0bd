"""The dashboard's files, the choice between a page and the API, the documents, and the headers of every answer."""

from __future__ import annotations

import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
import pytest
from litestar import Litestar

from app.api import pages
from tests.support.asgi import client_of

PAGE = b"<!doctype html><title>The dashboard</title>"
HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def dist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a build leaves; the app finds it when it is made."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_bytes(PAGE)
    (tmp_path / "assets/index-4f2a.js").write_text("export {};")
    monkeypatch.setattr(pages, "DIST", tmp_path)
    return tmp_path


@pytest.fixture
async def browser(dist: Path, app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as made:
        yield made


@pytest.mark.parametrize("path", ["/", "/compose", "/sign-in", "/messages/0198c0de", "/senders", "/emails/x/y/z"])
async def test_a_browser_that_goes_somewhere_gets_the_dashboard(browser: httpx.AsyncClient, path: str) -> None:
    answer = await browser.get(path, headers=HTML)
    assert (answer.status_code, answer.content) == (200, PAGE)
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


async def test_pages_that_the_api_does_not_have_need_no_header(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/compose")).content == PAGE


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/senders", {}),
        ("/senders", {"accept": "application/json"}),
        ("/senders", HTML | {"authorization": "Bearer "}),
        ("/v1/senders", HTML),
    ],
)
async def test_a_program_gets_the_api(browser: httpx.AsyncClient, path: str, headers: dict[str, str]) -> None:
    answer = await browser.get(path, headers=headers)
    assert (answer.status_code, answer.json()["name"]) == (401, "missing_api_key")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/favicon.ico", "/v1/nothing", "/assets/gone.js", "/auth/nothing", "/wp-login.php"])
async def test_what_is_nowhere_is_404(browser: httpx.AsyncClient, path: str) -> None:
    assert (await browser.get(path, headers=HTML)).status_code == 404


async def test_only_reading_gets_a_page(browser: httpx.AsyncClient) -> None:
    assert (await browser.post("/compose", headers=HTML)).status_code == 404


async def test_assets_are_kept_for_ever(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/assets/index-4f2a.js")
    assert answer.status_code == 200
    assert set(answer.headers["cache-control"].split(", ")) == {"public", "max-age=31536000", "immutable"}
    assert "javascript" in answer.headers["content-type"]
    assert (await browser.get("/assets/../index.html")).status_code == 404
    assert (await browser.get("/assets/%2e%2e/index.html")).status_code == 404


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip;q=1.0, BR;q=0.2", "br"),
        ("gzip, br;q=0", "gzip"),
        ("br; q=0.000, gzip;q=0.0", None),
        ("identity", None),
        ("", None),
    ],
)
async def test_assets_are_compressed_for_whom_takes_it(
    browser: httpx.AsyncClient, dist: Path, accepted: str, encoding: str | None
) -> None:
    (dist / "assets/index-4f2a.js.gz").write_bytes(gzip.compress(b"export {};"))
    (dist / "assets/index-4f2a.js.br").write_bytes(b"as it lies there")
    async with browser.stream("GET", "/assets/index-4f2a.js", headers={"accept-encoding": accepted}) as answer:
        sent = b"".join([part async for part in answer.aiter_raw()])
    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["vary"] == "accept-encoding"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    plain = (dist / "assets" / f"index-4f2a.js{ {'br': '.br', 'gzip': '.gz'}.get(encoding or '', '') }").read_bytes()
    assert (sent, answer.headers["content-length"]) == (plain, str(len(plain)))


@pytest.mark.parametrize("name", ["index-4f2a.js.gz", "%2e%2e%2findex.html", ".env", "a%00.js", "x" * 300 + ".js"])
async def test_nothing_else_is_served(browser: httpx.AsyncClient, dist: Path, name: str) -> None:
    (dist / "assets/index-4f2a.js.gz").write_bytes(b"")
    assert (await browser.get(f"/assets/{name}")).status_code == 404


async def test_a_dashboard_that_is_not_built_says_so(browser: httpx.AsyncClient, dist: Path) -> None:
    (dist / "index.html").unlink()
    answer = await browser.get("/")
    assert answer.status_code == 503
    assert "make setup" in answer.text


async def test_every_answer_carries_the_security_headers(browser: httpx.AsyncClient) -> None:
    for path in ("/", "/v1/me", "/nothing.html", "/docs", "/assets/index-4f2a.js", "/healthz"):
        headers = (await browser.get(path)).headers
        policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'self'"
        assert policy["frame-ancestors"] == "'none'"
        assert "script-src" not in policy, "scripts come from here alone"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["x-request-id"]


async def test_the_document_is_openapi_of_v1(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/openapi.json")
    said = msgspec.json.decode(answer.content)
    assert said["openapi"].startswith("3.1")
    assert all(path.startswith("/v1/") for path in said["paths"])
    operations = [operation for item in said["paths"].values() for operation in item.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids))
    assert "getMe" in ids
    for method, operation in ((method, said) for item in said["paths"].values() for method, said in item.items()):
        assert operation["summary"]
        tokens: dict[str, list[str]] = {} if method == "get" else {"csrfToken": []}
        assert operation["security"] == [{"apiKey": []}, {"session": []} | tokens]
        assert {"401", "403", "422", "429", "500", "503"} <= operation["responses"].keys()
    assert said["components"]["securitySchemes"]["apiKey"]["scheme"] == "bearer"


async def test_the_page_of_the_document_needs_nobody_else(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/docs")).text
    assert "<script" not in page
    assert re.search(r"<[^>]*\bsrc=", page) is None
    assert 'id="createApiKey"' in page
    assert "/v1/api-keys/{key_id}" in page


async def test_a_look_at_the_head_does_no_harm(browser: httpx.AsyncClient) -> None:
    for path in ("/", "/compose", "/healthz", "/assets/index-4f2a.js"):
        assert (await browser.head(path)).status_code == 200
    assert (await browser.head("/auth/link/x")).status_code == 405
    assert (await browser.head("/v1/events/stream")).status_code == 405
