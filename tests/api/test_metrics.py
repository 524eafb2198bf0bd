"""/metrics: what operators watch, for whom it is, and what it never says."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar
from prometheus_client.parser import text_string_to_metric_families

from app.db.pool import Pool
from app.main import create_app
from app.settings import Settings
from tests.support.asgi import client_of
from tests.support.gating import Gate
from tests.support.mailroom import Mailroom
from tests.support.ports import free_port
from tests.support.tenants import Api

Figures = dict[tuple[str, ...], float]


def read(text: str) -> Figures:
    """By name and label values."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def scrape(app: Any, *, client: str = "127.0.0.1", headers: dict[str, str] | None = None) -> httpx.Response:
    transport = httpx.ASGITransport(app, client=(client, 123))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as asking:
        return await asking.get("/metrics", headers=headers)


async def figures(app: Any) -> Figures:
    answer = await scrape(app)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return read(answer.text)


async def test_of_mail_it_tells_counts_lateness_and_what_was_dispatched(
    app: Litestar, pool: Pool, settings: Settings
) -> None:
    room = await Mailroom.open(pool, settings)
    sender = await room.sender(hourly_limit=2)
    ids = await room.emails(sender, 3)
    await room.sender()
    await room.run("update lanes set next_due = now() - interval '90 seconds'")
    await room.run(
        "insert into workers (id, host, pid, expires_at) values (%s, 'h', 1, now() + interval '1 hour')",
        room.workspace_id,
    )
    await (await Gate.of(room, sender.mailbox_id)).verdicts(ids)
    found = await figures(app)
    assert (found["paceline_emails", "scheduled"], found["paceline_emails", "sending"]) == (1, 2)
    assert found["paceline_emails", "sent"] == 0
    assert found["paceline_dispatches_last_minute", "pending"] == 2
    assert found["paceline_lanes_overdue",] == 1
    assert 85 < found["paceline_lateness_seconds",] < 1000
    assert found["paceline_lanes_waiting", "nothing"] == 1
    assert found["paceline_workers",] == 2  # the lease has one too
    assert (found["paceline_senders", "active"], found["paceline_senders", "paused"]) == (2, 0)
    assert found["paceline_database_up",] == 1

    await room.run("update mailboxes set blocked_until = now() + interval '1 hour', blocked_reason = 'mailbox_hour'")
    found = await figures(app)
    assert (found["paceline_lanes_overdue",], found["paceline_lateness_seconds",]) == (0, 0)
    assert found["paceline_lanes_waiting", "mailbox_hour"] == 1


async def test_of_requests_it_tells_route_method_and_status_and_no_more(app: Litestar, api: Api) -> None:
    for _ in range(2):
        await api.ok("GET", "/suppressions")
    await api.refused(404, "GET", "/suppressions/who@example.org")
    async with client_of(app) as client:
        await client.get("/suppressions", headers=api.tenant.headers)
        await client.get("/no/such.txt?secret=1")
        await client.request("BREW", "/healthz")
    text = (await scrape(app)).text
    found = read(text)
    assert found["paceline_http_request_seconds_count", "GET", "/suppressions"] == 3
    assert found["paceline_http_answers_total", "GET", "/suppressions", "200"] == 3
    assert found["paceline_http_answers_total", "GET", "/suppressions/{id_or_email}", "404"] == 1
    assert found["paceline_http_answers_total", "GET", "none", "404"] == 1
    assert {name for name in found if "BREW" in name} == set()
    for private in ("who@example.org", "secret", str(api.tenant.workspace_id), "ann@"):
        assert private not in text


async def test_who_may_read(app: Litestar, api: Api, settings: Settings) -> None:
    assert (await scrape(app)).status_code == 200
    assert (await scrape(app, client="::1")).status_code == 200
    for client in ("10.0.0.7", "203.0.113.9", "testclient"):
        assert (await scrape(app, client=client)).status_code == 401
        assert (await scrape(app, client=client, headers=api.tenant.headers)).status_code == 200
    for header in ("x-forwarded-for", "forwarded", "x-forwarded-host"):
        assert (await scrape(app, headers={header: "127.0.0.1"})).status_code == 401
    for token, status in ((api.tenant.send_key, 401), ("pl_unknown", 403)):
        assert (await scrape(app, headers={"authorization": f"Bearer {token}"})).status_code == status


async def test_behind_a_public_address_it_takes_a_key(settings: Settings) -> None:
    """A proxy on the same machine asks from a loopback address for everybody."""
    public = create_app(msgspec.structs.replace(settings, base_url="https://mail.example.com"))
    async with public.lifespan():
        assert (await scrape(public)).status_code == 401


async def test_without_postgres_it_says_so(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
    away = create_app(msgspec.structs.replace(settings, database_url=url))
    async with away.lifespan():
        away.state.pool.timeout = 0.2
        found = await figures(away)
    assert found["paceline_database_up",] == 0
    assert ("paceline_workers",) not in found
