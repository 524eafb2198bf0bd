"""API keys: shown once, kept as a hash, refused once revoked, and no wider than their scope."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from litestar import Litestar

from app.services import api_keys
from app.services.api_keys import NoSuchUser
from tests.support.tenants import Api


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


async def test_a_key_is_shown_once_and_works(api: Api, app: Litestar) -> None:
    made = await api.ok("POST", "/api-keys", json={"name": "Deploy"})
    assert made["token"].startswith("pl_")
    assert (made["name"], made["scope"], made["last_used_at"]) == ("Deploy", "full", None)
    me = await api.ok("GET", "/me", headers=bearer(made["token"]))
    assert me["workspace"]["id"] == str(api.tenant.workspace_id)
    assert me["csrf_token"] is None

    listed = (await api.ok("GET", "/api-keys"))["data"]
    assert listed[0]["id"] == made["id"]
    assert "token" not in listed[0]
    assert listed[0]["last_used_at"] is not None
    async with app.state.pool.connection() as conn:
        dumped = await (await conn.execute("select string_agg(k::text, ' ') as said from api_keys k")).fetchone()
    assert made["token"] not in dumped["said"]


async def test_a_revoked_key_is_refused(api: Api) -> None:
    made = await api.ok("POST", "/api-keys", json={"name": "Old", "scope": "send"})
    assert (await api.delete(f"/api-keys/{made['id']}")).status_code == 204
    answer = await api.get("/me", headers=bearer(made["token"]))
    assert (answer.status_code, answer.json()["name"]) == (403, "invalid_api_key")
    assert made["id"] not in [key["id"] for key in (await api.ok("GET", "/api-keys"))["data"]]
    await api.refused(404, "DELETE", f"/api-keys/{made['id']}")


async def test_a_key_that_may_only_send_may_only_send(api: Api) -> None:
    for method, path in [("GET", "/me"), ("GET", "/api-keys"), ("POST", "/api-keys"), ("GET", "/emails")]:
        answer = await api.request(method, path, headers=bearer(api.tenant.send_key), json={})
        assert (answer.status_code, answer.json()["name"]) == (401, "restricted_api_key"), path
    answer = await api.post("/emails", headers=bearer(api.tenant.send_key), json={})
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("sent", "status", "name"),
    [
        (None, 401, "missing_api_key"),
        ("", 401, "missing_api_key"),
        ("Bearer", 401, "missing_api_key"),
        ("Basic cGxfeDo=", 401, "missing_api_key"),
        ("Bearer pl_unknown", 403, "invalid_api_key"),
        ("Bearer re_of_another_service", 403, "invalid_api_key"),
        ("bearer pl_\x00", 403, "invalid_api_key"),
    ],
)
async def test_without_a_valid_key_nothing_is_read(api: Api, sent: str | None, status: int, name: str) -> None:
    del api.headers["authorization"]
    answer = await api.post(
        "/api-keys", headers={} if sent is None else {"authorization": sent}, content=b"{", params={"limit": "x"}
    )
    assert (answer.status_code, answer.json()["name"]) == (status, name)


async def test_every_path_answers_without_its_prefix(api: Api) -> None:
    assert (await api.get("http://paceline.test/me")).json() == await api.ok("GET", "/me")


async def test_keys_of_others_are_not_there(api: Api, stranger: Api) -> None:
    own = (await api.ok("GET", "/api-keys"))["data"]
    await stranger.refused(404, "DELETE", f"/api-keys/{own[0]['id']}")
    assert {key["id"] for key in own}.isdisjoint(key["id"] for key in (await stranger.ok("GET", "/api-keys"))["data"])
    assert len((await api.ok("GET", "/api-keys"))["data"]) == 2


async def test_pages_go_forth_and_back(api: Api) -> None:
    for number in range(3):
        await api.ok("POST", "/api-keys", json={"name": f"Key {number}"})
    whole = [key["id"] for key in (await api.ok("GET", "/api-keys"))["data"]]
    first = await api.ok("GET", "/api-keys?limit=2")
    second = await api.ok("GET", f"/api-keys?limit=2&after={first['data'][-1]['id']}")
    back = await api.ok("GET", f"/api-keys?limit=2&before={second['data'][0]['id']}")
    assert [key["id"] for key in first["data"] + second["data"]] == whole[:4]
    assert back["data"] == first["data"]
    assert (first["has_more"], second["has_more"], back["has_more"]) == (True, True, False)


async def test_a_key_ends_at_its_time_and_says_so(api: Api, app: Litestar) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    made = await api.ok("POST", "/api-keys", json={"name": "Trial", "expires_at": soon.isoformat()})
    assert datetime.fromisoformat(made["expires_at"]) == soon
    assert made["created_by"] == "Ann"
    await api.ok("GET", "/me", headers=bearer(made["token"]))
    async with app.state.pool.connection() as conn:
        await conn.execute("update api_keys set expires_at = now() where name = 'Trial'")
    answer = await api.get("/me", headers=bearer(made["token"]))
    assert (answer.status_code, answer.json()["name"]) == (403, "invalid_api_key")
    assert "expired at" in answer.json()["message"]
    assert made["id"] in [key["id"] for key in (await api.ok("GET", "/api-keys"))["data"]]


@pytest.mark.parametrize("ends", ["2020-01-01T00:00:00Z", "2999-01-01T00:00:00", "tomorrow", 5])
async def test_a_key_cannot_end_in_the_past(api: Api, ends: object) -> None:
    assert "expires_at" in await api.refused(422, "POST", "/api-keys", json={"name": "x", "expires_at": ends})
    assert len((await api.ok("GET", "/api-keys"))["data"]) == 2


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": " "},
        {"name": "a\nb"},
        {"name": "x" * 101},
        {"name": "x", "scope": "all"},
        {"name": None},
    ],
)
async def test_a_wrong_key_is_not_made(api: Api, body: dict[str, object]) -> None:
    await api.refused(422, "POST", "/api-keys", json=body)
    assert len((await api.ok("GET", "/api-keys"))["data"]) == 2


async def test_the_last_use_is_written_at_most_once_a_minute(api: Api, app: Litestar) -> None:
    async def last_use() -> object:
        return (await api.ok("GET", "/api-keys"))["data"][1]["last_used_at"]

    first = await last_use()
    assert await last_use() == first
    async with app.state.pool.connection() as conn:
        await conn.execute("update api_keys set last_used_at = last_used_at - %s", [timedelta(minutes=2)])
    assert await last_use() != first


async def test_a_key_for_an_address(api: Api, app: Litestar) -> None:
    key = await api_keys.create_for_email(app.state.pool, "Ann@example.test", "full")
    assert (await api.ok("GET", "/me", headers=bearer(key)))["user"]["email"] == "ann@example.test"
    with pytest.raises(NoSuchUser, match=r"nobody@example\.test"):
        await api_keys.create_for_email(app.state.pool, "nobody@example.test", "full")
