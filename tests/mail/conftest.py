"""Real SMTP servers, and both event loops: workers run on uvloop, some tools on asyncio's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvloop

from tests.support.certificates import Certificates, make_certificates
from tests.support.smtp_server import Options, SmtpServer

MakeServer = Callable[[Options], SmtpServer]


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def trusted(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The test authority, trusted as a system's would be."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    return certificates.authority


@pytest.fixture
def make_server(certificates: Certificates) -> Iterator[MakeServer]:
    started: list[SmtpServer] = []

    def make(options: Options) -> SmtpServer:
        server = SmtpServer(options, certificates=certificates)
        started.append(server)
        server.start()
        return server

    yield make
    for server in started:
        server.stop()


@pytest.fixture
def server(make_server: MakeServer) -> SmtpServer:
    return make_server(Options(transcript=True))
