"""What a load balancer asks."""

from __future__ import annotations

import msgspec

from app.main import create_app
from app.settings import Settings
from tests.support.asgi import client_of
from tests.support.tenants import Api


async def test_a_migrated_database_is_ready(api: Api) -> None:
    for path in ("/healthz", "/readyz"):
        answer = await api.get(f"http://paceline.test{path}", headers={"authorization": ""})
        assert (answer.status_code, answer.json()) == (200, {"status": "ok", "reason": None})


async def test_a_database_without_the_schema_is_not(settings: Settings, empty_database_url: str) -> None:
    app = create_app(msgspec.structs.replace(settings, database_url=empty_database_url))
    async with app.lifespan(), client_of(app) as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert "paceline migrate" in answer.json()["reason"]
