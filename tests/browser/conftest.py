"""One `paceline up` for all tests in the browser, and a person who has signed in to it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from playwright.async_api import Page

from tests.support.certificates import make_certificates
from tests.support.dns_server import DnsServer
from tests.support.smtp_server import Options, SmtpServer
from tests.support.up import Up, running


@pytest.fixture(scope="session")
def ethereal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmtpServer]:
    """A server like ethereal.email: STARTTLS, then AUTH, and the id of each message in its last reply."""
    options = Options(security="starttls", username="ann@ethereal.example", password="sesame", ethereal=True)
    certificates = make_certificates(tmp_path_factory.mktemp("certificates"))
    with SmtpServer(options, certificates=certificates) as server:
        yield server


@pytest.fixture(scope="session")
def up(tmp_path_factory: pytest.TempPathFactory, ethereal: SmtpServer, name_server: DnsServer) -> Iterator[Up]:
    """It trusts the authority of `ethereal` and asks `name_server`. Tests share it: each looks for its own mail."""
    assert ethereal.certificates is not None
    given = {"SSL_CERT_FILE": str(ethereal.certificates.authority), "DNS_SERVER": name_server.address}
    with running(tmp_path_factory.mktemp("browser") / "data", environ=given) as shared:
        shared.ready()
        yield shared


@pytest.fixture(scope="session")
def api(up: Up) -> Iterator[httpx.Client]:
    """The API with the key that was printed, for what a test does not do by hand."""
    with httpx.Client(
        base_url=f"{up.line['url']}/v1", headers={"Authorization": f"Bearer {up.line['api_key']}"}, timeout=20
    ) as client:
        yield client


@pytest.fixture(autouse=True)
def log(up: Up, request: pytest.FixtureRequest) -> Iterator[None]:
    """What the servers say during a test is printed beside its failure."""
    before = len(up.said)
    yield
    request.node.add_report_section("teardown", "log of `paceline up`", up.last_words(before))


@pytest.fixture
def site(up: Up) -> str:
    return str(up.line["url"])


@pytest.fixture(scope="session")
def session(up: Up) -> dict[str, str]:
    """The cookies of the person whom the one-time link signs in: it works once, so all tests share them."""
    return dict(httpx.get(up.line["sign_in_url"]).cookies)


@pytest.fixture
async def desk(page: Page, site: str, session: dict[str, str]) -> Page:
    """A page of the person who has signed in."""
    await page.context.add_cookies([{"name": name, "value": value, "url": site} for name, value in session.items()])
    return page
