"""/webhooks: the secret is shown once, every field is checked, the log can be replayed, nobody sees another's."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from litestar import Litestar

from app.db.pool import Pool
from app.db.transaction import transaction
from app.domain.ids import new_id
from app.domain.webhooks import EventType
from app.main import create_app
from app.services.secrets import unseal
from app.settings import Settings
from tests.support.tenants import Api, make_tenant

URL = "https://hooks.example.com/paceline"
NEW = {"endpoint": URL, "events": ["email.sent", "email.failed"]}


async def added(api: Api, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = await api.ok("POST", "/webhooks", json=NEW | more)
    return made


async def happens(pool: Pool, api: Api, type: str, count: int = 1) -> None:
    """Events without anything behind them: the database alone makes deliveries of them."""
    async with transaction(pool) as tx:
        for _ in range(count):
            await tx.execute("insert into events (workspace_id, type) values (%s, %s)", [api.tenant.workspace_id, type])


async def log(api: Api, webhook: dict[str, Any], query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await api.ok("GET", f"/webhooks/{webhook['id']}/deliveries{query}"))["data"]
    return found


@pytest.fixture
def db(app: Litestar) -> Pool:
    pool: Pool = app.state.pool
    return pool


async def test_the_secret_is_shown_once_and_kept_sealed(api: Api, db: Pool, settings: Settings) -> None:
    made = await added(api, description="Orders")
    assert made["signing_secret"].startswith("whsec_")
    assert len(base64.b64decode(made["signing_secret"].removeprefix("whsec_"))) == 32
    assert made | {"id": 0, "created_at": 0, "signing_secret": 0} == {
        "object": "webhook",
        "id": 0,
        "endpoint": URL,
        "events": ["email.sent", "email.failed"],
        "description": "Orders",
        "status": "enabled",
        "disabled_reason": None,
        "status_reason": None,
        "disabled_at": None,
        "health": "unused",
        "failing_since": None,
        "last_success_at": None,
        "last_failure_at": None,
        "pending": 0,
        "previous_secret_until": None,
        "created_at": 0,
        "signing_secret": 0,
    }
    listed = (await api.ok("GET", "/webhooks"))["data"]
    shown = await api.ok("GET", f"/webhooks/{made['id']}")
    del made["signing_secret"]
    assert listed == [shown] == [made]
    async with db.connection() as conn:
        row = await (await conn.execute("select secret, w::text as said from webhooks w")).fetchone()
    assert row is not None
    assert "whsec" not in row["said"]
    assert unseal(settings.secret_key, bytes(row["secret"]), bound_to=UUID(made["id"]).bytes).startswith("whsec_")


async def test_rotation_keeps_the_secret_before_for_a_day(api: Api) -> None:
    made = await added(api)
    rotated = await api.ok("POST", f"/webhooks/{made['id']}/rotate")
    assert rotated["signing_secret"].startswith("whsec_")
    assert rotated["signing_secret"] != made["signing_secret"]
    assert rotated["previous_secret_until"] is not None


async def test_only_what_was_given_changes(api: Api) -> None:
    made = await added(api, description="Old")
    path = f"/webhooks/{made['id']}"
    changed = await api.ok("PATCH", path, json={"events": ["campaign.started", "email.sent", "email.sent"]})
    assert (changed["events"], changed["endpoint"], changed["description"]) == (
        ["email.sent", "campaign.started"],
        URL,
        "Old",
    )
    changed = await api.ok("PATCH", path, json={"description": None, "endpoint": "https://b.example/"})
    assert (changed["description"], changed["endpoint"]) == (None, "https://b.example/")
    assert await api.ok("PATCH", path, json={}) == changed


async def test_a_disabled_webhook_is_told_nothing_and_goes_on_when_enabled(api: Api, db: Pool) -> None:
    made = await added(api)
    path = f"/webhooks/{made['id']}"
    await happens(db, api, "email.sent")
    disabled = await api.ok("PATCH", path, json={"status": "disabled"})
    assert (disabled["status"], disabled["health"]) == ("disabled", "disabled")
    assert (disabled["disabled_reason"], disabled["status_reason"]) == ("person", "Somebody disabled it.")
    await happens(db, api, "email.sent")
    assert len(await log(api, made)) == 1, "what came before waits, what comes now is not kept"
    for action in ("test", "replay", f"deliveries/{(await log(api, made))[0]['id']}/replay"):
        answer = await api.post(f"{path}/{action}")
        assert (answer.status_code, answer.json()["name"]) == (409, "webhook_disabled")
    enabled = await api.ok("PATCH", path, json={"status": "enabled"})
    assert (enabled["status"], enabled["status_reason"], enabled["disabled_at"]) == ("enabled", None, None)
    assert enabled["pending"] == 1


async def test_a_deleted_webhook_is_gone(api: Api, db: Pool) -> None:
    made = await added(api)
    path = f"/webhooks/{made['id']}"
    assert await api.ok("DELETE", path) == {"object": "webhook", "id": made["id"], "deleted": True}
    await happens(db, api, "email.sent")
    for method, rest in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/rotate"), ("GET", "/deliveries")):
        await api.refused(404, method, path + rest, json={} if method == "PATCH" else None)
    assert (await api.ok("GET", "/webhooks"))["data"] == []
    async with db.connection() as conn:
        assert await (await conn.execute("select from webhook_deliveries")).fetchone() is None


async def test_only_what_it_wants_is_kept_for_it(api: Api, stranger: Api, db: Pool) -> None:
    made = await added(api, events=["email.sent"])
    both = await added(api, events=["email.sent", "email.bounced"])
    theirs = await added(stranger)
    for type in ("email.sent", "email.bounced", "email.edited"):
        await happens(db, api, type)
    assert [each["type"] for each in await log(api, made)] == ["email.sent"]
    assert {each["type"] for each in await log(api, both)} == {"email.sent", "email.bounced"}
    assert await log(stranger, theirs) == []


async def test_what_is_rolled_back_is_not_told(api: Api, db: Pool) -> None:
    made = await added(api)

    async def fails() -> None:
        async with transaction(db) as tx:
            await tx.execute(
                "insert into events (workspace_id, type) values (%s, 'email.sent')", [api.tenant.workspace_id]
            )
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fails()
    assert await log(api, made) == []


async def test_new_messages_are_told_of_unless_they_end_at_once(api: Api, db: Pool) -> None:
    sender = {"from_email": "ann@example.com", "host": "mail.example.com", "hourly_limit": None, "min_delay_ms": None}
    await api.ok("POST", "/senders", json=sender)
    made = await added(api, events=["email.scheduled", "email.suppressed"])
    async with db.connection() as conn:
        await conn.execute(
            "insert into suppressions (workspace_id, address, reason) values (%s, 'gone@example.org', 'manual')",
            [api.tenant.workspace_id],
        )
    mail = {"from": "ann@example.com", "subject": "Hi", "text": "Hi", "scheduled_at": "in 1 hour"}
    batch = [mail | {"to": "bob@example.org"}, mail | {"to": "gone@example.org"}]
    ids = [each["id"] for each in (await api.ok("POST", "/emails/batch", json=batch))["data"]]
    told = {(each["type"], each["email_id"]) for each in await log(api, made)}
    assert told == {("email.scheduled", ids[0]), ("email.suppressed", ids[1])}


async def test_a_test_event_waits_in_the_log_like_any_other(api: Api) -> None:
    made = await added(api, events=list(EventType))
    path = f"/webhooks/{made['id']}"
    first = await api.ok("POST", f"{path}/test")
    assert (first["type"], first["status"], first["attempts"]) == ("email.scheduled", "pending", 0)
    for type in EventType:
        delivery = await api.ok("POST", f"{path}/test", json={"type": type})
        shown = await api.ok("GET", f"{path}/deliveries/{delivery['id']}")
        event = msgspec.json.decode(shown["request_body"])
        assert (event["type"], event["data"]["object"]) == (type, type.partition(".")[0])
        assert shown["attempt_log"] == []


async def test_what_waits_says_when_it_is_tried_next(api: Api, db: Pool) -> None:
    made = await added(api)
    await happens(db, api, "email.sent", 1)
    (waiting,) = await log(api, made)
    assert datetime.fromisoformat(waiting["next_attempt_at"]) <= datetime.now(UTC)
    # After failures the webhook rests, and with it what was never tried.
    rest = datetime.now(UTC) + timedelta(hours=2)
    async with db.connection() as conn:
        await conn.execute("update webhooks set blocked_until = %s", [rest])
    (waiting,) = await log(api, made)
    assert (waiting["attempts"], datetime.fromisoformat(waiting["next_attempt_at"])) == (0, rest)
    await api.ok("PATCH", f"/webhooks/{made['id']}", json={"status": "disabled"})
    (waiting,) = await log(api, made)
    assert (waiting["status"], waiting["next_attempt_at"]) == ("pending", None)


async def test_the_log_is_filtered_paged_and_replayed(api: Api, db: Pool) -> None:
    made = await added(api)
    path = f"/webhooks/{made['id']}"
    await happens(db, api, "email.sent", 3)
    await happens(db, api, "email.failed", 2)
    whole = await log(api, made)
    assert len(whole) == 5
    async with db.connection() as conn:
        await conn.execute(
            "update webhook_deliveries set status = 'failed', attempts = 14, tries = 14, last_error = 'no'"
            " where type = 'email.sent'"
        )
    failed = await log(api, made, "?status=failed")
    assert {each["type"] for each in failed} == {"email.sent"}
    assert {each["next_attempt_at"] for each in failed} == {None}
    assert len(await log(api, made, "?type=email.failed")) == 2
    page = await api.ok("GET", f"{path}/deliveries?limit=2")
    older = await api.ok("GET", f"{path}/deliveries?limit=3&after={page['data'][-1]['id']}")
    back = await api.ok("GET", f"{path}/deliveries?limit=2&before={older['data'][0]['id']}")
    assert [each["id"] for each in page["data"] + older["data"]] == [each["id"] for each in whole]
    assert back["data"] == page["data"]
    assert (page["has_more"], older["has_more"]) == (True, False)

    one = await api.ok("POST", f"{path}/deliveries/{failed[0]['id']}/replay")
    assert (one["id"], one["status"], one["attempts"]) == (failed[0]["id"], "pending", 14)
    since = {"since": "2999-01-01T00:00:00Z"}
    assert (await api.ok("POST", f"{path}/replay", json=since))["count"] == 0
    assert (await api.ok("POST", f"{path}/replay"))["count"] == 2
    assert await log(api, made, "?status=failed") == []


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"events": ["email.sent"]}, "endpoint"),
        ({"endpoint": URL}, "events"),
        ({"endpoint": URL, "events": []}, "events"),
        ({"endpoint": URL, "events": ["email.opened"]}, "events[0]"),
        ({"endpoint": "example.com", "events": ["email.sent"]}, "endpoint"),
        ({"endpoint": "https://a:b@example.com", "events": ["email.sent"]}, "endpoint"),
        ({"endpoint": 7, "events": ["email.sent"]}, "endpoint"),
        (NEW | {"description": "two\nlines"}, "description"),
        (NEW | {"description": "\x00"}, "description"),
        (NEW | {"description": "\u202etxet"}, "description"),
        (NEW | {"secret": "whsec_mine"}, "secret"),
    ],
)
async def test_a_wrong_webhook_is_not_made(api: Api, body: dict[str, Any], path: str) -> None:
    assert path in await api.refused(422, "POST", "/webhooks", json=body)
    assert (await api.ok("GET", "/webhooks"))["data"] == []


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "https://localhost/",
        "https://db.localhost/",
        "https://127.0.0.1/",
        "https://10.0.0.8/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::a00:1]/",
        "https://[fe80::1]/",
        "https://0.0.0.0/",
    ],
)
async def test_private_addresses_are_refused_unless_allowed(settings: Settings, url: str) -> None:
    app = create_app(msgspec.structs.replace(settings, smtp_allow_private=False))
    async with app.lifespan():
        tenant = await make_tenant(app.state.pool, settings, "ann@example.test")
        async with Api(app, tenant) as api:
            assert "endpoint" in await api.refused(422, "POST", "/webhooks", json=NEW | {"endpoint": url})
            made = await added(api)
            assert "endpoint" in await api.refused(422, "PATCH", f"/webhooks/{made['id']}", json={"endpoint": url})


async def test_a_workspace_has_only_so_many(api: Api) -> None:
    for _ in range(20):
        await added(api)
    answer = await api.post("/webhooks", json=NEW)
    assert (answer.status_code, answer.json()["name"]) == (409, "too_many_webhooks")


async def test_webhooks_of_others_are_not_there(api: Api, stranger: Api, db: Pool) -> None:
    made = await added(api)
    await happens(db, api, "email.sent")
    (delivery,) = await log(api, made)
    own = await added(stranger)
    path = f"/webhooks/{made['id']}"
    for method, rest in [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/rotate"),
        ("POST", "/test"),
        ("POST", "/replay"),
        ("GET", "/deliveries"),
        ("GET", f"/deliveries/{delivery['id']}"),
        ("POST", f"/deliveries/{delivery['id']}/replay"),
    ]:
        await stranger.refused(404, method, path + rest, json={} if method in ("PATCH", "POST") else None)
    await stranger.refused(404, "GET", f"/webhooks/{own['id']}/deliveries/{delivery['id']}")
    await stranger.refused(404, "POST", f"/webhooks/{own['id']}/deliveries/{delivery['id']}/replay")
    await api.refused(404, "GET", f"{path}/deliveries/{new_id()}")
    assert (await api.ok("GET", path))["status"] == "enabled"


async def test_a_key_that_may_only_send_has_no_webhooks(api: Api) -> None:
    answer = await api.get("/webhooks", headers={"authorization": f"Bearer {api.tenant.send_key}"})
    assert answer.json()["name"] == "restricted_api_key"
