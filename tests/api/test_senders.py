"""Senders: what is kept, what is refused, which mailbox they share and who may see them."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import msgspec
import pytest
from litestar import Litestar

from app.contract.senders import NewSender
from app.db.queries import queries
from app.db.transaction import transaction
from app.errors import ValidationError
from app.main import create_app
from app.services import senders
from app.services.sender_settings import from_new
from app.settings import Settings
from tests.support.smtp_server import Options, SmtpServer
from tests.support.tenants import Api
from tests.support.waiting import wait_until

OFFICE = {"days": ["mon", "tue", "wed", "thu", "fri"], "start": "09:00", "end": "17:30", "timezone": "Europe/Berlin"}


def a_sender(**changes: Any) -> dict[str, Any]:
    return {"from_email": "ann@example.com", "host": "smtp.example.com", **changes}


async def add(api: Api, **changes: Any) -> Any:
    return await api.ok("POST", "/senders", json=a_sender(**changes))


async def mailbox_of(app: Litestar, sender: Any) -> dict[str, Any]:
    async with app.state.pool.connection() as conn:
        cursor = await conn.execute(
            "select m.* from senders s join mailboxes m on m.id = s.mailbox_id where s.id = %s", [UUID(sender["id"])]
        )
        row: dict[str, Any] = await cursor.fetchone()
        return row


async def test_what_is_absent_takes_the_defaults(api: Api, settings: Settings) -> None:
    sender = await add(api, from_name="Ann")
    assert sender | {"id": "", "created_at": ""} == {
        "object": "sender",
        "id": "",
        "name": "Ann",
        "from_name": "Ann",
        "from_email": "ann@example.com",
        "reply_to": None,
        "host": "smtp.example.com",
        "port": 587,
        "security": "starttls",
        "username": None,
        "has_password": False,
        "hourly_limit": settings.max_emails_per_hour,
        "daily_limit": None,
        "min_delay_ms": settings.min_delay_ms,
        "concurrency": settings.sender_concurrency,
        "window": None,
        "state": "active",
        "state_reason": None,
        "is_default": True,
        "dkim": "off",
        "created_at": "",
    }
    assert await api.ok("GET", f"/senders/{sender['id']}") == sender


async def test_null_is_no_limit(api: Api) -> None:
    sender = await add(api, hourly_limit=None, min_delay_ms=None)
    assert (sender["hourly_limit"], sender["min_delay_ms"]) == (None, 0)


@pytest.mark.parametrize(
    ("given", "port", "security"),
    [
        ({}, 587, "starttls"),
        ({"security": "tls"}, 465, "tls"),
        ({"security": "none"}, 25, "none"),
        ({"port": 465}, 465, "tls"),
        ({"port": 2525}, 2525, "starttls"),
    ],
)
async def test_port_and_security_follow_each_other(api: Api, given: Any, port: int, security: str) -> None:
    sender = await add(api, **given)
    assert (sender["port"], sender["security"]) == (port, security)


@pytest.mark.parametrize(
    ("given", "paths"),
    [
        ({"from_email": "nobody"}, {"from_email"}),
        ({"from_email": "Ann <ann@example.com>"}, {"from_email"}),
        ({"host": "smtp example com"}, {"host"}),
        ({"host": "https://smtp.example.com/"}, {"host"}),
        ({"host": ""}, {"host"}),
        ({"from_name": "Ann\r\nBcc: x@example.com"}, {"from_name"}),
        ({"username": "ann"}, {"password"}),
        ({"password": "secret"}, {"username"}),
        ({"reply_to": "nobody", "host": "a b"}, {"reply_to", "host"}),
        ({"hourly_limit": 0}, {"hourly_limit"}),
        ({"concurrency": None}, {"concurrency"}),
        ({"port": 70000}, {"port"}),
        ({"security": "ssl"}, {"security"}),
        ({"window": {"days": [1]}}, {"window.days[0]"}),
        ({"window": {"days": ["mon"], "start": "09:00", "end": "17:00"}}, {"window.timezone"}),
        ({"window": OFFICE | {"days": ["mon", "friday"], "end": "5pm"}}, {"window.days[1]", "window.end"}),
        ({"window": OFFICE | {"timezone": "Berlin"}, "host": "a b"}, {"window.timezone", "host"}),
        ({"window": OFFICE | {"hours": 8}}, {"window.hours"}),
        ({"name": "a\u0000b"}, {"name"}),
        ({"name": "a\u202eb", "from_name": "\u2066Ann\u2069"}, {"name", "from_name"}),
    ],
)
async def test_what_cannot_be_is_refused_by_name(api: Api, given: Any, paths: set[str]) -> None:
    problems = await api.refused(422, "POST", "/senders", json=a_sender(**given))
    assert set(problems) - {""} == paths
    assert (await api.ok("GET", "/senders"))["data"] == []


async def test_a_password_is_never_shown_and_kept_sealed(api: Api, app: Litestar, settings: Settings) -> None:
    sender = await add(api, username="ann@example.com", password="open sesame")
    assert "sesame" not in str(await api.ok("GET", "/senders"))
    assert sender["has_password"]
    async with app.state.pool.connection() as conn:
        row = await queries.senders.sign_in(conn, workspace_id=api.tenant.workspace_id, id=UUID(sender["id"]))
    assert b"sesame" not in row["password"]
    kept = await api.ok("PATCH", f"/senders/{sender['id']}", json={"name": "Still"})
    assert kept["has_password"]
    gone = await api.ok("PATCH", f"/senders/{sender['id']}", json={"username": None})
    assert (gone["username"], gone["has_password"]) == (None, False)


@pytest.mark.parametrize("username", ["ann@example.com", "apikey"])
async def test_under_another_secret_key_a_password_can_be_entered_again(
    api: Api, settings: Settings, username: str
) -> None:
    sender = await add(api, username=username, password="open sesame")
    other = msgspec.structs.replace(settings, secret_key="another key that has at least 32 characters")
    restarted = create_app(other)
    async with restarted.lifespan(), Api(restarted, api.tenant) as again:
        path = f"/senders/{sender['id']}"
        await again.refused(422, "PATCH", path, json={"port": 2525})
        changed = await again.ok("PATCH", path, json={"password": "open barley"})
        assert changed == sender
        async with restarted.state.pool.connection() as conn:
            _, kept = await senders.stored(conn, other, api.tenant.workspace_id, UUID(sender["id"]))
            assert (kept.username, kept.password) == (username, "open barley")
        assert (await again.ok("PATCH", path, json={"port": 2525}))["port"] == 2525


async def test_under_another_secret_key_a_sender_can_do_without_its_password(api: Api, settings: Settings) -> None:
    sender = await add(api, username="ann@example.com", password="open sesame")
    restarted = create_app(msgspec.structs.replace(settings, secret_key="another key that has at least 32 characters"))
    async with restarted.lifespan(), Api(restarted, api.tenant) as again:
        changed = await again.ok("PATCH", f"/senders/{sender['id']}", json={"username": None})
        assert (changed["username"], changed["has_password"]) == (None, False)


async def test_under_another_secret_key_all_but_the_sign_in_can_be_changed(api: Api, settings: Settings) -> None:
    """And the sender says what it lacks; with the old key back its password is as it was."""
    sender = await add(api, username="apikey", password="open sesame")
    path, why = f"/senders/{sender['id']}", "Give the password again"
    other = msgspec.structs.replace(settings, secret_key="another key that has at least 32 characters")
    restarted = create_app(other)
    async with restarted.lifespan(), Api(restarted, api.tenant) as again:
        wanted = {"name": "Another", "hourly_limit": 7, "from_email": "b@example.com"}
        changed = await again.ok("PATCH", path, json=wanted)
        assert {field: changed[field] for field in wanted} == wanted
        assert (changed["state"], changed["has_password"]) == ("paused", True)
        assert why in changed["state_reason"]
        for field, value in {"host": "b.example", "port": 2525, "security": "tls", "username": "bob"}.items():
            assert why in (await again.refused(422, "PATCH", path, json={field: value}))["password"]
        async with restarted.state.pool.connection() as conn:
            _, kept = await senders.stored(conn, settings, api.tenant.workspace_id, UUID(sender["id"]))
            assert kept.password == "open sesame"
        mended = await again.ok("PATCH", path, json={"password": "open barley"})
        assert (mended["state"], mended["state_reason"]) == ("active", None)
        await again.ok("POST", f"{path}/pause")
        still = await again.ok("PATCH", path, json={"password": "open rye"})
        assert still["state"] == "paused", "a person paused it"


async def test_one_address_is_one_sender(api: Api, stranger: Api) -> None:
    await add(api)
    problems = await api.refused(422, "POST", "/senders", json=a_sender(from_email="ANN@example.com", host="b.example"))
    assert "already" in problems["from_email"]
    await add(stranger)


async def test_senders_on_one_mailbox_share_its_lowest_limits(api: Api, app: Litestar) -> None:
    account = {"username": "Box@example.com", "password": "x"}
    first = await add(api, **account, hourly_limit=100, daily_limit=None, min_delay_ms=0, concurrency=9)
    second = await add(
        api,
        **account | {"username": "box@example.com"},
        from_email="b@example.com",
        hourly_limit=None,
        daily_limit=50,
        min_delay_ms=700,
        concurrency=3,
    )
    box = await mailbox_of(app, first)
    assert box["id"] == (await mailbox_of(app, second))["id"]
    assert (box["hourly_limit"], box["daily_limit"], box["min_delay_ms"], box["concurrency"]) == (100, 50, 700, 3)

    await api.ok("PATCH", f"/senders/{second['id']}", json={"hourly_limit": 7, "min_delay_ms": None})
    box = await mailbox_of(app, first)
    assert (box["hourly_limit"], box["min_delay_ms"]) == (7, 0)

    await api.ok("DELETE", f"/senders/{second['id']}")
    box = await mailbox_of(app, first)
    assert (box["hourly_limit"], box["daily_limit"], box["concurrency"]) == (100, None, 9)


async def test_a_user_name_that_many_share_is_told_apart_by_its_secret(api: Api, app: Litestar, stranger: Api) -> None:
    one = await add(api, username="apikey", password="one")
    two = await add(api, username="apikey", password="two", from_email="b@example.com")
    again = await add(api, username="apikey", password="one", from_email="c@example.com")
    other = await add(stranger, username="apikey", password="one")
    boxes = [(await mailbox_of(app, sender))["id"] for sender in (one, two, again, other)]
    assert boxes[0] == boxes[2]
    assert len(set(boxes)) == 3


async def test_another_host_is_another_mailbox_and_the_lanes_follow(api: Api, app: Litestar) -> None:
    sender = await add(api)
    old = await mailbox_of(app, sender)
    async with app.state.pool.connection() as conn:
        key = {"workspace_id": api.tenant.workspace_id, "sender_id": UUID(sender["id"])}
        await queries.lanes.ensure(conn, **key, campaign_id=None)
    await api.ok("PATCH", f"/senders/{sender['id']}", json={"host": "new.example.com"})
    new = await mailbox_of(app, sender)
    assert (new["host"], new["id"] != old["id"]) == ("new.example.com", True)
    async with app.state.pool.connection() as conn:
        lane = await queries.lanes.ensure(conn, **key, campaign_id=None)
    assert lane["mailbox_id"] == new["id"]


async def test_a_changed_limit_lifts_the_wait_that_the_old_one_caused(api: Api, app: Litestar) -> None:
    sender = await add(api, hourly_limit=5, min_delay_ms=60_000)
    box = await mailbox_of(app, sender)

    async def block(reason: str) -> None:
        async with app.state.pool.connection() as conn:
            await conn.execute(
                "update mailboxes set blocked_until = now() + interval '1 hour', blocked_reason = %s,"
                " free_at = now() + interval '1 minute' where id = %s",
                [reason, box["id"]],
            )

    await block("mailbox_hour")
    await api.ok("PATCH", f"/senders/{sender['id']}", json={"hourly_limit": 50, "min_delay_ms": 1000})
    after = await mailbox_of(app, sender)
    assert after["blocked_reason"] is None
    async with app.state.pool.connection() as conn:
        cursor = await conn.execute(
            "select %s::timestamptz <= now() + interval '2 seconds' as soon", [after["free_at"]]
        )
        assert (await cursor.fetchone())["soon"]

    # Trouble with the server is not mended by a limit, but by other settings or by a person.
    await block("connect")
    await api.ok("PATCH", f"/senders/{sender['id']}", json={"hourly_limit": 60})
    assert (await mailbox_of(app, sender))["blocked_reason"] == "connect"
    await api.ok("PATCH", f"/senders/{sender['id']}", json={"security": "tls"})
    assert (await mailbox_of(app, sender))["blocked_reason"] is None
    await block("connect")
    await api.ok("POST", f"/senders/{sender['id']}/resume")
    assert (await mailbox_of(app, sender))["blocked_reason"] is None


async def test_pause_holds_the_lanes_and_resume_lets_them_go(api: Api, app: Litestar) -> None:
    sender = await add(api)
    async with app.state.pool.connection() as conn:
        key = {"workspace_id": api.tenant.workspace_id, "sender_id": UUID(sender["id"])}
        await queries.lanes.ensure(conn, **key, campaign_id=None)

    async def lane() -> Any:
        async with app.state.pool.connection() as conn:
            cursor = await conn.execute("select blocked_reason from lanes where sender_id = %s", [UUID(sender["id"])])
            return (await cursor.fetchone())["blocked_reason"]

    paused = await api.ok("POST", f"/senders/{sender['id']}/pause")
    assert (paused["state"], await lane()) == ("paused", "sender_paused")
    resumed = await api.ok("POST", f"/senders/{sender['id']}/resume")
    assert (resumed["state"], resumed["state_reason"], await lane()) == ("active", None, None)


async def test_the_default_is_handed_on(api: Api) -> None:
    first = await add(api)
    second = await add(api, from_email="b@example.com")
    assert (first["is_default"], second["is_default"]) == (True, False)
    changed = await api.ok("PATCH", f"/senders/{second['id']}", json={"is_default": True})
    assert changed["is_default"]
    assert not (await api.ok("GET", f"/senders/{first['id']}"))["is_default"]
    await api.ok("DELETE", f"/senders/{second['id']}")
    assert (await api.ok("GET", f"/senders/{first['id']}"))["is_default"]
    await api.ok("DELETE", f"/senders/{first['id']}")
    assert (await add(api))["is_default"]


async def test_a_deleted_sender_is_gone_and_its_address_is_free(api: Api) -> None:
    sender = await add(api)
    assert await api.ok("DELETE", f"/senders/{sender['id']}") == {
        "object": "sender",
        "id": sender["id"],
        "deleted": True,
    }
    for method, path in [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/pause"), ("GET", "/usage")]:
        await api.refused(404, method, f"/senders/{sender['id']}{path}", json={} if method == "PATCH" else None)
    await add(api)


async def test_mail_that_comes_while_its_sender_goes_is_refused(api: Api, app: Litestar) -> None:
    sender = await add(api)
    message = {"from": sender["from_email"], "to": "r@x.example", "subject": "A", "text": "B"}
    async with transaction(app.state.pool) as tx:
        await queries.senders.delete(tx, workspace_id=api.tenant.workspace_id, id=UUID(sender["id"]))
        sending = asyncio.create_task(api.refused(422, "POST", "/emails", json=message))

        async def at_its_end() -> bool:
            cursor = await tx.execute(
                "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
            )
            return sending.done() or await cursor.fetchone() is not None

        await wait_until(at_its_end, what="the message to wait for the sender")
    assert "No sender" in (await sending)["from"]


async def test_a_sender_goes_or_takes_mail_and_never_both(api: Api) -> None:
    for round in range(8):
        sender = await add(api)
        message = {"sender_id": sender["id"], "to": "r@x.example", "subject": "A", "text": "B"}
        requests = [api.post("/emails", json=message) for _ in range(5)]
        requests.insert(round % 5, api.delete(f"/senders/{sender['id']}"))
        answers = [answer.status_code for answer in await asyncio.gather(*requests)]
        deleted = answers.pop(round % 5)
        assert (deleted, 200 in answers) in {(200, False), (409, True)}, answers
        assert set(answers) <= {200, 422}
        if deleted == 409:
            await api.ok("PATCH", f"/senders/{sender['id']}", json={"from_email": f"kept{round}@example.com"})


async def test_lists_are_paged(api: Api) -> None:
    ids = [(await add(api, from_email=f"s{i}@example.com"))["id"] for i in range(5)]
    page = await api.ok("GET", "/senders?limit=2")
    assert ([s["id"] for s in page["data"]], page["has_more"]) == (ids[:2:-1], True)
    page = await api.ok("GET", f"/senders?limit=10&after={ids[3]}")
    assert ([s["id"] for s in page["data"]], page["has_more"]) == (ids[2::-1], False)
    page = await api.ok("GET", f"/senders?limit=2&before={ids[0]}")
    assert ([s["id"] for s in page["data"]], page["has_more"]) == ([ids[2], ids[1]], True)


async def test_nobody_else_sees_or_changes_a_sender(api: Api, stranger: Api) -> None:
    sender = await add(api)
    assert (await stranger.ok("GET", "/senders"))["data"] == []
    for method, path in [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/pause"),
        ("POST", "/resume"),
        ("POST", "/verify"),
        ("GET", "/usage"),
    ]:
        await stranger.refused(404, method, f"/senders/{sender['id']}{path}", json={} if method == "PATCH" else None)
    assert (await api.ok("GET", f"/senders/{sender['id']}")) == sender


async def test_a_key_that_may_only_send_cannot_touch_senders(api: Api) -> None:
    await api.refused(401, "GET", "/senders", headers={"authorization": f"Bearer {api.tenant.send_key}"})


async def test_usage_of_a_fresh_sender(api: Api) -> None:
    sender = await add(api, hourly_limit=10, daily_limit=20)
    usage = await api.ok("GET", f"/senders/{sender['id']}/usage")
    assert usage == {
        "object": "sender_usage",
        "sender_id": sender["id"],
        "window_seconds": 3600.0,
        "hour": {"used": 0, "limit": 10, "next_at": None},
        "day": {"used": 0, "limit": 20, "next_at": None},
        "waiting": 0,
    }
    await api.ok("PATCH", f"/senders/{sender['id']}", json={"hourly_limit": None, "daily_limit": None})
    usage = await api.ok("GET", f"/senders/{sender['id']}/usage")
    assert (usage["hour"], usage["day"]) == ({"used": 0, "limit": None, "next_at": None}, None)


async def test_a_test_connection_says_how_far_it_came(api: Api) -> None:
    with SmtpServer(Options(username="ann", password="right")) as server:
        place = {"host": "127.0.0.1", "port": server.port, "security": "none", "username": "ann"}
        sender = await add(api, **place, password="right")
        found = await api.ok("POST", f"/senders/{sender['id']}/verify")
        assert found["ok"]
        assert [(phase["phase"], phase["state"], phase["ok"]) for phase in found["phases"]] == [
            ("dns", "ok", True),
            ("tcp", "ok", True),
            ("tls", "skipped", False),
            ("auth", "ok", True),
        ]
        found = await api.ok("POST", "/senders/verify", json=a_sender(**place, password="wrong"))
        assert not found["ok"]
        assert (found["phases"][3]["state"], found["phases"][3]["mend"] is None) == ("failed", False)
        assert server.received == []
    assert len((await api.ok("GET", "/senders"))["data"]) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "10.1.2.3", "localhost", "[::1]", "169.254.169.254", "::ffff:10.0.0.1"])
async def test_private_hosts_are_refused_unless_allowed(settings: Settings, host: str) -> None:
    strict = msgspec.structs.replace(settings, smtp_allow_private=False)
    wanted = NewSender(from_email="ann@example.com", host=host)
    with pytest.raises(ValidationError, match="private") as refused:
        from_new(wanted, strict)
    assert refused.value.problems[0].path == "host"
    from_new(wanted, settings)
    from_new(NewSender(from_email="ann@example.com", host="8.8.8.8"), strict)


async def test_sending_hours_are_kept_and_taken_away(api: Api) -> None:
    sender = await add(api, window=OFFICE | {"days": ["fri", "mon"]})
    assert sender["window"] == OFFICE | {"days": ["mon", "fri"]}
    path = f"/senders/{sender['id']}"
    assert (await api.ok("PATCH", path, json={"name": "Still"}))["window"] == sender["window"]
    night = OFFICE | {"start": "22:00", "end": "00:00"}
    assert (await api.ok("PATCH", path, json={"window": night}))["window"] == night | {"end": "24:00"}
    problems = await api.refused(422, "PATCH", path, json={"window": night | {"end": "22:00"}})
    assert "00:00 to 24:00" in problems["window.end"]
    assert (await api.ok("PATCH", path, json={"window": None}))["window"] is None
    assert (await api.ok("GET", "/senders"))["data"][0]["window"] is None


async def test_a_new_window_lets_go_only_what_waits_for_the_old_one(api: Api, app: Litestar) -> None:
    sender = await add(api, window=OFFICE)
    other = await add(api, from_email="b@example.com", window=OFFICE)
    for each in (sender, other):
        await api.ok("POST", "/emails", json=AN_EMAIL | {"sender_id": each["id"]})
    async with app.state.pool.connection() as conn:
        await conn.execute("update lanes set blocked_until = now() + interval '1 day', blocked_reason = 'window'")
    assert await lane_reasons(app) == {sender["id"]: "window", other["id"]: "window"}
    await api.ok("PATCH", f"/senders/{sender['id']}", json={"name": "Same hours", "window": OFFICE})
    assert await lane_reasons(app) == {sender["id"]: "window", other["id"]: "window"}
    await api.ok("PATCH", f"/senders/{sender['id']}", json={"window": None})
    assert await lane_reasons(app) == {sender["id"]: None, other["id"]: "window"}
    async with app.state.pool.connection() as conn:
        cursor = await conn.execute("select count(*) as n from procrastinate_jobs where scheduled_at is null")
        assert (await cursor.fetchone())["n"] >= 1, "somebody is told to look at the mailbox"
    await api.ok("POST", f"/senders/{other['id']}/pause")
    await api.ok("PATCH", f"/senders/{other['id']}", json={"window": None})
    assert await lane_reasons(app) == {sender["id"]: None, other["id"]: "sender_paused"}


AN_EMAIL = {"to": "r@x.example", "subject": "Hello", "text": "Hi"}


async def lane_reasons(app: Litestar) -> dict[str, str | None]:
    """By sender, why its lane waits."""
    async with app.state.pool.connection() as conn:
        cursor = await conn.execute("select sender_id, blocked_reason from lanes")
        return {str(lane["sender_id"]): lane["blocked_reason"] for lane in await cursor.fetchall()}
